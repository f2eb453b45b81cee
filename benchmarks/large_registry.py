"""Databases of the registry with as many institutions as it is built for."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from sqlalchemy import insert, text

from benchmarks.institutions_in_bulk import Made, institutions
from services.registry import search_index
from services.registry.settings import SERVICE
from services.registry.tables import Institution, InstitutionCode, InstitutionName
from shared.database import Database
from shared.events.catalogue import REGISTRY
from shared.migration import upgrade
from shared.outbox import start_history
from tests.databases import SqliteServer, start_postgres

SQLITE_ROWS = 20_000
POSTGRESQL_ROWS = 100_000
AT_ONCE = 2_000


class LargeRegistries:
    """The large databases, each made when it is first asked for; a context that removes them."""

    def __init__(self, console: Console, servers: dict[str, str]) -> None:
        """Say on ``console`` what takes long; note in ``servers`` which PostgreSQL it is."""
        self._console = console
        self._servers = servers
        self._stack = ExitStack()
        self._made: dict[str, Database] = {}

    def __enter__(self) -> Self:
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="sl-")))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def sqlite(self) -> Database:
        """Return a SQLite database with 20,000 institutions."""
        return self._large("SQLite", SQLITE_ROWS)

    def postgresql(self) -> Database:
        """Return a PostgreSQL database with 100,000 institutions."""
        return self._large("PostgreSQL", POSTGRESQL_ROWS)

    def _large(self, kind: str, rows: int) -> Database:
        if kind not in self._made:
            self._console.print(f"{rows:,} institutions on {kind} …")
            self._made[kind] = self._stack.enter_context(self._database(kind, rows))
        return self._made[kind]

    @contextmanager
    def _database(self, kind: str, rows: int) -> Iterator[Database]:
        # PostgreSQL's folder goes with its server, when this process ends.
        server = (
            SqliteServer(self._folder)
            if kind == "SQLite"
            else start_postgres(Path(tempfile.mkdtemp(prefix="southlink-")))
        )
        database = Database(server.create())
        upgrade(database, SERVICE.migrations)
        fill(database, rows)
        if kind == "PostgreSQL":
            with database.read() as session:
                number = session.execute(text("SHOW server_version")).scalar_one()
            self._servers[kind] = str(number).split()[0]
        yield database
        database.close()


def fill(database: Database, rows: int) -> None:
    """Write ``rows`` institutions into an empty registry, and let the database know its tables."""
    with database.write() as session:
        start_history(session, REGISTRY)
    made = institutions(rows)
    while some := list(islice(made, AT_ONCE)):
        _write(database, some)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        vacuum = "VACUUM " if connection.dialect.name == "postgresql" else ""
        connection.execute(text(f"{vacuum}ANALYZE"))


def _write(database: Database, some: list[Made]) -> None:
    with database.write() as session:
        connection = session.connection()
        for table, rows in (
            (Institution, [one.institution for one in some]),
            (InstitutionName, [name for one in some for name in one.names]),
            (InstitutionCode, [code for one in some for code in one.codes]),
        ):
            connection.execute(insert(table), rows)
        search_index.index(session, [one.institution["id"] for one in some])
