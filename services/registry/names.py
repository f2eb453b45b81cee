"""The names of an institution: which it shows, and which it is found by."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, insert
from sqlmodel import Session, col

from services.registry.spelling import comparison_key
from services.registry.tables import Institution, InstitutionName
from shared.ids import new_id

_ALPHABETS = ("LATIN", "GREEK", "CYRILLIC")
"""Scripts whose letters look alike, so that a word of two of them deceives or is mistyped."""


def keep_names(
    session: Session,
    institution: Institution,
    name_language: str | None,
    others: Iterable[Mapping[str, Any]],
) -> None:
    """Let the table of names hold these alone: the two that the institution shows, and the others.

    ``others`` have ``kind``, ``value`` and ``language``; ``name_language`` is that of the name
    shown.
    """
    session.flush()
    session.execute(
        delete(InstitutionName).where(col(InstitutionName.institution_id) == institution.id)
    )
    shown = [{"kind": "official", "value": institution.name, "language": name_language}]
    if institution.acronym:
        shown.append({"kind": "acronym", "value": institution.acronym, "language": None})
    session.execute(
        insert(InstitutionName),
        [
            {
                "id": new_id(),
                "institution_id": institution.id,
                "kind": name["kind"],
                "value": name["value"],
                "comparison_key": comparison_key(name["value"]),
                "language": name["language"],
            }
            for name in [*shown, *others]
        ],
    )


def is_shown(institution: Institution, kind: str, value: str) -> bool:
    """Return whether the institution's own row shows this name."""
    return (kind, value) in {("official", institution.name), ("acronym", institution.acronym)}


def mixed_word(text: str) -> str | None:
    """Return the first word that mixes Latin, Greek and Cyrillic letters, or ``None``.

    ``UNDР`` with a Cyrillic last letter looks like another institution. Words side by side in
    different alphabets are as usual as they look.
    """
    for word in re.findall(r"\w+", text):
        found = {_alphabet(character) for character in word} - {None}
        if len(found) > 1:
            return str(word)
    return None


def _alphabet(character: str) -> str | None:
    name = unicodedata.name(character, "")
    # Signs such as µ (micro) or Ω (ohm) have no alphabet; their names don't begin with one.
    return next((alphabet for alphabet in _ALPHABETS if name.startswith(f"{alphabet} ")), None)
