"""The suppression list as a file: out, for another system, and in, from one.

What was erased is known by its fingerprint alone, so it is in no file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, BinaryIO
from uuid import UUID

from pydantic import Field, ValidationError
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from services.notifier import suppressions
from services.notifier.addresses import fingerprints
from services.notifier.tables import Subscriber, Suppression
from services.notifier.vocabulary import SuppressionReason
from shared.cells import said
from shared.database import Database
from shared.exports import Table
from shared.problems import INVALID, FieldError, Problem
from shared.row_files import Columns, FileRow, Form, read
from shared.text import EmailAddress, Input, Reason

MAX_ROWS = 10_000
READ_AT_ONCE = 500
SHOWN_FAULTS = 100


class SuppressionRow(Input):
    """A row of a file."""

    address: EmailAddress
    reason: SuppressionReason = SuppressionReason.BY_HAND
    note: Reason | None = None
    since: Annotated[
        str | None, Field(max_length=40, description="For the reader of the file; not taken over.")
    ] = None


COLUMNS = Columns(tuple(SuppressionRow.model_fields))


@dataclass(frozen=True)
class Imported:
    """What a file did or, in a dry run, would do."""

    rows: int
    added: int
    unchanged: int
    """Those that were on the list already."""


@dataclass(frozen=True)
class Everything:
    """The addresses that get no e-mail now, as an export."""

    database: Database

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield them in the order in which they came."""
        last = UUID(int=0)
        while found := self._after(last):
            for row in found:
                yield {
                    "address": row.address,
                    "reason": row.reason.value,
                    "note": row.note,
                    "since": row.created_at.isoformat(timespec="seconds"),
                }
            last = found[-1].id

    def table(self) -> Table:
        """Return the same as a table."""
        return Table(
            title="Suppressions",
            header=COLUMNS.names,
            rows=([row[name] or "" for name in COLUMNS.names] for row in self.rows()),
        )

    def _after(self, last: UUID) -> Sequence[Suppression]:
        with self.database.read() as session:
            return session.exec(
                select(Suppression)
                .where(
                    col(Suppression.id) > last,
                    col(Suppression.lifted_at).is_(None),
                    col(Suppression.address).is_not(None),
                )
                .order_by(col(Suppression.id))
                .limit(READ_AT_ONCE)
            ).all()


def import_rows(
    session: Session,
    file: BinaryIO,
    form: Form,
    now: datetime,
    *,
    by: UUID | None,
    dry_run: bool,
) -> Imported:
    """Put every address of a file on the list; all of them, or none.

    Raises a Problem (422) that names each fault by its line and field, also in a dry run, and as
    `row_files.read` when the file can't be read. Importing it again changes nothing.
    """
    rows = _checked(read(file, form, COLUMNS, MAX_ROWS), form)
    added = 0
    whole = session.begin_nested()
    for start in range(0, len(rows), READ_AT_ONCE):
        added += _put(session, rows[start : start + READ_AT_ONCE], now, by)
    if dry_run:
        whole.rollback()
    else:
        whole.commit()
    return Imported(len(rows), added, len(rows) - added)


def _put(session: Session, rows: list[SuppressionRow], now: datetime, by: UUID | None) -> int:
    """Put these on the list and return how many are new; those that are nobody's at once."""
    there = suppressions.among(session, [row.address for row in rows])
    rows = [
        row
        for row in rows
        if row.address not in there or row.reason.gravity > there[row.address].gravity
    ]
    addresses = [row.address for row in rows]
    readers = session.exec(select(Subscriber.email).where(col(Subscriber.email).in_(addresses)))
    ours = {*there, *readers}
    known = fingerprints(session)
    # Of two rows on one address the first; the other is then put to what is there.
    strangers = {known.of(row.address): row for row in reversed(rows) if row.address not in ours}
    try:
        with session.begin_nested():
            session.add_all(
                Suppression(
                    fingerprint=printed,
                    address=row.address,
                    reason=row.reason,
                    note=row.note,
                    created_at=now,
                    created_by=by,
                )
                for printed, row in strangers.items()
            )
    except IntegrityError:
        strangers = {}  # Somebody put one of them on the list just now.
    together = set(map(id, strangers.values()))
    one_by_one = [row for row in rows if id(row) not in together]
    return len(strangers) + sum(
        suppressions.suppress(session, row.address, row.reason, now, by=by, note=row.note)[1]
        for row in one_by_one
    )


def _checked(given: Iterator[FileRow], form: Form) -> list[SuppressionRow]:
    rows: list[SuppressionRow] = []
    faults: list[FieldError] = []
    for line in given:
        try:
            values = _cells(line.given) if form is Form.CSV else line.given
            rows.append(SuppressionRow.model_validate(values))
        except ValidationError as error:
            faults += (
                FieldError(
                    pointer=f"/lines/{line.line}/{'/'.join(map(str, fault['loc']))}",
                    detail=fault["msg"],
                )
                for fault in error.errors()
            )
        except ValueError as error:
            faults.append(FieldError(pointer=f"/lines/{line.line}", detail=str(error)))
    if faults:
        raise Problem(
            INVALID,
            f"{len(faults):,} cells can't be taken, so nothing was. Correct what is named below "
            "and send the file again.",
            errors=faults[:SHOWN_FAULTS],
        )
    return rows


def _cells(given: Any) -> dict[str, str]:
    return {name: text for name, cell in given.items() if (text := said(cell)) is not None}
