"""Pauses: a subscription rests until a day begins where its reader is.

What it would bring at once meanwhile is dropped: it is no news any more when the pause is over.
What it gathers for digests is kept, and told in the first digest after the pause.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Mapped
from sqlmodel import col, select

from services.notifier.languages import N_
from services.notifier.tables import DigestItem, Subscription
from shared.problems import INVALID, FieldError, Problem

LONGEST = timedelta(days=366)
"""For longer than this one ends a subscription, or wants it never."""


def begins(day: date, time_zone: str) -> datetime:
    """Return the first moment of a day in a zone, in UTC."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(time_zone)).astimezone(ZoneInfo("UTC"))


def last_until(day: date, time_zone: str, now: datetime, pointer: str) -> datetime:
    """Return when a pause ends that a reader asks for; raise ``Problem`` (422) for a bad day."""
    today = now.astimezone(ZoneInfo(time_zone)).date()
    if not today < day <= today + LONGEST:
        raise Problem(
            INVALID,
            N_(
                "A pause lasts until a day after today and within a year: choose such a day, or "
                "end the subscription."
            ),
            errors=[FieldError(pointer=pointer, detail="A day after today, within a year.")],
        )
    return begins(day, time_zone)


def day_of(subscription: Subscription, time_zone: str, now: datetime) -> date | None:
    """Return the day on which the subscription is to go on; ``None`` when it is not paused."""
    if not is_paused(subscription, now) or subscription.paused_until is None:
        return None
    return subscription.paused_until.astimezone(ZoneInfo(time_zone)).date()


def is_paused(subscription: Subscription, at: datetime) -> bool:
    """Tell whether the subscription brings nothing at that moment."""
    return subscription.paused_until is not None and at < subscription.paused_until


def over(end: datetime | ColumnElement[datetime] | Mapped[datetime]) -> ColumnElement[bool]:
    """Return that no pause holds a waiting item back from a digest of a window with this end."""
    return (
        ~select(Subscription.id)
        .where(
            col(Subscription.id) == col(DigestItem.subscription_id),
            col(Subscription.paused_until) > end,
        )
        .exists()
    )
