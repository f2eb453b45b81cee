"""Exporting institutions: whoever may read a list of them may export it.

They are read in parts, and none is handed on before the connection that read it is given back, so
that a reader who is slow holds none.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select, true

from services.registry.exchange_columns import cells_of, header_of, values_of
from services.registry.profiles import Document, only_related, profiles_of
from services.registry.tables import Institution, InstitutionReference
from services.registry.transitions import Status
from shared.database import Database
from shared.exports import Table
from shared.pagination import Slice

PART = 500

FoundT = TypeVar("FoundT")


@dataclass(frozen=True)
class Export:
    """Which institutions are exported, and as whom."""

    database: Database
    visible: Callable[[Session], ColumnElement[bool]]
    """The condition on the institutions that the reader may see."""
    pages: Callable[[str | None], Slice[UUID]]
    """Gives a page of what is exported, in its order, after a cursor."""
    with_references: bool
    """Whether the reader is shown what a coordinator's own list calls the institutions."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the values of each institution."""
        for part in self._parts(self._values):
            yield from part

    def table(self) -> Table:
        """Return the same as a table, with a description in each language that there is."""
        languages = self.languages()
        rows = (cells_of(values, languages) for values in self.rows())
        return Table("Institutions", header_of(languages), rows)

    def languages(self) -> list[str]:
        """Return the languages in which any of them is described."""
        found: set[str] = set()
        for part in self._parts(lambda _session, part: [one.descriptions for one in part]):
            found.update(*part)
        return sorted(found)

    def _parts(
        self, read: Callable[[Session, list[Institution]], list[FoundT]]
    ) -> Iterator[list[FoundT]]:
        cursor = None
        while True:
            page = self.pages(cursor)
            with self.database.read() as session:
                found = session.exec(
                    select(Institution).where(
                        col(Institution.id).in_(page.items), self.visible(session)
                    )
                )
                by_id = {institution.id: institution for institution in found}
                part = read(session, [by_id[each] for each in page.items if each in by_id])
            yield part
            if page.next_cursor is None:
                return
            cursor = page.next_cursor

    def _values(self, session: Session, part: list[Institution]) -> list[dict[str, Any]]:
        profiles = self._profiles(session, part)
        references = _references(session, part) if self.with_references else {}
        return [
            values_of(institution, profiles[institution.id], references.get(institution.id))
            for institution in part
        ]

    def _profiles(self, session: Session, part: list[Institution]) -> dict[Any, Document]:
        profiles = profiles_of(session, part)
        related = {
            UUID(other)
            for profile in profiles.values()
            for other in (profile["parent"], *profile["predecessors"])
            if other is not None
        }
        seen = session.exec(
            select(Institution.id).where(col(Institution.id).in_(related), self.visible(session))
        )
        visible = {str(other) for other in seen}
        return {key: only_related(profile, visible) for key, profile in profiles.items()}


def everything(database: Database, status: Status | None = None) -> Export:
    """Return the export of all institutions, or of all in a state, with all that is known."""

    def pages(cursor: str | None) -> Slice[UUID]:
        statement = select(Institution.id).order_by(col(Institution.id)).limit(PART)
        if cursor is not None:
            statement = statement.where(Institution.id > UUID(cursor))
        if status is not None:
            statement = statement.where(Institution.status == status)
        with database.read() as session:
            ids = list(session.exec(statement))
        return Slice(ids, str(ids[-1]) if len(ids) == PART else None)

    return Export(database, lambda _session: true(), pages, with_references=True)


def _references(session: Session, part: list[Institution]) -> dict[Any, str]:
    ids = [institution.id for institution in part]
    references: dict[Any, str] = {}
    for each in session.exec(
        select(InstitutionReference)
        .where(col(InstitutionReference.institution_id).in_(ids))
        .order_by(col(InstitutionReference.reference))
    ):
        references.setdefault(each.institution_id, each.reference)
    return references
