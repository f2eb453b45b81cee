"""The registry, running on a real database, with a real Redis and a real SMTP server."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
from sqlmodel import Session

from services.registry.settings import SERVICE
from services.registry.signing_key import make_signing_key
from shared.database import Database
from shared.events.catalogue import REGISTRY
from shared.outbox import start_history
from tests.databases import SqliteServer
from tests.redis_server import RedisServer
from tests.registry.journey import Registry
from tests.registry.mailbox import Mailbox
from tests.registry.partners import Partners, meet
from tests.registry.service import running_registry
from tests.registry.stage import Stage

Running = Callable[..., AbstractContextManager[Registry]]


@pytest.fixture(scope="session")
def signing_key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signing key of this test process."""
    path = tmp_path_factory.mktemp("registry") / "signing-key.json"
    make_signing_key(path)
    return path


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """An SMTP server."""
    box = Mailbox()
    box.start()
    yield box
    box.stop()


@pytest.fixture
def running(mailbox: Mailbox, redis_url: str, signing_key_file: Path) -> Running:
    """Start the service on a ``database_url``, with settings of one's own."""
    return partial(
        running_registry, mailbox=mailbox, redis_url=redis_url, signing_key_file=signing_key_file
    )


@pytest.fixture
def registry(running: Running, migrated: Callable[[str], str]) -> Iterator[Registry]:
    """The service, on SQLite and on PostgreSQL."""
    with running(database_url=migrated(SERVICE.migrations)) as service:
        yield service


@pytest.fixture
def embedded_registry(running: Running, sqlite_server: SqliteServer) -> Iterator[Registry]:
    """The service on SQLite alone, for what no database has a part in."""
    with running(database_url=sqlite_server.migrated(SERVICE.migrations)) as service:
        yield service


@pytest.fixture
def partners(registry: Registry) -> Partners:
    """Three verified institutions, on SQLite and on PostgreSQL."""
    return meet(registry)


@pytest.fixture
def embedded_partners(embedded_registry: Registry) -> Partners:
    """Three verified institutions, on SQLite alone."""
    return meet(embedded_registry)


@pytest.fixture
def database(migrated: Callable[[str], str]) -> Iterator[Database]:
    """The registry's own database, on SQLite and on PostgreSQL."""
    opened = Database(migrated(SERVICE.migrations))
    with opened.write() as session:
        start_history(session, REGISTRY)
    yield opened
    opened.close()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A transaction of the registry's own database."""
    with database.write() as opened:
        yield opened


@pytest.fixture(scope="module")
def stage(
    redis_server: RedisServer, sqlite_server: SqliteServer, signing_key_file: Path
) -> Iterator[Stage]:
    """One stage for all tests, as no test may change anything."""
    mailbox = Mailbox()
    mailbox.start()
    with running_registry(
        database_url=sqlite_server.migrated(SERVICE.migrations),
        redis_url=redis_server.url,
        signing_key_file=signing_key_file,
        mailbox=mailbox,
    ) as registry:
        coordinator = registry.coordinator()
        own, focal_point = registry.submitted()
        foreign, _ = registry.submitted(name="World Food Programme", acronym="WFP")
        key = registry.client.post(
            "/api-keys", json={"name": "Feed", "scopes": ["feed:read"]}, headers=coordinator.headers
        )
        yield Stage(registry, coordinator, focal_point, own, foreign, key.json()["id"])
    mailbox.stop()
