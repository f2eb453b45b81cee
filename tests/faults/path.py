"""A source and a reader of its events, small enough to hold equal row by row.

The source changes counters and publishes each change; the reader keeps a copy of each counter and a
ledger with one row per effect. Lost, repeated or reordered effects all show.
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

import uvicorn
from fastapi import FastAPI
from joserfc.jwk import KeySet, OKPKey
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel, col, select

from shared import outbox
from shared.consumer import Consumer
from shared.database import Database
from shared.events.envelope import Event, EventData
from shared.feed import feed_router
from shared.feed_client import FeedClient
from shared.identity import Caller, LocalKeySet, TokenVerifier, sign_token
from shared.ids import new_id
from shared.outbox import OutboxColumns, RelayStateColumns, publish, start_history
from shared.projection import CheckpointColumns, ParkedColumns, Projection
from shared.relay import Relay
from shared.settings import ServiceDescription, ServiceSettings
from shared.web import build_app
from tests.redis_server import free_port
from tests.waiting import wait_until

POISON = "poison"


class SourceTable(SQLModel, registry=registry()):
    """Base of the source's tables."""


class Counter(SourceTable, table=True):
    """What the source owns."""

    id: UUID = Field(primary_key=True)
    slug: str = Field(unique=True)
    value: int = 0


class Outbox(OutboxColumns, SourceTable, table=True):
    """The source's events."""


class RelayState(RelayStateColumns, SourceTable, table=True):
    """Where its relay is."""


COUNTERS = "/counters"
"""The source. No service has this name, so that tests of services may run in the same process."""

outbox.register(COUNTERS, Outbox, RelayState)


class CounterRaised(EventData):
    """A counter has a new value."""

    name: ClassVar[str] = "counter.raised"
    source: ClassVar[str] = COUNTERS

    counter_id: UUID
    slug: str
    value: int


class ReaderTable(SQLModel, registry=registry()):
    """Base of the reader's tables."""


class Copy(ReaderTable, table=True):
    """The reader's copy of a counter."""

    id: UUID = Field(primary_key=True)
    slug: str
    value: int


class Effect(ReaderTable, table=True):
    """One row per time an event was applied: never unique, so that a second effect shows."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    event_id: UUID
    slug: str
    value: int


class Cure(ReaderTable, table=True):
    """While it is empty, poison is not digestible."""

    id: int = Field(primary_key=True)


class Checkpoint(CheckpointColumns, ReaderTable, table=True):
    """How far the reader is."""


class Parked(ParkedColumns, ReaderTable, table=True):
    """What the reader could not apply."""


def counter_raised(session: Session, event: Event, data: CounterRaised) -> None:
    """Copy the counter and write down the effect."""
    if POISON in data.slug and session.get(Cure, 1) is None:
        raise RuntimeError("This counter is poison.")
    session.merge(Copy(id=data.counter_id, slug=data.slug, value=data.value))
    session.add(Effect(event_id=event.id, slug=data.slug, value=data.value))


PROJECTION = Projection(
    service="reader",
    source=COUNTERS,
    handlers={CounterRaised: counter_raised},
    checkpoint=Checkpoint,
    parked=Parked,
    read_models=(Copy, Effect),
)


def change(database: Database, slug: str, times: int = 1) -> None:
    """Raise a counter, each time in one transaction with its event."""
    for _ in range(times):
        with database.write() as session:
            counter = session.exec(
                select(Counter).where(col(Counter.slug) == slug).with_for_update()
            ).first() or Counter(id=new_id(), slug=slug)
            counter.value += 1
            session.add(counter)
            publish(
                session,
                CounterRaised(counter_id=counter.id, slug=slug, value=counter.value),
                subject=f"counters/{counter.id}",
            )


@dataclass(frozen=True)
class Path:
    """Both ends, and what is between them."""

    source: Database
    reader: Database
    redis_url: str
    feed_url: str
    token: str
    stop_serving: Callable[[], None]
    """Lets the source answer no more requests."""
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def consumer(self) -> Consumer:
        """Return a consumer of this process."""
        return Consumer(self.reader, PROJECTION, self.redis_url, self.feed())

    def feed(self) -> FeedClient:
        """Return a client of the source's feed."""
        return FeedClient(self.feed_url, lambda: self.token)

    def counters(self) -> dict[str, int]:
        """What the source holds."""
        with self.source.read() as session:
            return {row.slug: row.value for row in session.exec(select(Counter))}

    def copies(self) -> dict[str, int]:
        """What the reader holds."""
        with self.reader.read() as session:
            return {row.slug: row.value for row in session.exec(select(Copy))}

    def effects(self) -> list[UUID]:
        """The events that had an effect, in the order of their effects."""
        with self.reader.read() as session:
            rows = session.exec(select(Effect).order_by(col(Effect.id))).all()
            return [row.event_id for row in rows]

    def history(self) -> list[UUID]:
        """The events of the source, in the order of their positions."""
        with self.source.read() as session:
            rows = session.exec(
                select(Outbox)
                .where(col(Outbox.position).is_not(None))
                .order_by(col(Outbox.position))
            ).all()
            return [row.event_id for row in rows]

    def parked(self) -> list[Parked]:
        """What the reader parked."""
        with self.reader.read() as session:
            return list(session.exec(select(Parked).order_by(col(Parked.position))))

    def position(self) -> int:
        """The reader's position."""
        with self.reader.read() as session:
            checkpoint = session.get(Checkpoint, COUNTERS)
            return checkpoint.position if checkpoint else 0

    def equal(self) -> bool:
        """Whether the reader has all of the source."""
        return self.counters() == self.copies() and self.position() == len(self.history())

    def assert_equal_and_once(self) -> None:
        """Wait until both ends are equal, then check that no effect is missing or repeated."""
        wait_until(self.equal, "the copies equal the counters", 60)
        effects, history = self.effects(), self.history()
        assert len(effects) == len(set(effects)), "an event had two effects"
        assert set(effects) == set(history)

    @contextmanager
    def running(self, *names: str) -> Iterator[None]:
        """Run relays and consumers as threads, with databases of their own."""
        stop = threading.Event()
        source, reader = Database(self.source.url), Database(self.reader.url)
        threads = [
            threading.Thread(
                target=Relay(source, COUNTERS, self.redis_url).run
                if name == "relay"
                else Consumer(reader, PROJECTION, self.redis_url, self.feed()).run,
                args=(stop,),
            )
            for name in names
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()
            source.close()
            reader.close()

    @contextmanager
    def processes(self, *names: str) -> Iterator[None]:
        """Run relays and consumers as processes of their own."""
        processes = [self.start(name) for name in names]
        try:
            yield
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(60)

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start a relay or a consumer as a process of its own; it ends with the test at last."""
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.faults.process", name),
                *(self.source.url, self.reader.url, self.redis_url, self.feed_url, self.token),
            ]
        )
        self.started.append(process)
        return process


KEY = OKPKey.generate_key("Ed25519", {"kid": "test", "use": "sig"})


@contextmanager
def opened(source_url: str, reader_url: str, redis_url: str) -> Iterator[Path]:
    """Make both databases, serve the source's feed, and yield the path between them."""
    source, reader = Database(source_url), Database(reader_url)
    SourceTable.metadata.create_all(source.engine)
    ReaderTable.metadata.create_all(reader.engine)
    with source.write() as session:
        start_history(session, COUNTERS)
    with served(_source_app(source_url)) as (url, stop):
        token = sign_token(KEY, Caller(new_id(), "system", frozenset({"feed:read"})), 3600)
        path = Path(source, reader, redis_url, url, token, stop)
        try:
            yield path
        finally:
            for process in path.started:
                process.kill()
                process.wait()
    source.close()
    reader.close()


def _source_app(url: str) -> FastAPI:
    return build_app(
        service=ServiceDescription("source", "Source", "Counters.", COUNTERS, 8999),
        settings=ServiceSettings(database_url=url),
        database=Database(url),
        verifier=TokenVerifier(LocalKeySet(KeySet([KEY]))),
        routers=[feed_router(COUNTERS)],
    )


@contextmanager
def served(app: Any) -> Iterator[tuple[str, Callable[[], None]]]:
    """Serve an application on a free port; yield its URL and what stops it."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=free_port(), log_level="warning", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started, "the server answers")

    def stop() -> None:
        server.should_exit = True
        thread.join()

    yield f"http://127.0.0.1:{server.config.port}", stop
    stop()
