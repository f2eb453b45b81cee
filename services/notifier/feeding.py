"""Feeding: due e-mails go into the queues little by little; the others wait in the database.

However large a run is, its queue holds what its workers send within seconds, and whoever sends asks
for more before the queue is empty. That is a shortcut like every task: the sweep feeds too, and
finds what the broker lost.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import product
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select, update

from services.notifier.pausing import not_paused
from services.notifier.tables import Delivery
from services.notifier.vocabulary import UNFINISHED, DeliveryKind, DeliveryState
from shared.columns import is_one_of

Queued = list[tuple[UUID, DeliveryKind]]


def take_waiting(
    session: Session, now: datetime, limit: int, kinds: Collection[DeliveryKind]
) -> Queued:
    """Return what is due and in no queue, the longest waiting first, noted as queued now."""
    unqueued = col(Delivery.queued_at).is_(None)
    return _take(session, now, limit, kinds, states=[DeliveryState.DUE], which=unqueued)


def take_unqueued(
    session: Session,
    now: datetime,
    requeue_after: timedelta,
    limit: int,
    kinds: Collection[DeliveryKind] = tuple(DeliveryKind),
) -> Queued:
    """Return likewise what is due and not in a queue as far as known.

    A task that the broker lost counts as lost after ``requeue_after``. One that was only slow is
    then queued twice, which `deliveries.take` makes harmless.
    """
    lost = col(Delivery.queued_at).is_(None) | (col(Delivery.queued_at) < now - requeue_after)
    return _take(session, now, limit, kinds, states=UNFINISHED, which=lost)


def _take(
    session: Session,
    now: datetime,
    limit: int,
    kinds: Collection[DeliveryKind],
    *,
    states: Collection[DeliveryState],
    which: ColumnElement[bool],
) -> Queued:
    found = []
    # One question for each, so that the index yields them in order and a large run isn't sorted.
    for kind, state in product(kinds, states):
        longest_waiting = session.exec(
            select(Delivery.next_attempt_at, Delivery.id)
            .where(
                col(Delivery.state) == state,
                col(Delivery.kind) == kind,
                col(Delivery.next_attempt_at) <= now,
                which,
                not_paused(),
            )
            .order_by(col(Delivery.next_attempt_at))
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        found += [(since, delivery_id, kind) for since, delivery_id in longest_waiting]
    taken = [(delivery_id, kind) for _since, delivery_id, kind in sorted(found)[:limit]]
    if taken:
        session.exec(
            update(Delivery)
            .where(is_one_of(session, Delivery.id, [delivery_id for delivery_id, _ in taken]))
            .values(queued_at=now)
            .execution_options(synchronize_session=False)
        )
    return taken
