"""A consumer: applies a source's events, and commits its position with their effects (rule 4).

It reads the stream. At a gap, a trimmed or flushed stream, a new epoch, or without Redis it reads
the source's feed, and goes on. An event that can't be applied is parked (rule 7).
"""

import threading
import time
from collections.abc import Sequence
from uuid import UUID

import httpx
import structlog
from redis.exceptions import RedisError
from sqlalchemy import CursorResult, update
from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel import Session, col

from shared import stream
from shared.columns import utc_now
from shared.database import Database
from shared.events.envelope import Event
from shared.faults import in_words, is_passing
from shared.feed_client import FeedClient, FeedPage
from shared.parked import WAITS, park, waits_behind
from shared.projection import (
    CheckpointColumns,
    Handler,
    NotApplicableError,
    ParkedColumns,
    Projection,
)
from shared.rebuild import rebuild
from shared.telemetry import traceparent

log = structlog.get_logger(__name__)

BATCH = 200
BLOCK_MS = 500
TRIES = 3
FIRST_BACKOFF_SECONDS = 0.1
LOOK_AT_FEED_SECONDS = 2.0
LOOK_AGAIN_SECONDS = 10.0
REDIS_AGAIN_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 5.0

__all__ = ["CheckpointColumns", "Consumer", "FeedClient", "Handler", "ParkedColumns", "Projection"]


class OvertakenError(Exception):
    """Another consumer moved the checkpoint; nothing of this attempt was kept."""


class EffectError(Exception):
    """An event could not be applied, for its ``__cause__``."""


_FAULTS_OF_EVENTS = (EffectError, IntegrityError, DataError)
"""The database refuses some effects only at the commit."""


class Consumer:
    """Applies one source's events to one service's read models."""

    def __init__(
        self, database: Database, projection: Projection, redis_url: str, feed: FeedClient
    ) -> None:
        self._database = database
        self._projection = projection
        self._redis = stream.connect(redis_url, 2.0)
        self._feed = feed
        self._stop = threading.Event()
        self._epoch: UUID | None = None
        self._position = 0
        self._head = 0
        self._look_at = 0.0
        self._feed_away = False
        self._redis_again_at = 0.0
        self._redis_away = False

    def run(self, stop: threading.Event) -> None:
        """Consume until ``stop`` is set; whatever goes wrong, it is tried again."""
        self._stop = stop
        log.info("consumer_started", source=self._projection.source)
        backoff = FIRST_BACKOFF_SECONDS
        told = ""
        while not stop.is_set():
            try:
                self.step()
                backoff, told = FIRST_BACKOFF_SECONDS, ""
            except OvertakenError:
                self._epoch = None
            except Exception as error:  # noqa: BLE001
                # A thread that ended would stop the line, whatever it met.
                reason = in_words(error)
                if reason != told:
                    log.warning("consumer_waits", source=self._projection.source, error=reason)
                    told = reason
                self._epoch = None
                stop.wait(backoff)
                backoff = min(backoff * 2, LONGEST_BACKOFF_SECONDS)
        self._feed.close()
        self._redis.close()
        log.info("consumer_stopped", source=self._projection.source)

    def step(self) -> int:
        """Apply what came next, waiting a moment for it; return how many events."""
        if self._epoch is None and not self._load():
            return self._from_feed(wait=0)
        if time.monotonic() > self._look_at:
            # What was lost with nothing after it shows no gap in the stream.
            return self._look_at_feed()
        events = self._from_stream()
        if events is None:
            return self._from_feed(wait=LOOK_AT_FEED_SECONDS if self._redis_away else 0)
        return self._apply(events) if events else 0

    def _load(self) -> bool:
        with self._database.read() as session:
            checkpoint = session.get(self._projection.checkpoint, self._projection.source)
            if checkpoint is None:
                return False
            self._epoch, self._position = checkpoint.epoch, checkpoint.position
            return True

    def _from_stream(self) -> list[Event] | None:
        """Return the events that follow; ``None`` when the feed must be asked."""
        if self._epoch is None or time.monotonic() < self._redis_again_at:
            return None
        key = stream.stream_key(self._projection.source, self._epoch)
        try:
            events = stream.read(self._redis, key, self._position, BATCH, BLOCK_MS)
        except RedisError as error:
            if not self._redis_away:
                log.warning("redis_away", source=self._projection.source, error=str(error))
            self._redis_away = True
            self._redis_again_at = time.monotonic() + REDIS_AGAIN_SECONDS
            return None
        if self._redis_away:
            log.info("redis_back", source=self._projection.source)
            self._redis_away = False
        return events if _contiguous(events, self._position) else None

    def _look_at_feed(self) -> int:
        """Ask the feed although the stream flows; a source that doesn't answer stops nothing."""
        try:
            found = self._from_feed(wait=0)
        except httpx.HTTPError as error:
            if not self._feed_away:
                log.warning("feed_away", source=self._projection.source, error=in_words(error))
            self._feed_away = True
            self._look_at = time.monotonic() + LOOK_AGAIN_SECONDS
            return 0
        if self._feed_away:
            log.info("feed_back", source=self._projection.source)
        self._feed_away = False
        return found

    def _from_feed(self, wait: float) -> int:
        page = self._feed.read(self._position if self._epoch else 0, BATCH, wait)
        self._look_at = time.monotonic() + LOOK_AT_FEED_SECONDS
        self._head = max(self._head, page.head)
        if self._epoch is None:
            self._begin(page)
            return 1
        if page.epoch != self._epoch:
            log.warning("new_epoch", source=self._projection.source, epoch=str(page.epoch))
            rebuild(self._database, [(self._projection, self._feed)])
            self._epoch, self._head = None, 0
            return 1
        if not page.events:
            self._note_head(page.head)
            return 0
        if not _contiguous(page.events, self._position):
            raise ValueError(f"The feed of {self._projection.source} has a hole.")
        return self._apply(page.events)

    def _begin(self, page: FeedPage) -> None:
        with self._database.write() as session:
            if session.get(self._projection.checkpoint, self._projection.source) is None:
                session.add(
                    self._projection.checkpoint(
                        source=self._projection.source,
                        epoch=page.epoch,
                        head=page.head,
                        updated_at=utc_now(),
                    )
                )
        self._look_at = 0.0

    def _apply(self, events: Sequence[Event]) -> int:
        """Apply events in one transaction, or one by one when one of them fails."""
        try:
            with self._database.write() as session:
                self._claim(session, events)
                for event in events:
                    self._effect(session, event)
            self._position = events[-1].position
        except _FAULTS_OF_EVENTS:
            # Find the bad event, and let the others through.
            for event in events:
                self._apply_alone(event)
        return len(events)

    def _apply_alone(self, event: Event) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                with self._database.write() as session:
                    self._claim(session, [event])
                    self._effect(session, event)
            except _FAULTS_OF_EVENTS as error:
                cause = error.__cause__ if isinstance(error, EffectError) else error
                reason = in_words(cause)
                log.warning(
                    "event_not_applied", event_id=str(event.id), attempt=attempt, error=reason
                )
                if isinstance(cause, NotApplicableError):
                    break
                if attempt < TRIES:
                    self._stop.wait(FIRST_BACKOFF_SECONDS * 3 ** (attempt - 1))
            else:
                self._position = event.position
                return
        with self._database.write() as session:
            self._claim(session, [event])
            park(session, self._projection, event, reason, attempt)
        self._position = event.position
        log.error("event_parked", event_id=str(event.id), type=event.type, error=reason)

    def _claim(self, session: Session, events: Sequence[Event]) -> None:
        """Move the checkpoint in the transaction of the effects, before them.

        The row stays locked until they are committed: whoever else wants these events waits, then
        finds them taken, and `OvertakenError` undoes its attempt.
        """
        checkpoint = self._projection.checkpoint
        position = events[-1].position
        skipped = sum(not self._projection.concerns(event.type) for event in events)
        moved = session.execute(
            update(checkpoint)
            .where(
                col(checkpoint.source) == self._projection.source,
                col(checkpoint.epoch) == self._epoch,
                col(checkpoint.position) == self._position,
            )
            .values(
                position=position,
                head=max(self._head, position),
                skipped=checkpoint.skipped + skipped,
                updated_at=utc_now(),
            )
            .execution_options(synchronize_session=False)
        )
        assert isinstance(moved, CursorResult)  # noqa: S101
        if moved.rowcount != 1:
            raise OvertakenError

    def _effect(self, session: Session, event: Event) -> None:
        """Apply one event, or park it behind an earlier one of its subject that is parked."""
        if not self._projection.concerns(event.type):
            return
        with structlog.contextvars.bound_contextvars(event_id=str(event.id), type=event.type):
            trace = traceparent.set(event.traceparent)
            try:
                if waits_behind(session, self._projection, event):
                    park(session, self._projection, event, WAITS, 0)
                else:
                    self._projection.apply(session, event)
            except Exception as error:
                if is_passing(error):
                    raise
                raise EffectError from error
            finally:
                traceparent.reset(trace)

    def _note_head(self, head: int) -> None:
        checkpoint = self._projection.checkpoint
        with self._database.read() as session:
            found = session.get(checkpoint, self._projection.source)
        if found is not None and found.head != head:
            with self._database.write() as session:
                session.execute(
                    update(checkpoint)
                    .where(
                        col(checkpoint.source) == self._projection.source,
                        col(checkpoint.epoch) == self._epoch,
                        col(checkpoint.position) <= head,
                    )
                    .values(head=head)
                )


def _contiguous(events: Sequence[Event], after: int) -> bool:
    return all(event.position == after + step for step, event in enumerate(events, 1))
