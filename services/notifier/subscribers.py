"""Subscribers: the readers, and when and in which language they read."""

from dataclasses import asdict, dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from services.notifier.languages import N_
from services.notifier.pauses import begins
from services.notifier.tables import Subscriber, Subscription
from services.notifier.vocabulary import Frequency
from services.notifier.windows import Schedule
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


def find(session: Session, subscriber_id: UUID) -> Subscriber | None:
    """Return the subscriber that has this id, or that this one became."""
    found = session.get(Subscriber, subscriber_id)
    return find(session, found.joined_into) if found and found.joined_into else found


def lock(session: Session, subscriber_id: UUID) -> Subscriber:
    """Return the subscriber, locked for this transaction; raise ``Problem`` when unknown."""
    subscriber = find(session, subscriber_id)
    if subscriber is None:
        raise Problem(NOT_FOUND, N_("Nobody is subscribed with this link any more."))
    session.refresh(subscriber, with_for_update=True)
    return lock(session, subscriber.joined_into) if subscriber.joined_into else subscriber


def lock_or_add(session: Session, email: str, hours: Hours) -> Subscriber:
    """Return the subscriber with this confirmed address, made when new and locked."""
    if session.exec(select(Subscriber.id).where(col(Subscriber.email) == email)).first() is None:
        new = Subscriber(
            email=email,
            language=hours.language or DEFAULT_LANGUAGE,
            time_zone=hours.time_zone or DEFAULT_TIME_ZONE,
            hour=DEFAULT_HOUR if hours.hour is None else hours.hour,
            weekday=hours.weekday or DEFAULT_WEEKDAY,
            own_language=hours.language is not None,
            own_time_zone=hours.time_zone is not None,
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
    """Change what ``hours`` names; a pause then lasts until the same day in the new zone."""
    zone = subscriber.time_zone
    chosen = {name: value for name, value in asdict(hours).items() if value is not None}
    changed = {name for name, value in chosen.items() if getattr(subscriber, name) != value}
    for name, value in chosen.items():
        setattr(subscriber, name, value)
    subscriber.own_language |= hours.language is not None
    subscriber.own_time_zone |= hours.time_zone is not None
    if changed:
        subscriber.version += 1
    if "time_zone" in changed:
        move_pauses(session, subscriber, zone)
    session.add(subscriber)
    session.flush()


def move_pauses(session: Session, subscriber: Subscriber, former_zone: str) -> None:
    """Let pauses last until the day that was chosen begins in the subscriber's zone of now."""
    for subscription in active_subscriptions(session, subscriber.id):
        if subscription.paused_until is not None:
            day = subscription.paused_until.astimezone(ZoneInfo(former_zone)).date()
            subscription.paused_until = begins(day, subscriber.time_zone)
            session.add(subscription)


def schedule(subscriber: Subscriber, frequency: Frequency) -> Schedule:
    """Return when the subscriber's windows of this frequency end."""
    return Schedule(frequency, subscriber.time_zone, subscriber.hour, subscriber.weekday)


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


def count(session: Session) -> int:
    """Return how many readers have at least one active subscription."""
    return session.exec(
        select(func.count(func.distinct(col(Subscription.subscriber_id)))).where(
            col(Subscription.ended_at).is_(None)
        )
    ).one()
