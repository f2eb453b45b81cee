"""The relay: gives committed events their positions and adds them to the stream (rule 3).

Numbering is one transaction on the service's database, so positions are contiguous whatever
happens. Adding again is harmless, because Redis refuses an id that is not larger. A lease in the
database lets several relays run with one active; two active at once do no harm.
"""

import threading
import time
from datetime import timedelta
from uuid import UUID, uuid4

import structlog
from redis.exceptions import RedisError
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from shared import stream
from shared.columns import utc_now
from shared.database import Database
from shared.faults import in_words
from shared.outbox import begin_epoch, positioned, start_history, tables_of
from shared.outbox_watch import OutboxWatch
from shared.redaction import clean_stream

log = structlog.get_logger(__name__)

BATCH = 500
IDLE_SECONDS = 0.01
LEASE = timedelta(seconds=5)
LONGEST_BACKOFF_SECONDS = 2.0
KEEP_NOTE_SECONDS = 1.0
CLEAN_SECONDS = 1.0
UNSEEN = object()


class Relay:
    """The relay of one source."""

    def __init__(self, database: Database, source: str, redis_url: str) -> None:
        self._database = database
        self._source = source
        self._tables = tables_of(source)
        self._redis = stream.connect(redis_url, 5.0)
        self._owner = uuid4()
        self._watch = OutboxWatch(database, self._tables)
        self._epoch: UUID | None = None
        self._epoch_seen: object = UNSEEN
        self._published = 0
        self._noted = 0
        self._noted_at = 0.0
        self._cleaned_at = 0.0
        self._redis_away = False
        self._retry_at = 0.0
        self._backoff = 0.05

    def run(self, stop: threading.Event) -> None:
        """Relay until ``stop`` is set."""
        log.info("relay_started", source=self._source)
        told = ""
        while not stop.is_set():
            try:
                moved = self.step()
                told = ""
            except Exception as error:  # noqa: BLE001
                # Whatever it met, a relay that ended would stop the line.
                reason = in_words(error)
                if reason != told:
                    log.warning("relay_waits", source=self._source, error=reason)
                    told = reason
                self._epoch_seen = UNSEEN
                stop.wait(1.0)
                continue
            if not moved:
                stop.wait(IDLE_SECONDS)
        self._leave()
        log.info("relay_stopped", source=self._source)

    def step(self) -> int:
        """Number and add what is committed; return how many events moved."""
        if time.monotonic() - self._cleaned_at > CLEAN_SECONDS:
            self._clean()
        if not self._work_waits():
            if time.monotonic() - self._noted_at > KEEP_NOTE_SECONDS:
                self._note_published()
            return 0
        numbered = self._number()
        if numbered is None:
            # Another relay is active: look again when its lease may have ended.
            time.sleep(LEASE.total_seconds() / 10)
            return 0
        return numbered + self._publish()

    def _resume(self) -> None:
        with self._database.write() as session:
            self._epoch = start_history(session, self._source)
            state = session.get_one(self._tables.state, 1)
            self._published = self._noted = state.published_position

    def _work_waits(self) -> bool:
        unnumbered, last_position, epoch_seen = self._watch.look()
        if epoch_seen != self._epoch_seen:
            self._resume()
            unnumbered, last_position, self._epoch_seen = self._watch.look()
        if last_position < self._published:
            self._begin_epoch(f"the history ends at {last_position}, not {self._published}")
            return False
        return unnumbered or (
            self._published < last_position and time.monotonic() >= self._retry_at
        )

    def _number(self) -> int | None:
        """Give positions to committed rows; ``None`` when another relay holds the lease."""
        outbox = self._tables.outbox
        with self._database.write() as session:
            state = session.get_one(self._tables.state, 1, with_for_update=True)
            now = utc_now()
            if state.lease_owner not in (None, self._owner) and (
                state.lease_until is not None and state.lease_until > now
            ):
                return None
            if state.epoch != self._epoch:
                self._epoch = state.epoch
                self._published = self._noted = state.published_position
            state.lease_owner, state.lease_until = self._owner, now + LEASE
            rows = session.exec(
                select(outbox.id)
                .where(col(outbox.position).is_(None))
                .order_by(col(outbox.id))
                .limit(BATCH)
            ).all()
            if rows:
                session.execute(
                    update(outbox),
                    [
                        {"id": row, "position": state.last_position + offset}
                        for offset, row in enumerate(rows, 1)
                    ],
                )
            state.last_position += len(rows)
            self._published = max(self._published, state.published_position)
            state.published_position = self._published
            session.add(state)
        self._noted, self._noted_at = self._published, time.monotonic()
        return len(rows)

    def _publish(self) -> int:
        """Add numbered events to the stream; return how many."""
        if self._epoch is None or time.monotonic() < self._retry_at:
            return 0
        outbox = self._tables.outbox
        with self._database.read() as session:
            rows = session.exec(
                select(outbox)
                .where(col(outbox.position) > self._published)
                .order_by(col(outbox.position))
                .limit(BATCH)
            ).all()
            events = [
                stream.Numbered(row.position or 0, row.event_id, positioned(row)) for row in rows
            ]
        if not events:
            return 0
        try:
            stream.add(self._redis, stream.stream_key(self._source, self._epoch), events)
        except stream.HistoryConflictError as error:
            self._begin_epoch(str(error))
            return 0
        except RedisError as error:
            if not self._redis_away:
                log.warning("redis_away", source=self._source, error=str(error))
            self._redis_away = True
            self._retry_at = time.monotonic() + self._backoff
            self._backoff = min(self._backoff * 2, LONGEST_BACKOFF_SECONDS)
            return 0
        if self._redis_away:
            log.info("redis_back", source=self._source)
        self._redis_away, self._backoff = False, 0.05
        self._published = events[-1].position
        return len(events)

    def _clean(self) -> None:
        """Take out of the stream what was redacted in the history since."""
        self._cleaned_at = time.monotonic()
        try:
            clean_stream(self._database, self._redis, self._source, self._published)
        except RedisError as error:
            log.warning("stream_not_cleaned", source=self._source, error=str(error))

    def _begin_epoch(self, why: str) -> None:
        """Start a new history, because a backup was restored and nobody said so."""
        log.error("restored_backup_found", source=self._source, error=why)
        with self._database.write() as session:
            begin_epoch(session, self._source)
        self._epoch_seen = UNSEEN

    def _note_published(self) -> None:
        """Write down how far the stream is: only a restart needs it, so not at each event."""
        self._noted_at = time.monotonic()
        if self._published == self._noted or self._epoch is None:
            return
        state = self._tables.state
        with self._database.write() as session:
            session.execute(
                update(state)
                .where(
                    col(state.epoch) == self._epoch,
                    col(state.published_position) < self._published,
                )
                .values(published_position=self._published)
            )
        self._noted = self._published

    def _leave(self) -> None:
        """Note how far the stream is and end the lease, so that the next relay needn't wait."""
        try:
            self._note_published()
            state = self._tables.state
            with self._database.write() as session:
                session.execute(
                    update(state)
                    .where(col(state.lease_owner) == self._owner)
                    .values(lease_owner=None, lease_until=None)
                )
        except SQLAlchemyError as error:
            log.warning("lease_not_ended", source=self._source, error=in_words(error))
        self._watch.close()
        self._redis.close()
