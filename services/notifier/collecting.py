"""Collecting: the windows of a run close, shard by shard, and what waits in them becomes digests.

A batch is one transaction of a handful of statements, whatever its size. Its shard's row is locked
meanwhile, so several workers collect one run at once, each another shard, and one that was killed
has left nothing half done.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, insert
from sqlmodel import Session, col, delete, select, update

from services.notifier import digest_runs, pauses, reminders
from services.notifier.tables import (
    Delivery,
    Digest,
    DigestItem,
    DigestRun,
    DigestShard,
    DigestWindow,
    Subscriber,
    Subscription,
)
from services.notifier.vocabulary import DeliveryKind, DeliveryState, RunState, RunTrigger
from services.notifier.windows import Schedule, last_window_end, next_window_end
from shared.ids import new_id

BATCH = 500
"""Windows closed in one transaction."""

SHARD = 1_000
"""Subscribers of a shard."""


class Closed(NamedTuple):
    """A window that a batch closes."""

    subscriber_id: UUID
    starts_at: datetime
    ends_at: datetime
    next_end: datetime


def plan(session: Session, run_id: UUID, now: datetime) -> int:
    """Cut the run into shards, unless it is cut; return how many of them are left to collect."""
    run = _collecting(session, run_id, lock=True)
    if run is None:
        return 0
    if session.get(DigestShard, (run_id, 0)) is None:
        bounds = [None, *_bounds(session, run), None]
        session.add_all(
            DigestShard(run_id=run_id, number=number, after=after, up_to=up_to, progressed_at=now)
            for number, (after, up_to) in enumerate(pairwise(bounds))
        )
        session.flush()
    return session.exec(
        select(func.count()).where(
            col(DigestShard.run_id) == run_id, col(DigestShard.collected).is_(False)
        )
    ).one()


def collect_batch(session: Session, run_id: UUID, now: datetime) -> list[UUID] | None:
    """Close the next windows of the run; return the deliveries made, ``None`` when none is left.

    None is left for this worker, that is: others may be at the last shards. Windows without items
    close without a word.
    """
    run = _collecting(session, run_id)
    if run is None:
        return None
    shard = _next_shard(session, run_id)
    if shard is None:
        if plan(session, run_id, now):
            shard = _next_shard(session, run_id)
        if shard is None:
            return None
    ids = _open_windows(session, run, shard)
    closed = _close(session, run, ids[:BATCH], now)
    made = _make_digests(session, run, closed, now)
    shard.subscribers += len(closed)
    shard.digests += len(made)
    shard.progressed_at = now
    shard.collected = len(ids) <= BATCH
    session.add(shard)
    session.flush()
    if shard.collected:
        digest_runs.finish_collecting(session, run_id, now)
    return made


def _collecting(session: Session, run_id: UUID, *, lock: bool = False) -> DigestRun | None:
    statement = select(DigestRun).where(
        col(DigestRun.id) == run_id, col(DigestRun.state) == RunState.COLLECTING
    )
    return session.exec(statement.with_for_update() if lock else statement).one_or_none()


def _bounds(session: Session, run: DigestRun) -> Sequence[UUID]:
    """Return the last subscriber of each shard but the last."""
    place = func.row_number().over(order_by=col(DigestWindow.subscriber_id)).label("place")
    numbered = (
        select(DigestWindow.subscriber_id, place).where(digest_runs.still_open(run)).subquery()
    )
    return session.exec(
        select(numbered.c.subscriber_id)
        .where(numbered.c.place % SHARD == 0)
        .order_by(numbered.c.subscriber_id)
    ).all()


def _next_shard(session: Session, run_id: UUID) -> DigestShard | None:
    """Return the first shard that nobody else is at, locked."""
    return session.exec(
        select(DigestShard)
        .where(col(DigestShard.run_id) == run_id, col(DigestShard.collected).is_(False))
        .order_by(col(DigestShard.number))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()


def _open_windows(session: Session, run: DigestRun, shard: DigestShard) -> Sequence[UUID]:
    """Return whose windows are next, and one more if there are others."""
    of_shard = [digest_runs.still_open(run)]
    if shard.after is not None:
        of_shard.append(col(DigestWindow.subscriber_id) > shard.after)
    if shard.up_to is not None:
        of_shard.append(col(DigestWindow.subscriber_id) <= shard.up_to)
    return session.exec(
        select(DigestWindow.subscriber_id)
        .where(*of_shard)
        .order_by(col(DigestWindow.subscriber_id))
        .limit(BATCH + 1)
    ).all()


def _close(session: Session, run: DigestRun, ids: Sequence[UUID], now: datetime) -> list[Closed]:
    """Close the windows of these subscribers, as far as they are still open."""
    # A reader who leaves locks the subscriber before the window, so this does too.
    readers = session.exec(
        select(Subscriber.id, Subscriber.time_zone, Subscriber.hour, Subscriber.weekday)
        .where(col(Subscriber.id).in_(ids))
        .order_by(col(Subscriber.id))
        .with_for_update(read=True, key_share=True)
    ).all()
    windows = {
        subscriber_id: (starts_at, ends_at)
        for subscriber_id, starts_at, ends_at in session.exec(
            select(DigestWindow.subscriber_id, DigestWindow.starts_at, DigestWindow.ends_at)
            .where(col(DigestWindow.subscriber_id).in_(ids), digest_runs.still_open(run))
            .with_for_update()
        )
    }
    closed = []
    for subscriber_id, time_zone, hour, weekday in readers:
        if subscriber_id in windows:
            schedule = Schedule(run.frequency, time_zone, hour, weekday)
            closed.append(_closed(run, subscriber_id, windows[subscriber_id], schedule, now))
    by_times: dict[tuple[datetime, datetime], list[UUID]] = {}
    for window in closed:
        by_times.setdefault((window.ends_at, window.next_end), []).append(window.subscriber_id)
    for (end, next_end), of_time in by_times.items():
        session.exec(
            update(DigestWindow)
            .where(
                col(DigestWindow.subscriber_id).in_(of_time),
                col(DigestWindow.frequency) == run.frequency,
            )
            .values(starts_at=end, ends_at=next_end)
            .execution_options(synchronize_session=False)
        )
    return closed


def _closed(
    run: DigestRun,
    subscriber_id: UUID,
    window: tuple[datetime, datetime],
    schedule: Schedule,
    now: datetime,
) -> Closed:
    starts_at, ends_at = window
    if run.trigger is RunTrigger.SCHEDULE:
        # The stored end is the floor: the reader may have moved the hours while it was due.
        end = max(ends_at, _last_end(run.window_end, schedule))
    else:
        end = run.window_end
    return Closed(subscriber_id, starts_at, end, _next_end(max(end, now), schedule))


# Readers of one batch share few schedules, and each costs some fifty dates.
_last_end = lru_cache(4_096)(last_window_end)
_next_end = lru_cache(4_096)(next_window_end)


def _reminded(
    session: Session, run: DigestRun, closed: Sequence[Closed], now: datetime
) -> set[UUID]:
    """Return who gets a digest for what is owed, whatever is new."""
    owing = reminders.calls(session, [window.subscriber_id for window in closed], now)
    called = {
        window.subscriber_id: window.ends_at
        for window in closed
        if (calls := owing.get(window.subscriber_id))
        and calls.for_digest(window.starts_at, window.ends_at)
    }
    if not called:
        return set()
    subscriptions = session.exec(
        select(Subscription.subscriber_id, Subscription.paused_until).where(
            col(Subscription.subscriber_id).in_(called),
            col(Subscription.frequency) == run.frequency,
            col(Subscription.ended_at).is_(None),
        )
    )
    return {reader for reader, rests in subscriptions if rests is None or rests <= called[reader]}


def _make_digests(
    session: Session, run: DigestRun, closed: Sequence[Closed], now: datetime
) -> list[UUID]:
    """Make a digest and its delivery of each closed window that has items."""
    if not closed:
        return []
    waiting = and_(
        col(DigestItem.subscriber_id).in_([window.subscriber_id for window in closed]),
        col(DigestItem.frequency) == run.frequency,
        col(DigestItem.digest_id).is_(None),
    )
    _drop_ended(session, waiting, [window.subscriber_id for window in closed])
    ends = and_(
        col(DigestWindow.subscriber_id) == col(DigestItem.subscriber_id),
        col(DigestWindow.frequency) == col(DigestItem.frequency),
        col(DigestItem.recorded_at) < col(DigestWindow.starts_at),
        pauses.over(col(DigestWindow.starts_at)),
    )
    readers = set(
        session.exec(
            select(DigestItem.subscriber_id).join(DigestWindow, ends).where(waiting).distinct()
        )
    )
    readers |= _reminded(session, run, closed, now)
    told = [window for window in closed if window.subscriber_id in readers]
    if not told:
        return []
    digests = [
        {
            "id": new_id(),
            "run_id": run.id,
            "subscriber_id": window.subscriber_id,
            "frequency": run.frequency,
            "window_start": window.starts_at,
            "window_end": window.ends_at,
            "created_at": now,
        }
        for window in told
    ]
    session.execute(insert(Digest), digests)
    session.exec(
        update(DigestItem)
        .where(
            waiting,
            # By its id: of a run that goes on nothing tells PostgreSQL how many digests it has.
            col(Digest.id).in_([digest["id"] for digest in digests]),
            col(Digest.subscriber_id) == col(DigestItem.subscriber_id),
            col(DigestItem.recorded_at) < col(Digest.window_end),
            pauses.over(col(Digest.window_end)),
        )
        .values(digest_id=col(Digest.id))
        .execution_options(synchronize_session=False)
    )
    made = [new_id() for _ in digests]
    deliveries = [
        {
            "id": delivery_id,
            "kind": DeliveryKind.DIGEST,
            "digest_id": digest["id"],
            "run_id": run.id,
            "subscriber_id": digest["subscriber_id"],
            "state": DeliveryState.DUE,
            "attempts": 0,
            "doubts": 0,
            "next_attempt_at": now,
            "queued_at": None,
            "created_at": now,
        }
        for delivery_id, digest in zip(made, digests, strict=True)
    ]
    # Without the option what is empty gets its default, which is to be queued.
    session.execute(insert(Delivery).execution_options(render_nulls=True), deliveries)
    return made


def _drop_ended(
    session: Session, waiting: ColumnElement[bool], subscriber_ids: Collection[UUID]
) -> None:
    """Drop what an event that was recorded while its reader was leaving may have left behind."""
    ended = select(Subscription.id).where(
        col(Subscription.subscriber_id).in_(subscriber_ids),
        col(Subscription.ended_at).is_not(None),
    )
    session.exec(
        delete(DigestItem)
        .where(waiting, col(DigestItem.subscription_id).in_(ended))
        .execution_options(synchronize_session=False)
    )
