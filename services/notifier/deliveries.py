"""Deliveries: each e-mail from the intent to the mail server's answer.

A worker claims a delivery by comparing and setting its state and time, sends, and records the
answer. Killed between the mail server's acceptance and that record, the claim lapses and the
e-mail is sent once more, with the same Message-ID, by which mail programs know it is the same.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select, update

from services.notifier import digest_runs, suppressions
from services.notifier.tables import Delivery, Subscription
from services.notifier.vocabulary import UNFINISHED, DeliveryKind, DeliveryState

BACKOFF = (
    timedelta(seconds=15),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
"""How long to wait after each attempt that may yet succeed: two days in all, then it failed."""


@dataclass(frozen=True)
class Claim:
    """A worker's hold on one delivery, until it lapses."""

    delivery_id: UUID
    kind: DeliveryKind
    request_id: UUID | None
    digest_id: UUID | None
    run_id: UUID | None
    attempt: int


def claim(session: Session, delivery_id: UUID, now: datetime, hold: timedelta) -> Claim | None:
    """Take the delivery for ``hold``; ``None`` when it is done, not due, or somebody else's.

    A reader who has left in the meantime gets nothing, and neither does a suppressed address: the
    delivery is cancelled.
    """
    delivery = session.get(Delivery, delivery_id)
    if delivery is None or delivery.state not in UNFINISHED or delivery.next_attempt_at > now:
        return None
    seen = (
        col(Delivery.id) == delivery_id,
        col(Delivery.state) == delivery.state,
        col(Delivery.next_attempt_at) == delivery.next_attempt_at,
    )
    if delivery.subscriber_id is not None and not _reads(session, delivery.subscriber_id):
        session.exec(
            update(Delivery)
            .where(*seen)
            .values(state=DeliveryState.CANCELLED, finished_at=now, answer="The reader left.")
        )
        _settle_run(session, delivery.run_id, now)
        return None
    if suppressions.cancel_suppressed(session, [delivery_id], now):
        return None
    attempt = delivery.attempts + 1
    taken = session.exec(
        update(Delivery)
        .where(*seen)
        .values(state=DeliveryState.SENDING, attempts=attempt, next_attempt_at=now + hold)
    ).rowcount
    if not taken:
        return None
    return Claim(
        delivery_id=delivery_id,
        kind=delivery.kind,
        request_id=delivery.request_id,
        digest_id=delivery.digest_id,
        run_id=delivery.run_id,
        attempt=attempt,
    )


def held(session: Session, claim: Claim) -> bool:
    """Tell whether the claim still stands; a reader may have left since it was taken."""
    return (
        session.exec(
            select(Delivery.id).where(
                col(Delivery.id) == claim.delivery_id,
                col(Delivery.state) == DeliveryState.SENDING,
                col(Delivery.attempts) == claim.attempt,
            )
        ).first()
        is not None
    )


def mark_sent(session: Session, claim: Claim, now: datetime) -> None:
    """Record that the mail server accepted the e-mail, whatever happened to the claim since."""
    _finish(session, claim, DeliveryState.SENT, None, now)


def mark_refused(session: Session, claim: Claim, reason: str, now: datetime) -> None:
    """Record that the mail server refused the e-mail for good, and why."""
    _finish(session, claim, DeliveryState.FAILED, reason, now)


def mark_postponed(session: Session, claim: Claim, reason: str, now: datetime) -> None:
    """Record why the attempt failed and when the next is due; after the last one it failed."""
    if claim.attempt > len(BACKOFF):
        _finish(session, claim, DeliveryState.FAILED, f"Given up: {reason}", now)
        return
    session.exec(
        update(Delivery)
        .where(
            col(Delivery.id) == claim.delivery_id,
            col(Delivery.state) == DeliveryState.SENDING,
            col(Delivery.attempts) == claim.attempt,
        )
        .values(
            state=DeliveryState.DUE,
            next_attempt_at=now + BACKOFF[claim.attempt - 1],
            queued_at=None,
            answer=reason,
        )
    )


def take_unqueued(
    session: Session, now: datetime, requeue_after: timedelta, limit: int
) -> list[tuple[UUID, DeliveryKind]]:
    """Return what is due and not in a queue as far as known, and note it as queued now.

    A task that the broker lost counts as lost after ``requeue_after``. One that was only slow is
    then queued twice, which the claim makes harmless.
    """
    lost = col(Delivery.queued_at).is_(None) | (col(Delivery.queued_at) < now - requeue_after)
    due = session.exec(
        select(Delivery.id, Delivery.kind)
        .where(col(Delivery.state).in_(UNFINISHED), col(Delivery.next_attempt_at) <= now, lost)
        .order_by(col(Delivery.next_attempt_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if due:
        session.exec(
            update(Delivery)
            .where(col(Delivery.id).in_([delivery_id for delivery_id, _ in due]))
            .values(queued_at=now)
        )
    return [(delivery_id, DeliveryKind(kind)) for delivery_id, kind in due]


def _reads(session: Session, subscriber_id: UUID) -> bool:
    return (
        session.exec(
            select(Subscription.id)
            .where(
                col(Subscription.subscriber_id) == subscriber_id,
                col(Subscription.ended_at).is_(None),
            )
            .limit(1)
        ).first()
        is not None
    )


def _finish(
    session: Session, claim: Claim, state: DeliveryState, answer: str | None, now: datetime
) -> None:
    unsettled = (
        col(Delivery.state) != DeliveryState.SENT
        if state is DeliveryState.SENT
        else col(Delivery.state) == DeliveryState.SENDING
    )
    session.exec(
        update(Delivery)
        .where(col(Delivery.id) == claim.delivery_id, unsettled)
        .values(state=state, finished_at=now, answer=answer)
    )
    _settle_run(session, claim.run_id, now)


def _settle_run(session: Session, run_id: UUID | None, now: datetime) -> None:
    if run_id is not None:
        digest_runs.finish_if_settled(session, run_id, now)
