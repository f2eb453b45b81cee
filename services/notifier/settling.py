"""Settling: what waits for a reader agrees with what the reader wants now, and when."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, delete, select, update

from services.notifier import audiences, pauses, reach, subscribers
from services.notifier.tables import (
    Delivery,
    DigestItem,
    DigestWindow,
    Notice,
    Subscriber,
    Subscription,
)
from services.notifier.vocabulary import (
    DIGEST_FREQUENCIES,
    DeliveryState,
    EndedBy,
    Frequency,
)
from services.notifier.windows import next_window_end


def most_immediate(subscriptions: Iterable[Subscription], now: datetime) -> Subscription | None:
    """Return by which of the subscriptions something new is told; ``None`` for by none.

    That is the one that asks soonest of those that don't rest; of equals the eldest. While all
    rest, the first whose pause ends gathers it, unless it tells at once.
    """
    asking = [each for each in subscriptions if each.frequency is not Frequency.NEVER]
    return _soonest(asking, now) or _first_to_wake(
        each for each in asking if each.frequency in DIGEST_FREQUENCIES
    )


def settle_choices(session: Session, subscriber: Subscriber, now: datetime) -> None:
    """Make waiting items and open windows agree with the subscriptions and hours as they are now.

    A waiting item moves to the frequency that now asks for it, and goes when none does. What a
    reader now wants at once but already waits in a window stays there: it is no news any more.
    """
    active = subscribers.active_subscriptions(session, subscriber.id)
    needed = {each.frequency for each in active if each.frequency in DIGEST_FREQUENCIES}
    lapsed = _lapsed(session, subscriber)
    waiting = _waiting(session, subscriber)
    concerning = audiences.concerning(session, [notice for _, notice in waiting], subscriber.id)
    for item, notice in waiting:
        best = _kept_by(_asking(active, notice, concerning), now)
        if best is None and item.subscription_id not in lapsed:
            session.delete(item)
            continue
        if best is not None:
            item.subscription_id = best.id
            if best.frequency in DIGEST_FREQUENCIES:
                item.frequency = best.frequency
        needed.add(item.frequency)
        session.add(item)
    _withdraw_unsent(session, subscriber, active, now)
    _keep_windows(session, subscriber, needed, now)
    session.flush()


def wants_any(
    session: Session, subscriber_id: UUID, notice_ids: Collection[UUID], now: datetime
) -> bool:
    """Return whether the reader wants any of the notices now."""
    active = subscribers.active_subscriptions(session, subscriber_id)
    notices = session.exec(select(Notice).where(col(Notice.id).in_(notice_ids))).all()
    concerning = audiences.concerning(session, notices, subscriber_id)
    return any(_kept_by(_asking(active, notice, concerning), now) is not None for notice in notices)


def _asking(
    active: Sequence[Subscription], notice: Notice, concerning: Collection[UUID]
) -> list[Subscription]:
    """Return by which subscriptions a notice may be told: any, if it concerns the reader."""
    return [each for each in active if notice.id in concerning or reach.follows(notice, each)]


def _kept_by(subscriptions: Sequence[Subscription], now: datetime) -> Subscription | None:
    """Return by which subscription a waiting item is told, though it may tell at once later."""
    asking = [each for each in subscriptions if each.frequency is not Frequency.NEVER]
    return _soonest(asking, now) or _first_to_wake(asking)


def _soonest(subscriptions: Sequence[Subscription], now: datetime) -> Subscription | None:
    awake = (each for each in subscriptions if not pauses.is_paused(each, now))
    return min(awake, key=lambda each: (each.frequency.urgency, each.id), default=None)


def _first_to_wake(subscriptions: Iterable[Subscription]) -> Subscription | None:
    return min(
        subscriptions,
        key=lambda each: (each.paused_until, each.frequency.urgency, each.id),
        default=None,
    )


def _waiting(session: Session, subscriber: Subscriber) -> Sequence[tuple[DigestItem, Notice]]:
    return session.exec(
        select(DigestItem, Notice)
        .join(Notice, col(Notice.id) == col(DigestItem.notice_id))
        .where(
            col(DigestItem.subscriber_id) == subscriber.id,
            col(DigestItem.digest_id).is_(None),
        )
    ).all()


def _lapsed(session: Session, subscriber: Subscriber) -> set[UUID]:
    """Return the subscriptions that ended with a role.

    Their items go when their window closes and no sooner: a role that is told late, or told again
    with the whole history, may come back before.
    """
    return set(
        session.exec(
            select(Subscription.id).where(
                col(Subscription.subscriber_id) == subscriber.id,
                col(Subscription.ended_by) == EndedBy.ROLE,
            )
        )
    )


def _withdraw_unsent(
    session: Session, subscriber: Subscriber, active: Sequence[Subscription], now: datetime
) -> None:
    """Take out of e-mails that have not left what no subscription asks for any more.

    One that is sent again has told its items before: they stay, and it goes when all are unwanted.
    """
    unsent = session.exec(
        select(Delivery, DigestItem, Notice)
        .join(DigestItem, col(DigestItem.digest_id) == col(Delivery.digest_id))
        .join(Notice, col(Notice.id) == col(DigestItem.notice_id))
        .where(
            col(Delivery.subscriber_id) == subscriber.id,
            col(Delivery.state) == DeliveryState.DUE,
        )
        .with_for_update(of=Delivery)
    ).all()
    concerning = audiences.concerning(session, [notice for *_, notice in unsent], subscriber.id)
    left = {delivery.id: 0 for delivery, _, _ in unsent}
    for delivery, item, notice in unsent:
        if _kept_by(_asking(active, notice, concerning), now) is None:
            if delivery.resends is None:
                session.delete(item)
        else:
            left[delivery.id] += 1
    emptied = [delivery_id for delivery_id, items in left.items() if not items]
    if emptied:
        session.exec(
            update(Delivery)
            .where(col(Delivery.id).in_(emptied), col(Delivery.state) == DeliveryState.DUE)
            .values(
                state=DeliveryState.CANCELLED,
                finished_at=now,
                answer="The reader wants none of it any more.",
            )
        )


def _keep_windows(
    session: Session, subscriber: Subscriber, needed: set[Frequency], now: datetime
) -> None:
    for frequency in DIGEST_FREQUENCIES:
        window = session.get(DigestWindow, (subscriber.id, frequency))
        if frequency not in needed:
            session.exec(
                delete(DigestWindow).where(
                    col(DigestWindow.subscriber_id) == subscriber.id,
                    col(DigestWindow.frequency) == frequency,
                )
            )
            continue
        if window is None:
            window = DigestWindow(
                subscriber_id=subscriber.id, frequency=frequency, starts_at=now, ends_at=now
            )
        elif window.ends_at <= now:
            continue  # It is due: the run that closes it finds the next end by the new hours.
        window.ends_at = next_window_end(now, subscribers.schedule(subscriber, frequency))
        session.add(window)
