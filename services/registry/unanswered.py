"""What waits: needs that nobody has answered, and periods that are over.

A need is answered once an introduction is under way, which the other side has accepted. A request
that was declined answers nothing: the need waits on, and the coordinator sees how often.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from services.registry import introductions
from services.registry.support_lifecycle import Action, Side, State, facts, path_of, step
from services.registry.tables import SupportItem
from shared import outbox
from shared.events.catalogue import NeedUnanswered

TOLD_AFTER_DAYS = (14, 30)
"""After how many days of waiting an event tells of an unanswered need, once each."""

_AT_ONCE = 100


def tell_of_unanswered(session: Session, now: datetime) -> int:
    """Tell of some of the needs that have waited for 14 or 30 days; return how many."""
    due = or_(
        *(
            (col(SupportItem.waiting_since) <= now - timedelta(days=days))
            & (col(SupportItem.unanswered_days) < days)
            for days in TOLD_AFTER_DAYS
        )
    )
    waiting = session.exec(
        select(SupportItem)
        .where(SupportItem.side == Side.NEED, SupportItem.state == State.PUBLISHED, due)
        .order_by(col(SupportItem.waiting_key))
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for need in waiting:
        days = next(days for days in TOLD_AFTER_DAYS if days > need.unanswered_days)
        need.unanswered_days = days
        session.add(need)
        outbox.publish(
            session, NeedUnanswered(need=facts(session, need), days=days), subject=path_of(need)
        )
    return len(waiting)


def expire(session: Session, now: datetime) -> int:
    """End some of the published needs and offers whose last day is over; return how many.

    One that is matched or agreed stays: its two sides say themselves what came of it.
    """
    over = session.exec(
        select(SupportItem)
        .where(SupportItem.state == State.PUBLISHED, col(SupportItem.ends_on) < now.date())
        .order_by(col(SupportItem.id))
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for item in over:
        step(session, item, Action.EXPIRE, None, now)
        introductions.end_requests(session, item, f"The period of the {item.side} is over.")
    return len(over)


def days_waiting(need: SupportItem, now: datetime) -> int:
    """Return for how many whole days a published need has waited."""
    return (now - need.waiting_since).days if need.waiting_since is not None else 0
