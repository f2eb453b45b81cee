"""An import and a person that wait for each other's institutions, on PostgreSQL."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from services.registry import imports, institutions
from services.registry.institutions import ProfileChange
from services.registry.settings import SERVICE
from services.registry.tables import HistoryEntry, Institution, InstitutionRelation
from shared.columns import utc_now
from shared.database import Database
from shared.events.catalogue import REGISTRY
from shared.outbox import start_history
from shared.row_files import Form
from tests.databases import PostgresServer
from tests.registry.importing import PARTNER, Importing, lines
from tests.waiting import wait_until


@pytest.fixture
def importing(postgres_server: PostgresServer) -> Iterator[Importing]:
    """A coordinator who imports into PostgreSQL; elsewhere there is one writer at a time."""
    database = Database(postgres_server.migrated(SERVICE.migrations))
    with database.write() as session:
        start_history(session, REGISTRY)
    yield Importing.into(database)
    database.close()


def held(session: Session, one: Institution) -> Institution:
    """Hold an institution as a request that changes it does."""
    return session.exec(
        select(Institution).where(Institution.id == one.id).with_for_update(key_share=True)
    ).one()


def somebody_waits(database: Database) -> bool:
    with database.read() as session:
        waiting = session.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        ).scalar_one()
    return bool(waiting)


def test_a_batch_that_the_database_ends_for_a_persons_change_is_done_again(
    importing: Importing,
) -> None:
    names = ("Mekong River Commission", "World Food Programme", "Caribbean Community")
    importing.rows(*({**PARTNER, "name": name, "acronym": None} for name in names))
    first, second, third = importing.institutions()
    job = importing.store(
        lines(
            [
                # Takes the turn to change relations, and then waits for the second institution.
                {"id": str(first.id), "predecessors": [str(third.id)]},
                {"id": str(second.id), "website": "https://example.org/imported"},
            ]
        ),
        Form.JSONL,
    )
    database = importing.database
    batches: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            own = held(session, second)
            import_done = pool.submit(
                lambda: batches.extend(imports.work(database, threading.Event()))
            )
            wait_until(lambda: somebody_waits(database), "the import waits for what is held")
            # Waits for the turn that the import has: PostgreSQL ends the one that waited first.
            institutions.update(session, own, ProfileChange(parent=third.id), importing.by)
        import_done.result(timeout=30)

    done = importing.done(job)
    assert (done.job.status, done.job.done, done.job.updated) == ("finished", 2, 2)
    assert done.outcomes == ["update", "update"]
    assert batches == [2]
    with database.read() as session:
        steps = session.exec(
            select(HistoryEntry).where(HistoryEntry.institution_id == second.id)
        ).all()
    changed = [list(step.changes or {}) for step in sorted(steps, key=lambda one: one.version)]
    assert changed == [[], ["parent"], ["website"]]


def test_naming_an_institution_that_an_import_changes_waits_for_nobody(
    importing: Importing,
) -> None:
    for name in ("Mekong River Commission", "World Food Programme"):
        importing.rows({**PARTNER, "name": name, "acronym": None})
    first, second = importing.institutions()
    importing.store(
        lines([{"id": str(first.id), "website": "https://example.org/imported"}]), Form.JSONL
    )
    with importing.database.write() as session:
        assert imports.take_batch(session, utc_now()) == 1
        with importing.database.write() as other:
            other.execute(text("SET LOCAL lock_timeout = '5s'"))
            own = held(other, second)
            institutions.update(other, own, ProfileChange(parent=first.id), importing.by)

    with importing.database.read() as session:
        assert len(session.exec(select(InstitutionRelation)).all()) == 1
