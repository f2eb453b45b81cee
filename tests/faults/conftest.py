"""The event path of a tiny source and a tiny reader, on real servers."""

from collections.abc import Iterator

import pytest

from tests.databases import PostgresServer, SqliteServer
from tests.faults.path import Path, opened


@pytest.fixture
def path(database_server: SqliteServer | PostgresServer, redis_url: str) -> Iterator[Path]:
    """Both ends of an event path, on SQLite and on PostgreSQL."""
    with opened(database_server.create(), database_server.create(), redis_url) as path:
        yield path
