"""What the notifier's tests share: a database, a mail server, and the application."""

import os
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import KeySet, OKPKey

from services.notifier.celery_app import app
from services.notifier.links import make_secret
from services.notifier.settings import Settings, settings
from shared.database import Database
from shared.identity import LocalKeySet, TokenVerifier
from tests.notifier.announcing import Desk
from tests.notifier.mailbox import Mailbox
from tests.notifier.world import PUBLIC_URL, World
from tests.redis_server import RedisServer, free_port


@pytest.fixture(scope="session", autouse=True)
def broker(redis_server: RedisServer) -> Iterator[str]:
    """Celery's broker, for the processes that tests start and for this one."""
    url = redis_server.url.removesuffix("/0") + "/1"
    os.environ["NOTIFIER_CELERY_BROKER_URL"] = url
    settings.cache_clear()
    # A test of another folder may have imported the application already, with the default broker.
    app.conf.update(broker_url=url)
    yield url
    del os.environ["NOTIFIER_CELERY_BROKER_URL"]
    settings.cache_clear()


@pytest.fixture
def database(migrated: Callable[[str], str]) -> Iterator[Database]:
    """A new database of the notifier, on SQLite and on PostgreSQL."""
    database = Database(migrated("services.notifier:migrations"))
    make_secret(database)
    yield database
    database.close()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A real SMTP server that keeps what it takes."""
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def world(database: Database, mailbox: Mailbox) -> World:
    """Readers, events and workers on that database and mail server."""
    return World(database, mailbox, PUBLIC_URL)


@pytest.fixture(scope="session")
def signing_key() -> OKPKey:
    """The key of a registry."""
    return OKPKey.generate_key("Ed25519", parameters={"kid": "test"}, auto_kid=False)


@pytest.fixture
def client(database: Database, redis_url: str, signing_key: OKPKey) -> Iterator[TestClient]:
    """The notifier's application."""
    from services.notifier.app import app_of

    # Nobody listens on that port: the application itself sends nothing.
    chosen = Settings(public_url=PUBLIC_URL, redis_url=redis_url, smtp_port=free_port())
    verifier = TokenVerifier(LocalKeySet(KeySet([signing_key])))
    with TestClient(app_of(chosen, database, verifier)) as client:
        yield client


@pytest.fixture
def desk(world: World, client: TestClient, signing_key: OKPKey) -> Desk:
    """The desk at which announcements are written."""
    return Desk(world, client, signing_key)
