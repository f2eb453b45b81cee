"""A notifier with as many readers as it is built for, on PostgreSQL, and its workers."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import psutil
from redis import Redis
from sqlalchemy import insert, text

from services.notifier.links import make_secret
from services.notifier.settings import SERVICE
from services.notifier.tables import (
    DigestItem,
    DigestWindow,
    Group,
    Notice,
    Subscriber,
    Subscription,
)
from shared.columns import utc_now
from shared.database import Database
from shared.ids import new_id
from shared.migration import upgrade
from tests.databases import PostgresServer, start_postgres
from tests.redis_server import RedisServer, free_port
from tests.waiting import wait_until

NOTICES = 400
GROUPS = 20
AT_ONCE = 5_000
SEED = 2030
TEXT = (
    "South-South cooperation links up what may seem to be separate issues: volunteers who teach "
    "online, a seed bank that shares its catalogue, and a port that shows its neighbours how. "
)


@dataclass(frozen=True)
class Servers:
    """What the workers of a measurement need."""

    database: Database
    postgres: str
    """Its version."""
    broker: str
    sink: int
    """The port of a mail server that keeps nothing."""
    server: PostgresServer
    """Where the database is."""

    def environment(self) -> dict[str, str]:
        """Return the settings of the workers."""
        return {
            **os.environ,
            "NOTIFIER_DATABASE_URL": self.database.url,
            "NOTIFIER_CELERY_BROKER_URL": self.broker,
            "NOTIFIER_SMTP_HOST": "127.0.0.1",
            "NOTIFIER_SMTP_PORT": str(self.sink),
            "NOTIFIER_PUBLIC_URL": "https://south.example.org/notifier",
            "NOTIFIER_LOG_LEVEL": "WARNING",
        }

    @contextmanager
    def new_database(self) -> Iterator["Servers"]:
        """Give a database of its own, with an empty broker, while the block runs."""
        with Redis.from_url(self.broker) as redis:
            redis.flushdb()
        database = new_database(self.server)
        try:
            yield replace(self, database=database)
        finally:
            database.close()
            self.server.drop(database.url)

    def taken(self) -> tuple[int, int]:
        """Return how many e-mails the mail server took, and how many contents it told apart."""
        with socket.create_connection(("127.0.0.1", self.sink), timeout=10) as connection:
            file = connection.makefile("rb")
            file.readline()
            connection.sendall(b"VRFY\r\n")
            number, contents = file.readline().split()[1:3]
        return int(number), int(contents)


@contextmanager
def servers() -> Iterator[Servers]:
    """Start PostgreSQL, Redis and a mail server while the block runs."""
    with tempfile.TemporaryDirectory(prefix="sl-") as folder:
        redis = RedisServer(Path(folder))
        redis.start()
        sink = free_port()
        process = subprocess.Popen([sys.executable, "-m", "benchmarks.smtp_sink", str(sink)])
        postgres = postgres_server()
        database = new_database(postgres)
        with database.read() as session:
            version = str(session.execute(text("SHOW server_version")).scalar_one()).split()[0]
        try:
            wait_until(lambda: _answers(sink), "the mail server answers")
            yield Servers(database, version, redis.url.removesuffix("/0") + "/1", sink, postgres)
        finally:
            database.close()
            postgres.drop(database.url)
            process.kill()
            process.wait()
            redis.kill()


def postgres_server() -> PostgresServer:
    """Start PostgreSQL; its folder goes with it, when this process ends."""
    return start_postgres(Path(tempfile.mkdtemp(prefix="southlink-")))


def new_database(postgres: PostgresServer) -> Database:
    """Return a new database of the notifier."""
    database = Database(postgres.create())
    upgrade(database, SERVICE.migrations)
    make_secret(database)
    return database


def fill(database: Database, readers: int, items: int) -> None:
    """Add daily readers, each of whom is told other notices, so many of them."""
    random = Random(SEED)
    now = utc_now()
    told = notices(now)
    with database.write() as session:
        session.execute(insert(Group), groups())
        session.execute(insert(Notice), told)
    ids = [notice["id"] for notice in told]
    made = (_reader(number, random.sample(ids, items), now) for number in range(readers))
    while some := list(islice(made, max(100, AT_ONCE // max(1, items)))):
        with database.write() as session:
            session.execute(insert(Subscriber), [one[0] for one in some])
            session.execute(insert(Subscription), [one[1] for one in some])
            session.execute(insert(DigestWindow), [one[2] for one in some])
            session.execute(insert(DigestItem), [item for one in some for item in one[3]])
    vacuum(database)


def vacuum(database: Database) -> None:
    """Let the database clean up and know its tables, so that each run finds it alike."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


@contextmanager
def workers(servers: Servers, *queues: Sequence[str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run workers of as many processes as queues are named with: ``("digest", "2")``."""
    started = []
    try:
        for names, processes in queues:
            command = ["worker", "--pool", "prefork", "--concurrency", processes, "-Q", names]
            named = ["-n", f"{names.split(',')[0]}@bench", "--without-gossip", "--without-mingle"]
            started.append(_celery(servers, *command, *named))
        yield started
    finally:
        _end(started)


@contextmanager
def beat(servers: Servers) -> Iterator[subprocess.Popen[bytes]]:
    """Run the clock, which looks for what was lost."""
    process = _celery(servers, "beat")
    try:
        yield process
    finally:
        _end([process])


def _celery(servers: Servers, *command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "-A", "services.notifier.celery_app"),
            *(*command, "--loglevel", "WARNING"),
        ],
        env=servers.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(timeout=60)


def memory(processes: Sequence[subprocess.Popen[bytes]]) -> list[float]:
    """Return the megabytes of each process and its children."""
    found = []
    for process in processes:
        parent = psutil.Process(process.pid)
        found += [each.memory_info().rss / 2**20 for each in [parent, *parent.children()]]
    return found


def until(condition: Any, what: str, seconds: float) -> None:
    """Wait for a condition, looking often."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not within {seconds} s: {what}")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def groups() -> list[dict[str, Any]]:
    """Return the rows of the groups."""
    return [
        {
            "id": UUID(int=number),
            "title": f"Follow-up group {number}",
            "theme_slug": f"theme-{number % 5}",
            "status": "active",
            "visibility": "all",
            "version": 1,
        }
        for number in range(GROUPS)
    ]


def notices(now: datetime) -> list[dict[str, Any]]:
    """Return the rows of a week's notices, which the groups share evenly."""
    institution = new_id()
    return [
        {
            "id": new_id(),
            "event_id": new_id(),
            "kind": "update_posted",
            "subject": f"updates/{number}",
            "theme_slug": f"theme-{number % 5}",
            "theme_title": f"Theme {number % 5}",
            "group_id": UUID(int=number % GROUPS),
            "group_title": f"Follow-up group {number % GROUPS}",
            "facts": {
                "update_id": str(new_id()),
                "group_id": str(UUID(int=number % GROUPS)),
                "group_title": f"Follow-up group {number % GROUPS}",
                "theme_slug": f"theme-{number % 5}",
                "institution_id": str(institution),
                "institution_name": f"Centre for cooperation {number % 50}",
                "institution_acronym": f"CC{number % 50}",
                "kind": ("news", "opportunity", "initiative", "resource")[number % 4],
                "title": f"Update {number} of the week",
                "text": TEXT[: 90 + number % 60],
            },
            "targets": ["everything:"],
            "occurred_at": now - timedelta(minutes=number),
            "recorded_at": now,
        }
        for number in range(NOTICES)
    ]


def _reader(
    number: int, notices: Sequence[UUID], now: datetime
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    subscriber, subscription = new_id(), new_id()
    return (
        {
            "id": subscriber,
            "email": f"reader{number}@domain{number % 300}.example.org",
            "language": "en",
            "time_zone": "UTC",
            "hour": 8,
            "weekday": 1,
            "created_at": now,
        },
        {
            "id": subscription,
            "subscriber_id": subscriber,
            "target_kind": "everything",
            "target_id": "",
            "frequency": "daily",
            "confirmed_at": now,
        },
        {
            "subscriber_id": subscriber,
            "frequency": "daily",
            "starts_at": datetime(2026, 1, 1, tzinfo=UTC),
            "ends_at": now + timedelta(days=1),
        },
        [
            {
                "id": new_id(),
                "subscriber_id": subscriber,
                "notice_id": notice,
                "subscription_id": subscription,
                "frequency": "daily",
                "recorded_at": now,
            }
            for notice in notices
        ],
    )
