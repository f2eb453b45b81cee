"""The servers that tests run against: all real."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from redis import Redis

from tests.databases import PostgresServer, SqliteServer, start_postgres
from tests.known_routes import forget_ended_applications, share_known_routes
from tests.redis_server import RedisServer

share_known_routes()

# A busy machine is no fault of the code: an example may take its time.
settings.register_profile(
    "southlink",
    parent=settings.default,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("southlink")


@pytest.fixture(scope="module", autouse=True)
def no_ended_applications() -> Iterator[None]:
    """Keep no application longer than the module that made it."""
    yield
    forget_ended_applications()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis server of this test process."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The URL of a Redis that is empty when the test starts."""
    with Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture(scope="session")
def sqlite_server(tmp_path_factory: pytest.TempPathFactory) -> SqliteServer:
    """Where SQLite databases are made."""
    return SqliteServer(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_server() -> PostgresServer:
    """A PostgreSQL server, one for all test processes of a run."""
    # Not in pytest's folder: runs side by side clean up there, and a socket's path must be short.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid4().hex)
    return start_postgres(Path(tempfile.gettempdir()) / f"southlink-{run[:12]}")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_server(request: pytest.FixtureRequest) -> SqliteServer | PostgresServer:
    """Each kind of database server in turn: a test that asks for it runs on both."""
    name = "sqlite_server" if request.param == "sqlite" else "postgres_server"
    server: SqliteServer | PostgresServer = request.getfixturevalue(name)
    return server


@pytest.fixture
def database_url(database_server: SqliteServer | PostgresServer) -> str:
    """The URL of a new empty database; the test runs on SQLite and on PostgreSQL."""
    return database_server.create()


@pytest.fixture
def migrated(
    database_server: SqliteServer | PostgresServer,
) -> Iterator[Callable[[str], str]]:
    """Make a new database with a service's newest schema; the test runs on both kinds.

    Its argument is an Alembic location such as ``services.registry:migrations``. The databases
    are dropped after the test: thousands of them would fill a disk.
    """
    made: list[str] = []

    def make(script_location: str) -> str:
        made.append(database_server.migrated(script_location))
        return made[-1]

    yield make
    for url in made:
        database_server.drop(url)
