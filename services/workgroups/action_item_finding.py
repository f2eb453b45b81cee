"""Finding action items across groups: what fits, in which order, a page at a time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, literal, not_, or_, tuple_
from sqlmodel import Session, col, select

from services.workgroups import sight
from services.workgroups.due_dates import day_in
from services.workgroups.permissions import is_coordinator
from services.workgroups.tables import ActionItem, ActionItemPerson, Group, Theme
from services.workgroups.transitions import State
from shared.events.catalogue import ActionPriority
from shared.identity import Caller
from shared.pagination import PageParams, Slice, cursor_after, not_ours, place_of


class Sort(StrEnum):
    """In which order action items are listed."""

    DUE = "due"
    """Who is due first comes first."""
    NUMBER = "number"
    """Group by group, by their numbers."""
    CHANGED = "changed"
    """What changed last comes first."""


@dataclass(frozen=True)
class Wanted:
    """What is looked for; any of the values of a field will do, each field given must fit."""

    groups: tuple[UUID, ...] = ()
    themes: tuple[str, ...] = ()
    institutions: tuple[UUID, ...] = ()
    person: UUID | None = None
    priorities: tuple[ActionPriority, ...] = ()
    states: tuple[State, ...] = ()
    due_from: date | None = None
    due_to: date | None = None
    overdue: bool | None = None
    meeting: UUID | None = None
    agreed_point: UUID | None = None
    sort: Sort = Sort.DUE


@dataclass(frozen=True)
class _Order:
    """The columns of an order, and how a row's place in it is written and read."""

    columns: tuple[Any, Any]
    newest_first: bool = False

    def place(self, item: ActionItem) -> tuple[str, str]:
        first, second = (getattr(item, column.key) for column in self.columns)
        return _written(first), _written(second)

    def after(self, place: tuple[str, str]) -> ColumnElement[bool]:
        values = [_read(column, text) for column, text in zip(self.columns, place, strict=True)]
        both, ended = tuple_(*self.columns), tuple_(*values)
        return both < ended if self.newest_first else both > ended

    def sorting(self) -> list[Any]:
        return [column.desc() if self.newest_first else column for column in self.columns]


_NUMBERS = 2**31
"""The numbers of action items are smaller, as the database holds them."""

_ORDERS = {
    Sort.DUE: _Order((col(ActionItem.due_date), col(ActionItem.id))),
    Sort.NUMBER: _Order((col(ActionItem.group_id), col(ActionItem.number))),
    Sort.CHANGED: _Order((col(ActionItem.updated_at), col(ActionItem.id)), newest_first=True),
}


def page_of(
    session: Session, caller: Caller | None, wanted: Wanted, page: PageParams, now: datetime
) -> Slice[ActionItem]:
    """Return a page of those that fit, of groups that the caller sees.

    Raises a Problem (422) for a cursor that isn't of this list.
    """
    order, asked = _ORDERS[wanted.sort], f"action items {wanted}"
    statement = select(ActionItem).where(*_conditions(session, caller, wanted, now))
    if page.cursor is not None:
        first, second = place_of(page.cursor, asked, (str, str))
        statement = statement.where(order.after((str(first), str(second))))
    rows = list(session.exec(statement.order_by(*order.sorting()).limit(page.limit + 1)))
    items = rows[: page.limit]
    more = len(rows) > page.limit
    return Slice(items, cursor_after(order.place(items[-1]), asked) if more else None)


def _conditions(
    session: Session, caller: Caller | None, wanted: Wanted, now: datetime
) -> list[ColumnElement[bool]]:
    conditions = _of_groups(session, caller, wanted)
    for column, values in (
        (col(ActionItem.group_id), wanted.groups),
        (col(ActionItem.institution_id), wanted.institutions),
        (col(ActionItem.priority), wanted.priorities),
        (col(ActionItem.state), wanted.states),
    ):
        if values:
            conditions.append(column.in_(values))
    for origin, value in (
        (col(ActionItem.meeting_id), wanted.meeting),
        (col(ActionItem.agreed_point_id), wanted.agreed_point),
    ):
        if value is not None:
            conditions.append(origin == value)
    if wanted.due_from is not None:
        conditions.append(col(ActionItem.due_date) >= wanted.due_from)
    if wanted.due_to is not None:
        conditions.append(col(ActionItem.due_date) <= wanted.due_to)
    if wanted.overdue is not None:
        overdue = overdue_somewhere(session, now)
        conditions.append(overdue if wanted.overdue else not_(overdue))
    if wanted.person is not None:
        conditions.append(_seen_to_by(session, caller, wanted.person))
    return conditions


def _of_groups(
    session: Session, caller: Caller | None, wanted: Wanted
) -> list[ColumnElement[bool]]:
    everything = caller is not None and is_coordinator(session, caller)
    if everything and not wanted.themes:
        return []
    if not wanted.themes:
        return [_of_a_group(sight.in_sight(session, caller))]
    themes = select(Theme.id).where(col(Theme.slug).in_(wanted.themes))
    return [_of_a_group(and_(sight.in_sight(session, caller), col(Group.theme_id).in_(themes)))]


def _seen_to_by(session: Session, caller: Caller | None, person_id: UUID) -> ColumnElement[bool]:
    """Return the condition that the person sees to it, as far as the caller learns who does."""
    theirs = col(ActionItem.id).in_(
        select(ActionItemPerson.action_item_id).where(ActionItemPerson.person_id == person_id)
    )
    if caller is not None and (caller.id == person_id or is_coordinator(session, caller)):
        return theirs
    within = sight.groups_of(session, caller) if caller is not None else set()
    return and_(theirs, col(ActionItem.group_id).in_(within))


def overdue_somewhere(session: Session, now: datetime) -> ColumnElement[bool]:
    """Return the condition that an action item is overdue in the time zone of its group.

    Over the world it is two or three days at once.
    """
    zones: dict[date, list[str]] = {}
    for zone in session.exec(select(Group.time_zone).distinct()):
        zones.setdefault(day_in(zone, now), []).append(zone)
    late = [
        and_(col(Group.time_zone).in_(somewhere), col(ActionItem.due_date) < day)
        for day, somewhere in zones.items()
    ]
    return and_(
        # What is unfinished, said so that it is read by due date and not by state.
        col(ActionItem.finished_at).is_(None),
        col(ActionItem.due_date) < max(zones, default=now.date()),
        _of_a_group(or_(false(), *late)),
    )


def _of_a_group(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that the group of an action item is such.

    Asked for each, so that SQLite reads action items in their order and stops after a page.
    """
    return exists(
        select(Group.id)
        .where(col(Group.id) == col(ActionItem.group_id), condition)
        .correlate(ActionItem)
    )


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _read(column: Any, text: str) -> ColumnElement[Any]:
    value: UUID | date | int
    try:
        if column.key in {"id", "group_id"}:
            value = UUID(text)
        elif column.key == "due_date":
            value = date.fromisoformat(text)
        elif column.key == "updated_at":
            value = datetime.fromisoformat(text).astimezone(UTC)
        else:
            value = int(text)
            if not 0 <= value < _NUMBERS:
                raise not_ours()
    except (ValueError, OverflowError):
        raise not_ours() from None
    return literal(value, column.type)
