"""Action items that are due soon or overdue: each is told once for a due date.

Whether something is overdue is always computed; what is stored is for which date it was told.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, false, or_
from sqlmodel import Session, col, select

from services.workgroups.action_item_facts import facts, path_of
from services.workgroups.due_dates import SOON_DAYS, day_in
from services.workgroups.group_lifecycle import OPEN
from services.workgroups.tables import ActionItem, Group
from services.workgroups.transitions import UNFINISHED
from shared.events.catalogue import ActionItemDueSoon, ActionItemOverdue
from shared.outbox import publish_all

AT_ONCE = 100
"""How many action items one transaction takes."""


def tell_due_soon(session: Session, now: datetime) -> int:
    """Tell of some unfinished action items that are due within three days; return of how many.

    What is overdue already is left to `tell_overdue`, so that a calendar that stood still tells of
    nothing as due soon that is late.
    """
    found = _untold(
        session,
        now,
        lambda day: and_(
            col(ActionItem.due_date) >= day,
            col(ActionItem.due_date) <= day + timedelta(days=SOON_DAYS),
        ),
        col(ActionItem.due_soon_told_for).is_distinct_from(col(ActionItem.due_date)),
    )
    for item, _day in found:
        item.due_soon_told_for = item.due_date
    publish_all(
        session,
        [
            (
                ActionItemDueSoon(
                    action=facts(session, item), days_left=(item.due_date - day).days
                ),
                path_of(item),
            )
            for item, day in found
        ],
    )
    return len(found)


def tell_overdue(session: Session, now: datetime) -> int:
    """Tell of some unfinished action items whose last day is over; return of how many."""
    found = _untold(
        session,
        now,
        lambda day: col(ActionItem.due_date) < day,
        col(ActionItem.overdue_told_for).is_distinct_from(col(ActionItem.due_date)),
    )
    for item, _day in found:
        item.overdue_told_for = item.due_date
    publish_all(
        session,
        [
            (
                ActionItemOverdue(
                    action=facts(session, item), days_over=(day - item.due_date).days
                ),
                path_of(item),
            )
            for item, day in found
        ],
    )
    return len(found)


def _untold(
    session: Session,
    now: datetime,
    due: Callable[[date], ColumnElement[bool]],
    untold: ColumnElement[bool],
) -> list[tuple[ActionItem, date]]:
    """Return held action items of open groups with the day that it is there."""
    zones = session.exec(select(Group.time_zone).where(col(Group.status).in_(OPEN)).distinct())
    days: dict[date, list[str]] = defaultdict(list)
    for zone in zones:
        days[day_in(zone, now)].append(zone)
    anywhere = [and_(col(Group.time_zone).in_(there), due(day)) for day, there in days.items()]
    rows = session.exec(
        select(ActionItem, Group.time_zone)
        .join(Group, col(Group.id) == col(ActionItem.group_id))
        .where(
            col(Group.status).in_(OPEN),
            col(ActionItem.state).in_(UNFINISHED),
            untold,
            or_(false(), *anywhere),
        )
        .order_by(col(ActionItem.due_date), col(ActionItem.id))
        .limit(AT_ONCE)
        .with_for_update(of=ActionItem, skip_locked=True, key_share=True)
    ).all()
    return [(item, day_in(zone, now)) for item, zone in rows]
