"""What a group did in a period: the figures of its report."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import get_args
from uuid import UUID

from sqlmodel import Session, col, func, select

from services.workgroups import meetings
from services.workgroups.action_items_then import Then, items_at
from services.workgroups.due_dates import day_in
from services.workgroups.institutions import UNNAMED, Named, names_of
from services.workgroups.meeting_states import MeetingStatus
from services.workgroups.report_attendance import Attended
from services.workgroups.report_periods import Period
from services.workgroups.tables import (
    AgreedPoint,
    Group,
    Meeting,
    MeetingGroup,
    Membership,
    Update,
)
from services.workgroups.transitions import State
from shared.events.catalogue import UpdateKind


@dataclass(frozen=True)
class MeetingHeld:
    """A meeting in the period, with how many took part."""

    id: UUID
    title: str
    held_on: date
    place: str | None
    mode: str
    participants_in_person: int
    participants_online: int
    agreed_points: int


@dataclass(frozen=True)
class Agreed:
    """What a meeting of the period agreed, and how many of its action items were done by its end.

    What was cancelled counts for nothing.
    """

    id: UUID
    meeting_id: UUID
    meeting_title: str
    number: int
    text: str
    outcome: str | None
    items_done: int
    items: int


@dataclass(frozen=True)
class Owed:
    """An action item as it stood at the end of the period."""

    id: UUID
    number: int
    title: str
    institution_id: UUID
    institution_name: str | None
    due_date: date
    state: State


@dataclass(frozen=True)
class ActionItems:
    """What came to be owed and what was finished, with what is overdue at the end of the period.

    Unfinished before, opened and reopened are together as many as done, cancelled and unfinished.
    """

    unfinished_before: int
    opened: Sequence[Owed]
    reopened: Sequence[Owed]
    done: Sequence[Owed]
    cancelled: Sequence[Owed]
    unfinished: int
    overdue: Sequence[Owed]


@dataclass(frozen=True)
class Member:
    """An institution that joined or left."""

    institution_id: UUID
    institution_name: str | None
    on: date


@dataclass(frozen=True)
class Members:
    """Who came and went, and how many member institutions there were at the end."""

    joined: Sequence[Member]
    left: Sequence[Member]
    at_the_end: int


@dataclass(frozen=True)
class Report:
    """What a group did in a period."""

    group_id: UUID
    group_title: str
    first: date
    last: date
    as_of: datetime
    """The end of the period, or the moment of the report when that is still to come."""
    time_zone: str
    meetings: Sequence[MeetingHeld]
    agreed_points: Sequence[Agreed]
    action_items: ActionItems
    updates: dict[UpdateKind, int]
    members: Members
    attendance: Sequence[Attended] | None = None
    """Who was at the meetings; ``None`` for readers who don't belong to the group."""


def report_of(session: Session, group: Group, period: Period, now: datetime) -> Report:
    """Return the report of the group, with the days of the period in the group's time zone."""
    as_of = min(period.ends, now)
    before = items_at(session, group.id, min(period.begins, now))
    items = items_at(session, group.id, as_of)
    held = _meetings(session, group, period)
    return Report(
        group_id=group.id,
        group_title=group.title,
        first=period.first,
        last=period.last,
        as_of=as_of,
        time_zone=period.time_zone,
        meetings=held,
        agreed_points=_agreed(session, held, items.values()),
        action_items=action_items_between(
            before,
            items,
            last_day=min(period.last, day_in(period.time_zone, now)),
            names=names_of(session, {item.institution_id for item in items.values()}),
        ),
        updates=_updates(session, group, period),
        members=_members(session, group, period, as_of),
    )


def action_items_between(
    before: Mapping[UUID, Then],
    items: Mapping[UUID, Then],
    *,
    last_day: date,
    names: Mapping[UUID, Named],
) -> ActionItems:
    """Return what became of action items between two moments, as they stood at each.

    Overdue is what was due before ``last_day`` and still owed.
    """

    def those(chosen: Callable[[Then, Then | None], bool]) -> list[Owed]:
        return [
            Owed(
                id=item.id,
                number=item.number,
                title=item.title,
                institution_id=item.institution_id,
                institution_name=names.get(item.institution_id, UNNAMED).name,
                due_date=item.due_date,
                state=item.state,
            )
            for item in items.values()
            if chosen(item, before.get(item.id))
        ]

    return ActionItems(
        unfinished_before=sum(item.is_unfinished for item in before.values()),
        opened=those(lambda _item, was: was is None),
        reopened=those(
            lambda item, was: was is not None and not was.is_unfinished and was.state != item.state
        ),
        done=those(
            lambda item, was: item.state == State.DONE and (was is None or was.state != item.state)
        ),
        cancelled=those(
            lambda item, was: (
                item.state == State.CANCELLED and (was is None or was.state != item.state)
            )
        ),
        unfinished=sum(item.is_unfinished for item in items.values()),
        overdue=those(lambda item, _was: item.is_unfinished and item.due_date < last_day),
    )


def _meetings(session: Session, group: Group, period: Period) -> list[MeetingHeld]:
    found = session.exec(
        select(Meeting)
        .join(MeetingGroup)
        .where(
            MeetingGroup.group_id == group.id,
            Meeting.status == MeetingStatus.HELD,
            col(Meeting.held_on).between(period.first, period.last),
        )
        .order_by(col(Meeting.held_on), col(Meeting.id))
    ).all()
    points = meetings.agreed_points_of(session, [meeting.id for meeting in found])
    return [
        MeetingHeld(
            id=meeting.id,
            title=meeting.title,
            held_on=meeting.held_on or period.first,
            place=meeting.place,
            mode=meeting.mode,
            participants_in_person=meeting.participants_in_person,
            participants_online=meeting.participants_online,
            agreed_points=len(points[meeting.id]),
        )
        for meeting in found
    ]


def _agreed(session: Session, held: Sequence[MeetingHeld], items: Iterable[Then]) -> list[Agreed]:
    points: dict[UUID, list[AgreedPoint]] = meetings.agreed_points_of(
        session, [meeting.id for meeting in held]
    )
    of_point: dict[UUID | None, list[State]] = {}
    for item in items:
        if item.state != State.CANCELLED:
            of_point.setdefault(item.agreed_point_id, []).append(item.state)
    return [
        Agreed(
            id=point.id,
            meeting_id=meeting.id,
            meeting_title=meeting.title,
            number=point.number,
            text=point.text,
            outcome=point.outcome,
            items_done=of_point.get(point.id, []).count(State.DONE),
            items=len(of_point.get(point.id, [])),
        )
        for meeting in held
        for point in points[meeting.id]
    ]


def _updates(session: Session, group: Group, period: Period) -> dict[UpdateKind, int]:
    rows = session.exec(
        select(Update.kind, func.count())
        .where(
            Update.group_id == group.id,
            Update.state == "published",
            col(Update.posted_at) >= period.begins,
            col(Update.posted_at) < period.ends,
        )
        .group_by(Update.kind)
    ).all()
    counts = dict(rows)
    return {kind: counts.get(kind, 0) for kind in get_args(UpdateKind)}


def _members(session: Session, group: Group, period: Period, as_of: datetime) -> Members:
    rows = session.exec(
        select(Membership)
        .where(Membership.group_id == group.id, Membership.joined_at < as_of)
        .order_by(col(Membership.joined_at), col(Membership.id))
    ).all()
    names = names_of(session, {row.institution_id for row in rows})

    def member(row: Membership, moment: datetime) -> Member:
        return Member(
            row.institution_id,
            names.get(row.institution_id, UNNAMED).name,
            day_in(period.time_zone, moment),
        )

    left = [(row.left_at, row) for row in rows if row.left_at and row.left_at < as_of]
    return Members(
        joined=[member(row, row.joined_at) for row in rows if row.joined_at >= period.begins],
        left=[
            member(row, moment)
            for moment, row in sorted(left, key=lambda each: each[0])
            if moment >= period.begins
        ],
        at_the_end=len(rows) - len(left),
    )
