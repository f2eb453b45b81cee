"""Digest runs: windows close, what waits in them becomes digests, each with a delivery.

A run is a row before anything is done for it, and so are its shards, which `collecting` works on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from services.notifier.tables import Delivery, DigestRun, DigestShard, DigestWindow
from services.notifier.vocabulary import (
    DIGEST_FREQUENCIES,
    UNFINISHED,
    DeliveryState,
    Frequency,
    RunState,
    RunTrigger,
)
from shared.problems import INVALID, NOT_FOUND, FieldError, Problem

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
    parked: int
    in_doubt: int
    """How many may have been sent twice, as nobody learned of the mail server's answer."""


def start_by_coordinator(
    session: Session, frequency: Frequency, coordinator_id: UUID, now: datetime
) -> DigestRun:
    """Return a run that closes every window of this frequency at ``now``.

    While such a run still collects, it is returned instead of a second one.
    """
    return _start(session, frequency, RunTrigger.COORDINATOR, now, coordinator_id)


def start_missing(session: Session, now: datetime) -> list[UUID]:
    """Start the runs that the calendar asks for and nobody started; return their ids.

    What became due since a run began to collect waits for the next one.
    """
    return [
        _start(session, frequency, RunTrigger.SCHEDULE, now, None).id
        for frequency in DIGEST_FREQUENCIES
        if _any_due(session, frequency, now)
        and session.exec(_collecting(frequency, RunTrigger.SCHEDULE)).first() is None
    ]


def take_stalled(session: Session, now: datetime) -> list[UUID]:
    """Return the runs that should be collecting and are not, noted as taken up now."""
    lately = now - STALLED_AFTER
    goes_on = (
        select(DigestShard.number)
        .where(
            col(DigestShard.run_id) == col(DigestRun.id), col(DigestShard.progressed_at) > lately
        )
        .exists()
    )
    stalled = session.execute(
        update(DigestRun)
        .where(
            col(DigestRun.state) == RunState.COLLECTING,
            col(DigestRun.progressed_at) < lately,
            ~goes_on,
        )
        .values(progressed_at=now)
        .returning(col(DigestRun.id))
        .execution_options(synchronize_session=False)
    )
    return list(stalled.scalars())


def finish_collecting(session: Session, run_id: UUID, now: datetime) -> None:
    """Let the run go on to sending when its last shard is collected."""
    run = session.exec(select(DigestRun).where(col(DigestRun.id) == run_id).with_for_update()).one()
    subscribers, left = session.exec(
        select(
            func.sum(DigestShard.subscribers),
            func.sum(case((col(DigestShard.collected), 0), else_=1)),
        ).where(col(DigestShard.run_id) == run_id)
    ).one()
    run.subscribers = subscribers
    run.progressed_at = now
    if not left:
        run.state = RunState.SENDING
    session.add(run)
    session.flush()
    finish_if_settled(session, run_id, now)


def finish_if_settled(session: Session, run_id: UUID, now: datetime) -> None:
    """Mark the run as done when no e-mail of it can still leave."""
    # The newest is sent last, so while a run goes on one look is enough.
    waiting = (
        select(Delivery.id)
        .where(col(Delivery.run_id) == run_id, col(Delivery.state) == DeliveryState.DUE)
        .order_by(col(Delivery.id).desc())
        .limit(1)
    )
    if session.exec(waiting).first():
        return
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


def selection(
    *,
    frequency: Frequency | None = None,
    state: RunState | None = None,
    started_from: datetime | None = None,
    started_before: datetime | None = None,
) -> SelectOfScalar[DigestRun]:
    """Return the query of the runs that fit; raise ``Problem`` (422) for a time that ends early."""
    if started_from is not None and started_before is not None and started_before <= started_from:
        raise Problem(
            INVALID,
            "The time ends before it begins: choose a later end.",
            errors=[FieldError(pointer="started_before", detail="Not after started_from.")],
        )
    statement = select(DigestRun)
    if frequency is not None:
        statement = statement.where(col(DigestRun.frequency) == frequency)
    if state is not None:
        statement = statement.where(col(DigestRun.state) == state)
    if started_from is not None:
        statement = statement.where(col(DigestRun.started_at) >= started_from)
    if started_before is not None:
        statement = statement.where(col(DigestRun.started_at) < started_before)
    return statement


def tally(session: Session, run_id: UUID) -> Tally:
    """Count the run's e-mails by what became of them."""
    in_doubt = func.sum(case((col(Delivery.doubts) > 0, 1), else_=0))
    rows = session.exec(
        select(Delivery.state, func.count(), in_doubt)
        .where(col(Delivery.run_id) == run_id)
        .group_by(col(Delivery.state))
    ).all()
    states = {state: number for state, number, _ in rows}
    return Tally(
        digests=sum(states.values()),
        sent=states.get(DeliveryState.SENT, 0),
        failed=states.get(DeliveryState.FAILED, 0),
        cancelled=states.get(DeliveryState.CANCELLED, 0),
        waiting=sum(states.get(state, 0) for state in UNFINISHED),
        parked=states.get(DeliveryState.PARKED, 0),
        in_doubt=sum(doubted for _, _, doubted in rows),
    )


def still_open(run: DigestRun) -> ColumnElement[bool]:
    """Return the condition that the run has yet to close a window."""
    if run.trigger is RunTrigger.SCHEDULE:
        bound = col(DigestWindow.ends_at) <= run.window_end
    else:
        bound = col(DigestWindow.starts_at) < run.window_end
    return and_(col(DigestWindow.frequency) == run.frequency, bound)


def _start(
    session: Session,
    frequency: Frequency,
    trigger: RunTrigger,
    now: datetime,
    requested_by: UUID | None,
) -> DigestRun:
    found = session.exec(_collecting(frequency, trigger)).first()
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
        return session.exec(_collecting(frequency, trigger)).one()
    return run


def _collecting(frequency: Frequency, trigger: RunTrigger) -> SelectOfScalar[DigestRun]:
    return select(DigestRun).where(
        col(DigestRun.frequency) == frequency,
        col(DigestRun.trigger) == trigger,
        col(DigestRun.state) == RunState.COLLECTING,
    )


def _any_due(session: Session, frequency: Frequency, now: datetime) -> bool:
    due = select(DigestWindow.subscriber_id).where(
        col(DigestWindow.frequency) == frequency, col(DigestWindow.ends_at) <= now
    )
    return session.exec(due.limit(1)).first() is not None
