"""The tiny service, served to the tests."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.shared import ledger


@pytest.fixture
def ledger_app(database_url: str) -> FastAPI:
    """The tiny service on a fresh database, on SQLite and on PostgreSQL."""
    return ledger.build(database_url)


@pytest.fixture
def client(ledger_app: FastAPI) -> Iterator[TestClient]:
    """A client of the tiny service."""
    with TestClient(ledger_app, raise_server_exceptions=False) as client:
        yield client
