"""The names of an institution: which it shows, and which it is found by."""

from sqlalchemy import delete
from sqlmodel import Session, col

from services.registry.duplicates import keep_search_keys
from services.registry.tables import Institution, InstitutionName


def keep_shown_names(session: Session, institution: Institution) -> None:
    """Let the table of names hold the name and the acronym that the institution shows now."""
    session.flush()
    session.execute(
        delete(InstitutionName).where(
            col(InstitutionName.institution_id) == institution.id,
            col(InstitutionName.kind).in_(("official", "acronym")),
        )
    )
    shown = [("official", institution.name, institution.name_key)]
    if institution.acronym:
        shown.append(("acronym", institution.acronym, institution.acronym_key or ""))
    session.add_all(
        InstitutionName(institution_id=institution.id, kind=kind, value=value, comparison_key=key)
        for kind, value, key in shown
    )
    keep_search_keys(session, institution.id)
