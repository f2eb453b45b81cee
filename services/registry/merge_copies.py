"""What an institution gets a copy of when another is merged into it: what it has none of itself.

The other keeps its own, so that undoing the merge loses nothing. A copy that was changed since
stays with whoever changed it.
"""

from typing import Any

from sqlmodel import Session

from services.registry.profile_checks import MAX_DESCRIPTIONS
from services.registry.tables import Institution, InstitutionLogo

_TABLE = "institution"
_LOGO = "logo_digest"
_DESCRIPTION = "descriptions"


def give(session: Session, institution: Institution, into: Institution) -> list[dict[str, Any]]:
    """Copy the logo and the descriptions that ``into`` lacks; return what was copied."""
    copied = []
    for language, text in institution.descriptions.items():
        if language not in into.descriptions and len(into.descriptions) < MAX_DESCRIPTIONS:
            into.descriptions = {**into.descriptions, language: text}
            copied.append(_copy(_DESCRIPTION, f"description in {language}", language, text))
    logo = session.get(InstitutionLogo, institution.id)
    if logo is not None and into.logo_digest is None:
        session.add(InstitutionLogo(institution_id=into.id, png=logo.png))
        into.logo_digest = institution.logo_digest
        copied.append(_copy(_LOGO, "logo", _LOGO, institution.logo_digest))
    session.add(into)
    session.flush()
    return copied


def is_copy(moved: dict[str, Any]) -> bool:
    """Return whether an entry of what a merge moved is of a copy."""
    return bool(moved["table"] == _TABLE)


def take_back(session: Session, survivor: Institution, copied: dict[str, Any]) -> None:
    """Take a copy away again, unless it was changed since."""
    [(name, value)] = copied["before"].items()
    if copied["column"] == _DESCRIPTION and survivor.descriptions.get(name) == value:
        kept = survivor.descriptions
        survivor.descriptions = {each: text for each, text in kept.items() if each != name}
    elif copied["column"] == _LOGO and survivor.logo_digest == value:
        session.delete(session.get_one(InstitutionLogo, survivor.id))
        survivor.logo_digest = None
    session.add(survivor)
    session.flush()


def _copy(column: str, described: str, name: str, value: str | None) -> dict[str, Any]:
    return {
        "table": _TABLE,
        "column": column,
        "described": described,
        "key": {},
        "before": {name: value},
    }
