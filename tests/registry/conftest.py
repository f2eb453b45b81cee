"""The registry, running on a real database, with a real Redis and a real SMTP server."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from shared.outbox import start_history
from sqlmodel import Session

from services.registry.app import create_app
from services.registry.settings import SERVICE, Settings
from services.registry.signing_key import make_signing_key
from shared.database import Database
from tests.databases import SqliteServer
from tests.registry.journey import Registry
from tests.registry.mailbox import Mailbox

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
    """Start the service on a database, with settings of one's own."""

    @contextmanager
    def run(database_url: str, **changed: Any) -> Iterator[Registry]:
        settings = Settings(
            database_url=database_url,
            redis_url=redis_url,
            signing_key_file=signing_key_file,
            smtp_port=mailbox.port,
            **changed,
        )
        app = create_app(settings)
        with app.state.database.write() as session:
            start_history(session, "/registry")
        with TestClient(app) as client:
            yield Registry(app, client, mailbox)

    return run


@pytest.fixture
def registry(running: Running, migrated: Callable[[str], str]) -> Iterator[Registry]:
    """The service, on SQLite and on PostgreSQL."""
    with running(migrated(SERVICE.migrations)) as service:
        yield service


@pytest.fixture
def embedded_registry(running: Running, sqlite_server: SqliteServer) -> Iterator[Registry]:
    """The service on SQLite alone, for what no database has a part in."""
    with running(sqlite_server.migrated(SERVICE.migrations)) as service:
        yield service


@pytest.fixture
def database(migrated: Callable[[str], str]) -> Iterator[Database]:
    """The registry's own database, on SQLite and on PostgreSQL."""
    opened = Database(migrated(SERVICE.migrations))
    with opened.write() as session:
        start_history(session, "/registry")
    yield opened
    opened.close()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A transaction of the registry's own database."""
    with database.write() as opened:
        yield opened
