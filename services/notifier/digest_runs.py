"""Digest runs: windows close, what waits in them becomes digests, each with a delivery.

A run is a row before anything is done for it. It closes windows in small transactions; a window
is closed by comparing and setting its bounds together with taking its items, so a run that was
killed goes on where it stopped, and two workers on one run do its work once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select, update

from services.notifier import pauses, subscribers
from services.notifier.tables import (
    Delivery,
    Digest,
    DigestItem,
    DigestRun,
    DigestWindow,
    Subscriber,
    Subscription,
)
from services.notifier.vocabulary import (
    DIGEST_FREQUENCIES,
    UNFINISHED,
    DeliveryKind,
    DeliveryState,
    Frequency,
    RunState,
    RunTrigger,
)
from services.notifier.windows import last_window_end, next_window_end
from shared.ids import new_id
from shared.problems import NOT_FOUND, Problem

BATCH = 100
"""Windows closed in one transaction."""

STALLED_AFTER = timedelta(seconds=20)
"""A run that made no progress for this long is taken up again."""


@dataclass(frozen=True)
class Tally:
    """What became of a run's e-mails."""

    digests: int
    sent: int
    failed: int
    cancelled: int
    waiting: int


def start_by_coordinator(
    session: Session, frequency: Frequency, coordinator_id: UUID, now: datetime
) -> DigestRun:
    """Return a run that closes every window of this frequency at ``now``.

    While such a run still collects, it is returned instead of a second one.
    """
    return _start(session, frequency, RunTrigger.COORDINATOR, now, coordinator_id)


def start_missing(session: Session, now: datetime) -> list[UUID]:
    """Start the runs that the calendar asks for and nobody started; return their ids."""
    return [
        _start(session, frequency, RunTrigger.SCHEDULE, now, None).id
        for frequency in DIGEST_FREQUENCIES
        if session.exec(
            select(DigestWindow.subscriber_id)
            .where(col(DigestWindow.frequency) == frequency, col(DigestWindow.ends_at) <= now)
            .limit(1)
        ).first()
    ]


def stalled(session: Session, now: datetime) -> list[UUID]:
    """Return the runs that should be collecting and are not."""
    return list(
        session.exec(
            select(DigestRun.id).where(
                col(DigestRun.state) == RunState.COLLECTING,
                col(DigestRun.progressed_at) < now - STALLED_AFTER,
            )
        )
    )


def collect_batch(session: Session, run_id: UUID, now: datetime) -> list[UUID] | None:
    """Close the next windows of the run; return the deliveries made, ``None`` when all are closed.

    Windows without items close without a word.
    """
    run = session.get(DigestRun, run_id)
    if run is None or run.state is not RunState.COLLECTING:
        return None
    windows = session.exec(
        select(DigestWindow, Subscriber)
        .join(Subscriber, col(Subscriber.id) == col(DigestWindow.subscriber_id))
        .where(_still_open(run))
        .order_by(col(DigestWindow.subscriber_id))
        .limit(BATCH)
    ).all()
    if not windows:
        run.state = RunState.SENDING
        session.add(run)
        session.flush()
        finish_if_settled(session, run_id, now)
        return None
    made = [
        delivery_id
        for window, subscriber in windows
        if (delivery_id := _close(session, run, window, subscriber, now))
    ]
    session.exec(update(DigestRun).where(col(DigestRun.id) == run_id).values(progressed_at=now))
    return made


def finish_if_settled(session: Session, run_id: UUID, now: datetime) -> None:
    """Mark the run as done when no e-mail of it can still leave."""
    unfinished = (
        select(Delivery.id)
        .where(col(Delivery.run_id) == run_id, col(Delivery.state).in_(UNFINISHED))
        .exists()
    )
    session.exec(
        update(DigestRun)
        .where(
            col(DigestRun.id) == run_id,
            col(DigestRun.state) == RunState.SENDING,
            ~unfinished,
        )
        .values(state=RunState.DONE, finished_at=now)
    )


def finish_settled(session: Session, now: datetime) -> None:
    """Mark every run as done whose last e-mails settled at the same moment."""
    for run_id in session.exec(
        select(DigestRun.id).where(col(DigestRun.state) == RunState.SENDING)
    ).all():
        finish_if_settled(session, run_id, now)


def get(session: Session, run_id: UUID) -> DigestRun:
    """Return the run; raise ``Problem`` when there is none."""
    run = session.get(DigestRun, run_id)
    if run is None:
        raise Problem(NOT_FOUND, "There is no digest run with this id.")
    return run


def tally(session: Session, run_id: UUID) -> Tally:
    """Count the run's e-mails by what became of them."""
    states = dict(
        session.exec(
            select(Delivery.state, func.count())
            .where(col(Delivery.run_id) == run_id)
            .group_by(col(Delivery.state))
        ).all()
    )
    return Tally(
        digests=sum(states.values()),
        sent=states.get(DeliveryState.SENT, 0),
        failed=states.get(DeliveryState.FAILED, 0),
        cancelled=states.get(DeliveryState.CANCELLED, 0),
        waiting=sum(states.get(state, 0) for state in UNFINISHED),
    )


def _start(
    session: Session,
    frequency: Frequency,
    trigger: RunTrigger,
    now: datetime,
    requested_by: UUID | None,
) -> DigestRun:
    collecting = select(DigestRun).where(
        col(DigestRun.frequency) == frequency,
        col(DigestRun.trigger) == trigger,
        col(DigestRun.state) == RunState.COLLECTING,
    )
    found = session.exec(collecting).first()
    if found is not None:
        return found
    run = DigestRun(
        frequency=frequency,
        trigger=trigger,
        window_end=now,
        requested_by=requested_by,
        started_at=now,
        progressed_at=now,
    )
    try:
        with session.begin_nested():
            session.add(run)
    except IntegrityError:
        return session.exec(collecting).one()
    return run


def _still_open(run: DigestRun) -> ColumnElement[bool]:
    if run.trigger is RunTrigger.SCHEDULE:
        bound = col(DigestWindow.ends_at) <= run.window_end
    else:
        bound = col(DigestWindow.starts_at) < run.window_end
    return and_(col(DigestWindow.frequency) == run.frequency, bound)


def _close(
    session: Session,
    run: DigestRun,
    window: DigestWindow,
    subscriber: Subscriber,
    now: datetime,
) -> UUID | None:
    schedule = subscribers.schedule(subscriber, run.frequency)
    if run.trigger is RunTrigger.SCHEDULE:
        # The stored end is the floor: the reader may have moved the hours while it was due.
        end = max(window.ends_at, last_window_end(run.window_end, schedule))
    else:
        end = run.window_end
    starts_at = window.starts_at
    closed = session.exec(
        update(DigestWindow)
        .where(
            col(DigestWindow.subscriber_id) == subscriber.id,
            col(DigestWindow.frequency) == run.frequency,
            col(DigestWindow.starts_at) == window.starts_at,
            col(DigestWindow.ends_at) == window.ends_at,
        )
        .values(starts_at=end, ends_at=next_window_end(max(end, now), schedule))
        .execution_options(synchronize_session=False)
    ).rowcount
    if not closed:
        return None
    session.exec(
        update(DigestRun)
        .where(col(DigestRun.id) == run.id)
        .values(subscribers=DigestRun.subscribers + 1)
        .execution_options(synchronize_session=False)
    )
    waiting = and_(
        col(DigestItem.subscriber_id) == subscriber.id,
        col(DigestItem.frequency) == run.frequency,
        col(DigestItem.digest_id).is_(None),
    )
    # An event recorded while its reader was leaving may have left an item behind.
    session.exec(
        delete(DigestItem).where(
            waiting,
            col(DigestItem.subscription_id).in_(
                select(Subscription.id).where(
                    col(Subscription.subscriber_id) == subscriber.id,
                    col(Subscription.ended_at).is_not(None),
                )
            ),
        )
    )
    in_window = and_(waiting, col(DigestItem.recorded_at) < end, pauses.over(end))
    if not session.exec(select(DigestItem.id).where(in_window).limit(1)).first():
        return None
    digest = Digest(
        id=new_id(),
        run_id=run.id,
        subscriber_id=subscriber.id,
        frequency=run.frequency,
        window_start=starts_at,
        window_end=end,
        created_at=now,
    )
    session.add(digest)
    session.flush()
    session.exec(update(DigestItem).where(in_window).values(digest_id=digest.id))
    delivery = Delivery(
        id=new_id(),
        kind=DeliveryKind.DIGEST,
        digest_id=digest.id,
        run_id=run.id,
        subscriber_id=subscriber.id,
        next_attempt_at=now,
        queued_at=now,
        created_at=now,
    )
    session.add(delivery)
    session.flush()
    return delivery.id
