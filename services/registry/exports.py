"""Exporting institutions: CSV and JSON Lines as they are read, a workbook once it is written.

Whoever may read a list of institutions may export it. Rows are read in parts, so that an export
takes the memory of one part, and a reader who is slow holds no connection.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select, true

from services.registry.exchange_columns import cells_of, csv_cells, header_of, values_of
from services.registry.profiles import Document, only_related, profiles_of
from services.registry.tables import Institution, InstitutionReference
from services.registry.transitions import Status
from shared.database import Database
from shared.pagination import Slice

PART = 500
MAX_CELL = 32_767
"""Characters of a cell in a workbook."""


class Format(StrEnum):
    """How an export is written."""

    CSV = "csv"
    JSONL = "jsonl"
    XLSX = "xlsx"


MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSONL: "application/jsonl",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


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
        for session, part in self._parts():
            profiles = self._profiles(session, part)
            references = _references(session, part) if self.with_references else {}
            for institution in part:
                yield values_of(
                    institution, profiles[institution.id], references.get(institution.id)
                )

    def languages(self) -> list[str]:
        """Return the languages in which any of them is described."""
        found: set[str] = set()
        for _, part in self._parts():
            found.update(*(institution.descriptions for institution in part))
        return sorted(found)

    def _parts(self) -> Iterator[tuple[Session, list[Institution]]]:
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
                yield session, [by_id[each] for each in page.items if each in by_id]
            if page.next_cursor is None:
                return
            cursor = page.next_cursor

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


def csv_text(export: Export) -> Iterator[str]:
    """Yield a CSV file (RFC 4180) in parts; it begins with a BOM, which spreadsheets look for."""
    languages = export.languages()
    text = io.StringIO("\ufeff", newline="")
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text)
    writer.writerow(header_of(languages))
    for values in export.rows():
        writer.writerow(csv_cells(cells_of(values, languages)))
        if text.tell() > io.DEFAULT_BUFFER_SIZE:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def json_lines(export: Export) -> Iterator[str]:
    """Yield each line of a JSON Lines file."""
    for values in export.rows():
        yield json.dumps(values, ensure_ascii=False) + "\n"


def write_workbook(export: Export, path: Path) -> None:
    """Write a workbook (Office Open XML) of one sheet; every cell is a text, so none is computed.

    A text longer than a cell may hold ends in an ellipsis.
    """
    from xlsxwriter import Workbook

    languages = export.languages()
    with Workbook(path, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet("Institutions")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(header_of(languages)) - 1, 24)
        bold = workbook.add_format({"bold": True})
        for place, name in enumerate(header_of(languages)):
            sheet.write_string(0, place, name, bold)
        for number, values in enumerate(export.rows(), 1):
            for place, text in enumerate(cells_of(values, languages)):
                if text:
                    sheet.write_string(number, place, _fitting(text))


def _fitting(text: str) -> str:
    return text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…"


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
