"""Building the read model of institutions anew from the registry's feed, as its command does."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import httpx
from sqlalchemy import insert, update
from sqlmodel import Session, col, func, select

from benchmarks.effort import Effort
from benchmarks.institutions_in_bulk import institutions
from benchmarks.report import Result
from services.registry.settings import SERVICE as REGISTRY_SERVICE
from services.registry.tables import Outbox, RelayState
from services.workgroups.settings import SERVICE
from services.workgroups.tables import Institution
from shared.database import Database
from shared.events.catalogue import InstitutionFacts, InstitutionVerified
from shared.events.envelope import Event
from tests.databases import PostgresServer, SqliteServer, start_postgres
from tests.redis_server import free_port

EVENTS = 100_000
AT_ONCE = 5_000
LIMIT_SECONDS = 60.0
RUNS = 3
FEED_KEY = "a-feed-key-of-the-benchmarks-01"


def measure(effort: Effort) -> list[Result]:
    """Return the seconds of `rebuild` over 100,000 events, a whole process, on both databases."""
    results = []
    with TemporaryDirectory(prefix="sl-") as folder:
        servers: dict[str, SqliteServer | PostgresServer] = {
            "SQLite": SqliteServer(Path(folder)),
            "PostgreSQL": start_postgres(Path(mkdtemp(prefix="southlink-"))),
        }
        for kind, server in servers.items():
            question = f"Rebuilding a read model from {EVENTS:,} events on {kind}"
            effort.console.print(f"{question} …")
            environment = {
                **os.environ,
                "REGISTRY_DATABASE_URL": server.create(),
                "REGISTRY_SIGNING_KEY_FILE": str(Path(folder) / f"{kind}.json"),
                "REGISTRY_FEED_KEY": FEED_KEY,
                "WORKGROUPS_DATABASE_URL": server.create(),
                "WORKGROUPS_FEED_KEY": FEED_KEY,
                "REGISTRY_LOG_LEVEL": "ERROR",
                "WORKGROUPS_LOG_LEVEL": "ERROR",
            }
            _run(environment, REGISTRY_SERVICE.name, "migrate")
            _run(environment, SERVICE.name, "migrate")
            _tell(Database(environment["REGISTRY_DATABASE_URL"]))
            with _served(environment) as url:
                environment["WORKGROUPS_REGISTRY_URL"] = url
                seconds = [_rebuild(environment) for _ in range(min(RUNS, effort.runs))]
            results.append(Result(question, "seconds", "s", LIMIT_SECONDS, tuple(seconds), EVENTS))
    return results


def _rebuild(environment: Mapping[str, str]) -> float:
    began = time.perf_counter()
    _run(environment, SERVICE.name, "rebuild")
    spent = time.perf_counter() - began
    database = Database(environment["WORKGROUPS_DATABASE_URL"])
    with database.read() as session:
        kept = session.exec(select(func.count()).select_from(Institution)).one()
    database.close()
    assert kept == EVENTS, kept
    return spent


def _tell(database: Database) -> None:
    """Write the history of a registry that verified as many institutions, numbered."""
    made = institutions(EVENTS)
    position = 0
    while some := list(islice(made, AT_ONCE)):
        with database.write() as session:
            rows = [_row(position + place, one.institution) for place, one in enumerate(some, 1)]
            session.execute(insert(Outbox), rows)
            position += len(rows)
            _numbered(session, position)
    database.close()


def _row(position: int, institution: Mapping[str, object]) -> dict[str, object]:
    facts = InstitutionFacts.model_validate(
        {"institution_id": institution["id"], **institution, "status": "verified", "version": 3}
    )
    event = Event.of(
        InstitutionVerified(institution=facts), subject=f"institutions/{institution['id']}"
    )
    return {
        "event_id": event.id,
        "position": position,
        "type": event.type,
        "subject": event.subject,
        "event": event.model_dump_json(exclude_none=True),
        "recorded_at": event.time,
    }


def _numbered(session: Session, position: int) -> None:
    session.execute(
        update(RelayState)
        .where(col(RelayState.id) == 1)
        .values(last_position=position, published_position=position)
    )


@contextmanager
def _served(environment: Mapping[str, str]) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "services.registry", "serve", "--port", str(port)],
        env=dict(environment),
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(url)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            if httpx.get(f"{url}/health/live").status_code == 200:
                return
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
        time.sleep(0.1)


def _run(environment: Mapping[str, str], service: str, command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"services.{service}", command],
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(json.dumps({"command": [service, command], "said": done.stderr[-2000:]}))
