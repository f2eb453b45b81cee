"""Due dates: a day that ends when it ends in the time zone of the group."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_
from sqlmodel import col

from services.workgroups.tables import ActionItem
from services.workgroups.transitions import UNFINISHED

SOON_DAYS = 3
"""How many days before its last one something counts as due soon."""


def day_in(time_zone: str, now: datetime) -> date:
    """Return which day it is in the time zone at the moment ``now``."""
    return now.astimezone(ZoneInfo(time_zone)).date()


def is_overdue(state: str, due_date: date, time_zone: str, now: datetime) -> bool:
    """Tell whether something is owed whose last day is over in the time zone."""
    return state in UNFINISHED and due_date < day_in(time_zone, now)


def overdue_condition(time_zone: str, now: datetime) -> ColumnElement[bool]:
    """Return `is_overdue` as a condition on action items of groups in the time zone."""
    return and_(
        col(ActionItem.state).in_(UNFINISHED), col(ActionItem.due_date) < day_in(time_zone, now)
    )
