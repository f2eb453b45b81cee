"""Workgroups, running on a real database with tokens of a real key."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import KeySet, OKPKey

from services.workgroups.app import app_of
from services.workgroups.settings import SERVICE, Settings, settings
from shared.database import Database
from shared.events.catalogue import WORKGROUPS
from shared.identity import LocalKeySet, TokenVerifier
from shared.outbox import start_history
from tests.databases import PostgresServer, SqliteServer
from tests.redis_server import RedisServer
from tests.workgroups.action_scene import Scene, set_scene
from tests.workgroups.stage import Stage, set_stage
from tests.workgroups.world import Workgroups


@pytest.fixture(scope="session")
def signing_key() -> OKPKey:
    """The key of a registry."""
    return OKPKey.generate_key("Ed25519", parameters={"kid": "test"}, auto_kid=False)


@pytest.fixture(autouse=True)
def attachments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder in which a test's attachments are kept."""
    folder = tmp_path / "attachments"
    monkeypatch.setenv("WORKGROUPS_ATTACHMENTS", str(folder))
    settings.cache_clear()
    yield folder
    settings.cache_clear()


@contextmanager
def running(database_url: str, redis_url: str, key: OKPKey) -> Iterator[Workgroups]:
    """Yield the service on a database that has its schema."""
    database = Database(database_url)
    with database.write() as session:
        start_history(session, WORKGROUPS)
    app = app_of(
        Settings(
            database_url=database_url,
            redis_url=redis_url,
            max_body_bytes=50_000,
            max_attachment_bytes=3_000_000,
            max_attachment_bytes_of_group=5_000_000,
        ),
        database,
        TokenVerifier(LocalKeySet(KeySet([key]))),
    )
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Workgroups(app, client, database, key)


@pytest.fixture
def workgroups(
    migrated: Callable[[str], str], redis_url: str, signing_key: OKPKey
) -> Iterator[Workgroups]:
    """The service, on SQLite and on PostgreSQL."""
    with running(migrated(SERVICE.migrations), redis_url, signing_key) as service:
        yield service


@pytest.fixture
def embedded_workgroups(
    sqlite_server: SqliteServer, redis_url: str, signing_key: OKPKey
) -> Iterator[Workgroups]:
    """The service on SQLite alone, for what no database has a part in."""
    with running(sqlite_server.migrated(SERVICE.migrations), redis_url, signing_key) as service:
        yield service


@pytest.fixture
def database(migrated: Callable[[str], str]) -> Iterator[Database]:
    """The database of workgroups, on SQLite and on PostgreSQL."""
    opened = Database(migrated(SERVICE.migrations))
    with opened.write() as session:
        start_history(session, WORKGROUPS)
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stage(
    request: pytest.FixtureRequest, redis_server: RedisServer, signing_key: OKPKey
) -> Iterator[Stage]:
    """A stage that the tests of a module share, on SQLite and on PostgreSQL.

    They may, because each of them asserts that it left every table as it was.
    """
    name = "sqlite_server" if request.param == "sqlite" else "postgres_server"
    server: SqliteServer | PostgresServer = request.getfixturevalue(name)
    with running(server.migrated(SERVICE.migrations), redis_server.url, signing_key) as service:
        yield set_stage(service)


@pytest.fixture
def at_once() -> Callable[..., list[Any]]:
    """Call several things at the same time; return their answers in order."""

    def call(*things: Callable[[], Any]) -> list[Any]:
        barrier = Barrier(len(things))

        def one(thing: Callable[[], Any]) -> Any:
            barrier.wait(30)
            return thing()

        with ThreadPoolExecutor(len(things)) as pool:
            return list(pool.map(one, things))

    return call


@pytest.fixture
def fresh_stage(workgroups: Workgroups) -> Stage:
    """A stage on which a test may change something first."""
    return set_stage(workgroups)


@pytest.fixture
def scene(workgroups: Workgroups) -> Scene:
    """A group in which action items are assigned, on SQLite and on PostgreSQL."""
    return set_scene(workgroups)
