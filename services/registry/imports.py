"""Importing institutions: a file's rows are stored first, then done in batches.

A batch is one transaction, so whoever is killed in between leaves each row done or not begun, and
whoever comes next goes on: the API process that took the file, the calendar, or the command line.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from typing import BinaryIO
from uuid import UUID

import structlog
from sqlalchemy import insert, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from services.registry.exchange_columns import ACCEPTED, read_row
from services.registry.import_known import Row, keys_of
from services.registry.import_rows import Decision, settle
from services.registry.tables import Coordinator, Import, ImportKey, ImportRow
from shared.columns import utc_now
from shared.database import Database
from shared.faults import in_words
from shared.row_files import Form, count, read

log = structlog.get_logger(__name__)

BATCH = 100
"""Rows of a transaction: few, because nobody else writes to a SQLite file meanwhile."""
STORED_AT_ONCE = 500
TURN = 0x536F7574686C696E
"""The number of the advisory lock by which imports take turns on PostgreSQL."""
DEADLOCK = "40P01"
"""What PostgreSQL says to the one of two that wait for each other whom it ends."""
CLASHES = 5
"""How many of these one worker bears before it leaves the rest to the calendar."""


def store(
    session: Session, file: BinaryIO, *, form: Form, file_name: str, dry_run: bool, by: UUID
) -> Import:
    """Store a file's rows, to be done by `take_batch`; all of them, or none.

    Raises a Problem as `row_files.read` does when the file can't be imported.
    """
    job = Import(
        file_name=file_name,
        form=form,
        dry_run=dry_run,
        imported_by=by,
        row_count=count(file, form, ACCEPTED[form]),
    )
    session.add(job)
    session.flush()
    _store_rows(session, job, file)
    return job


def take_batch(session: Session, now: datetime) -> int:
    """Do the next rows of the oldest unfinished import; return how many, 0 when none is left."""
    _take_turn(session)
    job = session.exec(
        select(Import).where(Import.status == "working").order_by(col(Import.id)).limit(1)
    ).first()
    if job is None:
        return 0
    stored = session.exec(
        select(ImportRow)
        .where(ImportRow.import_id == job.id, col(ImportRow.outcome).is_(None))
        .order_by(col(ImportRow.number))
        .limit(BATCH)
    ).all()
    rows = [Row.of(row, Form(job.form)) for row in stored]
    # Kept here, or each row would look up again that they coordinate.
    coordinator = session.get(Coordinator, job.imported_by)
    _note(job, settle(session, job, rows, now))
    del coordinator
    if job.done == job.row_count:
        job.status, job.finished_at = "finished", now
    session.add(job)
    return len(rows)


def work(database: Database, stop: threading.Event) -> Iterator[int]:
    """Do what is left of every import, a batch at a time, yielding how many rows each had.

    A batch that the database chose to end because it and somebody else waited for each other is
    done again.
    """
    clashes = 0
    while not stop.is_set():
        try:
            with database.write() as session:
                number = take_batch(session, utc_now())
        except OperationalError as error:
            clashes += 1
            if getattr(error.orig, "sqlstate", None) != DEADLOCK or clashes > CLASHES:
                raise
            continue
        if not number:
            return
        yield number


class Importer:
    """A thread that does imports as soon as they are stored; the calendar finds what it misses."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = ThreadPoolExecutor(1, "importer")
        self._stop = threading.Event()

    def wake(self) -> None:
        """Do what is left of every import soon; returns at once."""
        self._thread.submit(self._work)

    def close(self) -> None:
        """Stop after the batch that is being done."""
        self._stop.set()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _work(self) -> None:
        try:
            for _ in work(self._database, self._stop):
                pass
        except Exception as error:  # noqa: BLE001
            log.error("import_interrupted", error=in_words(error))


def _store_rows(session: Session, job: Import, file: BinaryIO) -> None:
    form = Form(job.form)
    rows = read(file, form, ACCEPTED[form])
    while part := list(islice(rows, STORED_AT_ONCE)):
        session.execute(
            insert(ImportRow),
            [
                {
                    "import_id": job.id,
                    "number": row.line,
                    "given": {name: value for name, value in row.given.items() if value != ""},
                }
                for row in part
            ],
        )
        keys = [
            {"import_id": job.id, "key": key, "number": row.line}
            for row in part
            for key in keys_of(read_row(row.given, form))
        ]
        if keys:
            session.execute(insert(ImportKey), keys)


def _take_turn(session: Session) -> None:
    # Two workers at once would both find a name unknown, and make it twice. On SQLite there is
    # one writer anyway.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": TURN})


def _note(job: Import, decisions: Sequence[Decision]) -> None:
    for decision in decisions:
        line = decision.row.stored
        new = None if job.dry_run or decision.draft is None else decision.draft.institution
        about = decision.institution or new
        line.outcome = decision.outcome
        line.institution_id = about.id if about else None
        line.faults = [fault.model_dump() for fault in decision.faults] or None
        line.warnings = [dict(warning) for warning in decision.warnings] or None
        line.changes = dict(decision.changes) if decision.changes else None
    # At once: no batch is half counted.
    outcomes = Counter(decision.outcome for decision in decisions)
    job.created += outcomes["create"]
    job.updated += outcomes["update"]
    job.unchanged += outcomes["unchanged"]
    job.refused += outcomes["refused"]
    job.warned += sum(1 for decision in decisions if decision.warnings)
    job.done += len(decisions)
