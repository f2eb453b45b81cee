"""Importing files in a test."""

import csv
import io
import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from services.registry import imports
from services.registry.exports import everything
from services.registry.people import appoint_coordinator
from services.registry.tables import (
    HistoryEntry,
    Import,
    ImportRow,
    Institution,
    InstitutionReference,
)
from shared.database import Database
from shared.exports import csv_text, json_lines
from shared.row_files import Form
from tests.registry.journey import COORDINATOR

PARTNER = {
    "name": "Centre on Integrated Rural Development for Asia and the Pacific",
    "acronym": "CIRDAP",
    "organisation_type": "40",
    "subtype": "intergovernmental",
    "country": "BD",
}


@dataclass(frozen=True)
class Done:
    """What became of a file."""

    job: Import
    rows: list[ImportRow]

    @property
    def outcomes(self) -> list[str | None]:
        """The outcome of each row."""
        return [row.outcome for row in self.rows]

    def faults(self, place: int = 0) -> dict[str, str]:
        """Return what is wrong with a row, by pointer."""
        return {fault["pointer"]: fault["detail"] for fault in self.rows[place].faults or []}

    def warnings(self, place: int = 0) -> list[str]:
        """Return what a row warns of."""
        return [warning["detail"] for warning in self.rows[place].warnings or []]


@dataclass(frozen=True)
class Importing:
    """A coordinator who imports into a database."""

    database: Database
    by: UUID

    @classmethod
    def into(cls, database: Database) -> "Importing":
        """Appoint the coordinator."""
        with database.write() as session:
            return cls(database, appoint_coordinator(session, COORDINATOR, "Chanda Mwila")[0].id)

    def store(self, content: str | bytes, form: Form = Form.CSV, *, dry_run: bool = False) -> UUID:
        """Store a file, to be done later."""
        file = io.BytesIO(content if isinstance(content, bytes) else content.encode())
        with self.database.write() as session:
            job = imports.store(
                session, file, form=form, file_name=f"p.{form}", dry_run=dry_run, by=self.by
            )
        return job.id

    def run(self, content: str | bytes, form: Form = Form.CSV, *, dry_run: bool = False) -> Done:
        """Import a file to its end."""
        import_id = self.store(content, form, dry_run=dry_run)
        for _ in imports.work(self.database, threading.Event()):
            pass
        return self.done(import_id)

    def rows(self, *rows: Mapping[str, Any], dry_run: bool = False) -> Done:
        """Import rows as JSON Lines."""
        return self.run(lines(rows), Form.JSONL, dry_run=dry_run)

    def done(self, import_id: UUID) -> Done:
        """Return what became of an import so far."""
        with self.database.read() as session:
            return Done(
                session.get_one(Import, import_id),
                list(
                    session.exec(
                        select(ImportRow)
                        .where(ImportRow.import_id == import_id)
                        .order_by(col(ImportRow.number))
                    )
                ),
            )

    def institutions(self) -> list[Institution]:
        """Return every institution, oldest first."""
        with self.database.read() as session:
            return list(session.exec(select(Institution).order_by(col(Institution.id))))

    def state(self) -> list[tuple[Any, ...]]:
        """Return what is known of every institution but its id and its times, in one order."""
        with self.database.read() as session:
            references = {
                each.institution_id: each.reference
                for each in session.exec(select(InstitutionReference))
            }
            steps = list(session.exec(select(HistoryEntry)))
        return sorted(
            (
                references.get(one.id, ""),
                one.name,
                one.acronym or "",
                one.status,
                one.version,
                sorted(
                    (step.version, step.action) for step in steps if step.institution_id == one.id
                ),
            )
            for one in self.institutions()
        )

    def exported(self, form: Form) -> str:
        """Return an export of everything, as a coordinator gets it."""
        every = everything(self.database)
        return "".join(csv_text(every) if form is Form.CSV else json_lines(every))


def table(columns: Sequence[str], *rows: Iterable[str]) -> str:
    """Return a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([columns, *rows])
    return text.getvalue()


def lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a JSON Lines file."""
    return "".join(json.dumps(row) + "\n" for row in rows)
