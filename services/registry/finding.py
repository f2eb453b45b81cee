"""Finding institutions: who sees which, and which are called exactly what somebody asks for."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from services.registry.permissions import Sight
from services.registry.tables import InstitutionName, SearchEntry
from services.registry.transitions import Status
from shared.comparison import comparison_key
from shared.search import finding
from shared.search.catalogue import Catalogue
from shared.search.finding import Found, Question


def look_for(session: Session, catalogue: Catalogue, sight: Sight, question: Question) -> Found:
    """Return what fits a question among the institutions in sight.

    By relevance an acronym that is exactly what was asked for comes first, then a name that is.
    """
    catalogue.refresh(session)
    return finding.look_for(
        session, catalogue, _in_sight(catalogue, sight), question, _named_exactly
    )


def _in_sight(catalogue: Catalogue, sight: Sight) -> int:
    if sight.everything:
        return catalogue.everything()
    verified = catalogue.having("status", [Status.VERIFIED])
    return verified & catalogue.having("visibility", sight.visibilities) | catalogue.of_ids(
        sight.own
    )


def _named_exactly(
    session: Session, catalogue: Catalogue, words: str, asked: Sequence[str]
) -> tuple[int, int]:
    """Return what has this acronym, and what has this name of another kind."""
    rows = session.exec(
        select(SearchEntry.number, InstitutionName.kind)
        .join(InstitutionName, col(InstitutionName.institution_id) == SearchEntry.institution_id)
        .where(col(InstitutionName.comparison_key).in_([comparison_key(words), " ".join(asked)]))
    ).all()
    acronyms = [number for number, kind in rows if kind == "acronym" and number]
    names = [number for number, kind in rows if kind != "acronym" and number]
    return catalogue.of_numbers(acronyms), catalogue.of_numbers(names)
