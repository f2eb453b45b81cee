"""Subscribers: the readers, their hours, and the windows that follow from both."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select, update

from services.notifier import reach
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
    UNFINISHED,
    DeliveryState,
    Frequency,
)
from services.notifier.windows import Schedule, next_window_end
from shared.problems import NOT_FOUND, Problem

DEFAULT_LANGUAGE = "en"
DEFAULT_TIME_ZONE = "UTC"
DEFAULT_HOUR = 8
DEFAULT_WEEKDAY = 1


@dataclass(frozen=True)
class Hours:
    """When and in which language a reader reads; ``None`` leaves what was chosen before."""

    language: str | None = None
    time_zone: str | None = None
    hour: int | None = None
    weekday: int | None = None


def lock(session: Session, subscriber_id: UUID) -> Subscriber:
    """Return the subscriber, locked for this transaction; raise ``Problem`` when unknown."""
    subscriber = session.exec(
        select(Subscriber).where(col(Subscriber.id) == subscriber_id).with_for_update()
    ).one_or_none()
    if subscriber is None:
        raise Problem(NOT_FOUND, "Nobody is subscribed with this link any more.")
    return subscriber


def lock_or_add(session: Session, email: str, hours: Hours) -> Subscriber:
    """Return the subscriber with this confirmed address, made when new and locked."""
    if session.exec(select(Subscriber.id).where(col(Subscriber.email) == email)).first() is None:
        new = Subscriber(
            email=email,
            language=hours.language or DEFAULT_LANGUAGE,
            time_zone=hours.time_zone or DEFAULT_TIME_ZONE,
            hour=DEFAULT_HOUR if hours.hour is None else hours.hour,
            weekday=hours.weekday or DEFAULT_WEEKDAY,
        )
        try:
            with session.begin_nested():
                session.add(new)
        except IntegrityError:
            pass  # Another click of the same person came first; its row is found below.
    subscriber = session.exec(
        select(Subscriber).where(col(Subscriber.email) == email).with_for_update()
    ).one()
    set_hours(session, subscriber, hours)
    return subscriber


def set_hours(session: Session, subscriber: Subscriber, hours: Hours) -> None:
    """Change what ``hours`` names."""
    subscriber.language = hours.language or subscriber.language
    subscriber.time_zone = hours.time_zone or subscriber.time_zone
    subscriber.hour = subscriber.hour if hours.hour is None else hours.hour
    subscriber.weekday = hours.weekday or subscriber.weekday
    session.add(subscriber)
    session.flush()


def schedule(subscriber: Subscriber, frequency: Frequency) -> Schedule:
    """Return when the subscriber's windows of this frequency end."""
    return Schedule(frequency, subscriber.time_zone, subscriber.hour, subscriber.weekday)


def settle_choices(session: Session, subscriber: Subscriber, now: datetime) -> None:
    """Make waiting items and open windows agree with the subscriptions and hours as they are now.

    A waiting item moves to the frequency that now asks for it, and goes when none does. What a
    reader now wants at once but already waits in a window stays there: it is no news any more.
    """
    active = active_subscriptions(session, subscriber.id)
    needed = {each.frequency for each in active if each.frequency in DIGEST_FREQUENCIES}
    waiting = session.exec(
        select(DigestItem, Notice)
        .join(Notice, col(Notice.id) == col(DigestItem.notice_id))
        .where(
            col(DigestItem.subscriber_id) == subscriber.id,
            col(DigestItem.digest_id).is_(None),
        )
    ).all()
    for item, notice in waiting:
        best = most_immediate(each for each in active if reach.concerns(notice, each))
        if best is None:
            session.delete(item)
            continue
        item.subscription_id = best.id
        if best.frequency in DIGEST_FREQUENCIES:
            item.frequency = best.frequency
        needed.add(item.frequency)
        session.add(item)
    _keep_windows(session, subscriber, needed, now)
    session.flush()


def most_immediate(subscriptions: Iterable[Subscription]) -> Subscription | None:
    """Return the subscription that asks soonest; of equals the eldest; ``None`` of none.

    One that never wants to hear asks for nothing.
    """
    asking = (each for each in subscriptions if each.frequency is not Frequency.NEVER)
    return min(asking, key=lambda each: (each.frequency.urgency, each.id), default=None)


def active_subscriptions(session: Session, subscriber_id: UUID) -> list[Subscription]:
    """Return what the subscriber wants to read of, in the order it was asked for."""
    return list(
        session.exec(
            select(Subscription)
            .where(
                col(Subscription.subscriber_id) == subscriber_id,
                col(Subscription.ended_at).is_(None),
            )
            .order_by(col(Subscription.id))
        )
    )


def leave(session: Session, subscriber_id: UUID, now: datetime) -> int:
    """End every subscription; return how many ended.

    What waits is dropped and what has not left yet is cancelled: no e-mail starts after this
    commits. Doing it again changes nothing.
    """
    subscriber = lock(session, subscriber_id)
    ended = session.exec(
        update(Subscription)
        .where(
            col(Subscription.subscriber_id) == subscriber_id,
            col(Subscription.ended_at).is_(None),
        )
        .values(ended_at=now)
    ).rowcount
    session.exec(
        update(Delivery)
        .where(
            col(Delivery.subscriber_id) == subscriber_id,
            col(Delivery.state).in_(UNFINISHED),
        )
        .values(state=DeliveryState.CANCELLED, finished_at=now, answer="The reader left.")
    )
    settle_choices(session, subscriber, now)
    return ended


def count(session: Session) -> int:
    """Return how many readers have at least one active subscription."""
    return session.exec(
        select(func.count(func.distinct(col(Subscription.subscriber_id)))).where(
            col(Subscription.ended_at).is_(None)
        )
    ).one()


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
        window.ends_at = next_window_end(now, schedule(subscriber, frequency))
        session.add(window)
