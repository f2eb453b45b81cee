"""Institutions to find, stored as the service stores them, and the search among them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.registry import lifecycle
from services.registry.finding import look_for
from services.registry.permissions import Sight
from services.registry.tables import Institution, InstitutionCode, InstitutionName
from shared.columns import utc_now
from shared.comparison import comparison_key
from shared.database import Database
from shared.pagination import PageParams
from shared.search.catalogue import Catalogue
from shared.search.finding import Question, page_of

COORDINATOR = Sight(everything=True)


def put(
    session: Session,
    name: str,
    acronym: str | None = None,
    *,
    others: Mapping[str, str] | None = None,
    codes: Mapping[str, Sequence[str]] | None = None,
    **row: Any,
) -> Institution:
    """Store an institution; ``others`` are further names with their kind, ``row`` its columns."""
    now = utc_now()
    columns = {"organisation_type": "22", "status": "", **row}
    institution = Institution(
        name=name,
        name_key=comparison_key(name),
        acronym=acronym,
        acronym_key=comparison_key(acronym) if acronym else None,
        registered_at=now,
        updated_at=now,
        **{key: value for key, value in columns.items() if key != "status"},
        status="",
    )
    lifecycle.begin(session, institution, now)
    institution.status = columns["status"] or "verified"
    shown = {name: "official", **(others or {}), **({acronym: "acronym"} if acronym else {})}
    session.add_all(
        InstitutionName(
            institution_id=institution.id,
            kind=kind,
            value=value,
            comparison_key=comparison_key(value),
        )
        for value, kind in shown.items()
    )
    session.add_all(
        InstitutionCode(institution_id=institution.id, vocabulary=vocabulary, code=code)
        for vocabulary, some in (codes or {}).items()
        for code in some
    )
    session.flush()
    return institution


def found_ids(
    database: Database,
    catalogue: Catalogue,
    question: Question,
    sight: Sight = COORDINATOR,
    limit: int = 200,
) -> list[UUID]:
    """Return the ids on every page of what is found."""
    ids: list[UUID] = []
    cursor: str | None = None
    while True:
        with database.read() as session:
            found = look_for(session, catalogue, sight, question)
            page = page_of(catalogue, found, PageParams(cursor, limit))
        assert len(page.items) <= limit
        ids += page.items
        cursor = page.next_cursor
        if cursor is None:
            return ids


def found_names(
    database: Database, catalogue: Catalogue, question: Question, sight: Sight = COORDINATOR
) -> list[str]:
    """Return the names of what is found, in its order."""
    ids = found_ids(database, catalogue, question, sight)
    with database.read() as session:
        names = dict(
            session.exec(
                select(Institution.id, Institution.name).where(col(Institution.id).in_(ids))
            ).all()
        )
    return [names[one] for one in ids]
