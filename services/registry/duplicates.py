"""Two registrations of one institution: how names are compared."""

import unicodedata
from collections.abc import Sequence

from sqlmodel import Session, or_, select

from services.registry.tables import Institution

LIMIT = 20
KEY_LENGTH = 400
"""Some characters stand for whole phrases when they are taken apart."""


def comparison_key(name: str) -> str:
    """Return what two spellings of one name share.

    Case, accents of Latin, Greek and Cyrillic letters, width, punctuation and spacing don't count.
    Marks of other scripts do: in Thai or Hindi they are vowels.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    plain = "".join(c for c in folded if not "\u0300" <= c <= "\u036f")
    words = "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in plain)
    return unicodedata.normalize("NFC", " ".join(words.split()))[:KEY_LENGTH].strip()


def possible_duplicates(session: Session, institution: Institution) -> Sequence[Institution]:
    """Return the other institutions, not rejected, of the same name or acronym; 20 at most."""
    alike = [Institution.name_key == institution.name_key]
    if institution.acronym_key:
        alike.append(Institution.acronym_key == institution.acronym_key)
    return session.exec(
        select(Institution)
        .where(or_(*alike), Institution.id != institution.id, Institution.status != "rejected")
        .order_by(Institution.id)  # type: ignore[arg-type]
        .limit(LIMIT)
    ).all()
