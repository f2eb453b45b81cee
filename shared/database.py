"""One database per service: engines, and sessions that read or write.

SQLite is the embedded default: write-ahead log, ``synchronous=FULL`` (what was answered is on
disk), one writer connection whose transactions start with ``BEGIN IMMEDIATE`` and take turns with
those of other processes, and a pool of readers. PostgreSQL is used through psycopg 3. The code
above is the same for both.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, event, make_url
from sqlalchemy.pool import QueuePool
from sqlmodel import Session, create_engine

from shared.writers_turn import WritersTurn

log = structlog.get_logger(__name__)

BUSY_TIMEOUT_MS = 10_000
"""How long a SQLite writer waits for the writer of another process, in milliseconds."""

_AFTER_COMMIT = "after_commit"


class Database:
    """The database of one service.

    ``url`` is an SQLAlchemy URL: ``sqlite:///path`` or ``postgresql+psycopg://…``; any other
    raises ``ValueError``. ``engine`` is the one that writes, ``reader`` the one that reads.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        parsed = make_url(url)
        if parsed.drivername == "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise ValueError("A SQLite database needs a file: several connections share it.")
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine = _sqlite_engine(url, writes=True)
            self.reader = _sqlite_engine(url, writes=False)
        elif parsed.drivername == "postgresql+psycopg":
            self.engine = _postgresql_engine(url)
            self.reader = self.engine.execution_options(postgresql_readonly=True)
        else:
            raise ValueError(
                f"A database is sqlite:///… or postgresql+psycopg://…, not {parsed.drivername}."
            )

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session that only reads; the database refuses a write in it."""
        with Session(self.reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session in one transaction.

        It commits when the block ends, and rolls back when the block raises. What was given to
        `after_commit` runs once the commit is done. The transaction starts at the first statement.
        """
        with Session(self.engine, expire_on_commit=False) as session:
            yield session
            session.commit()
            acts: list[Callable[[], None]] = session.info.pop(_AFTER_COMMIT, [])
        for act in acts:
            try:
                act()
            except Exception:
                log.exception("after_commit_failed")

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()
        self.reader.dispose()


def after_commit(session: Session, act: Callable[[], None]) -> None:
    """Run ``act`` once the session's transaction is committed; never if it rolls back.

    ``act`` must be a shortcut whose loss costs only time: its errors are logged, not raised,
    and a process killed in between never runs it.
    """
    session.info.setdefault(_AFTER_COMMIT, []).append(act)


def _postgresql_engine(url: str) -> Engine:
    engine = create_engine(
        url,
        pool_size=10,
        max_overflow=0,
        pool_timeout=30,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 5, "application_name": "southlink"},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # Each connection would compile a wide statement for up to 0.7 s, to run it in 3 ms.
        connection.autocommit = True
        connection.execute("SET jit = off")
        connection.autocommit = False

    return engine


def _sqlite_engine(url: str, *, writes: bool) -> Engine:
    # A single pooled connection makes the threads of a process wait in a fair queue, where
    # SQLite's own busy handler would let them sleep and starve.
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=1 if writes else 8,
        max_overflow=0,
        pool_timeout=30,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # The driver's own implicit transactions would make BEGIN IMMEDIATE impossible.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA temp_store=MEMORY")
        if not writes:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    turn = WritersTurn(Path(engine.url.database or "")) if writes else None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if turn is not None:
            turn.take()
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    @event.listens_for(engine, "checkin")
    def give_back(_connection: Any, _record: Any) -> None:
        if turn is not None:
            turn.give_back()

    return engine
