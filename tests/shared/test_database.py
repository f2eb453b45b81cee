"""Sessions that read or write, on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, func, select

from shared.database import Database, after_commit
from tests.databases import PostgresServer
from tests.shared.ledger import Entry, Table


@pytest.fixture
def database(database_url: str) -> Database:
    database = Database(database_url)
    Table.metadata.create_all(database.engine)
    return database


def count(database: Database) -> int:
    with database.read() as session:
        return session.exec(select(func.count()).select_from(Entry)).one()


def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    ran: list[str] = []

    def fail() -> None:
        with database.write() as session:
            session.add(Entry(title="x"))
            session.flush()
            after_commit(session, lambda: ran.append("x"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (count(database), ran) == (0, [])


def test_what_waits_for_the_commit_runs_after_it_and_its_errors_stay_inside(
    database: Database,
) -> None:
    seen: list[int] = []

    def fail() -> None:
        raise RuntimeError

    with database.write() as session:
        session.add(Entry(title="x"))
        after_commit(session, lambda: seen.append(count(database)))
        after_commit(session, fail)
        after_commit(session, lambda: seen.append(count(database)))
    assert seen == [1, 1]


def test_a_reading_session_can_not_write(database: Database) -> None:
    with database.read() as session:
        session.add(Entry(title="x"))
        with pytest.raises(DBAPIError):
            session.flush()
    assert count(database) == 0


def test_writers_of_two_processes_lose_no_change(database: Database) -> None:
    other = Database(database.url)
    with database.write() as session:
        session.add(Entry(title="0"))

    def add_one(which: Database) -> None:
        for _ in range(20):
            with which.write() as session:
                entry = session.exec(select(Entry).with_for_update()).one()
                entry.title = str(int(entry.title) + 1)
                session.add(entry)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_one, [database, other] * 2))
    with database.read() as session:
        assert session.exec(select(Entry.title)).one() == "80"


def test_a_reader_never_waits_for_a_writer(database: Database) -> None:
    done = threading.Event()

    def read() -> None:
        assert count(database) == 0
        done.set()

    with database.write() as session:
        session.add(Entry(title="x"))
        session.flush()
        thread = threading.Thread(target=read)
        thread.start()
        assert done.wait(5)
        thread.join()


def test_times_come_back_aware_and_in_utc(database: Database) -> None:
    with database.write() as session:
        session.add(Entry(title="x"))
    with database.read() as session:
        entry = session.exec(select(Entry).where(col(Entry.title) == "x")).one()
    assert entry.recorded_at.utcoffset() is not None


def test_postgresql_compiles_no_statement_in_any_transaction(
    postgres_server: PostgresServer,
) -> None:
    database = Database(postgres_server.create())
    with database.write() as session:
        assert session.execute(text("SHOW jit")).scalar_one() == "off"
        session.rollback()
        assert session.execute(text("SHOW jit")).scalar_one() == "off"
    with database.read() as session:
        assert session.execute(text("SHOW jit")).scalar_one() == "off"
    database.close()
    postgres_server.drop(database.url)
