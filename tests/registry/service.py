"""Starting the registry for a test."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from services.registry.app import create_app
from services.registry.settings import Settings
from shared.events.catalogue import REGISTRY
from shared.outbox import start_history
from tests.registry.journey import Registry
from tests.registry.mailbox import Mailbox


@contextmanager
def running_registry(
    *, database_url: str, redis_url: str, signing_key_file: Path, mailbox: Mailbox, **changed: Any
) -> Iterator[Registry]:
    """Yield the service on a database that has its schema; ``changed`` are other settings."""
    settings = Settings(
        database_url=database_url,
        redis_url=redis_url,
        signing_key_file=signing_key_file,
        smtp_port=mailbox.port,
        **changed,
    )
    app = create_app(settings)
    with app.state.database.write() as session:
        start_history(session, REGISTRY)
    with TestClient(app) as client:
        yield Registry(app, client, mailbox)
