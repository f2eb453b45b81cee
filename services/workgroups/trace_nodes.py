"""What a trace says of each thing: who, when, how far it is, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups.due_dates import is_overdue
from services.workgroups.institutions import UNNAMED, Named, names_of
from services.workgroups.progress import Progress, progress_within
from services.workgroups.tables import (
    ActionItem,
    AgreedPoint,
    Group,
    Introduction,
    Meeting,
    MeetingGroup,
    Update,
)
from services.workgroups.trace import Trace
from services.workgroups.trace_sight import Kind, Ref, Row, Sight

PATHS = {
    Kind.NEED: "/needs/{}",
    Kind.UPDATE: "/updates/{}",
    Kind.MEETING: "/meetings/{}",
    Kind.AGREED_POINT: "/agreed-points/{}",
    Kind.ACTION_ITEM: "/action-items/{}",
    Kind.OFFER: "/offers/{}",
}


@dataclass(frozen=True)
class Volume:
    """How much was delivered."""

    amount: int
    unit: str
    currency: str | None


@dataclass(frozen=True)
class Result:
    """What came of something."""

    text: str | None = None
    links: Sequence[str] = ()
    on: date | None = None
    volume: Volume | None = None
    institution_id: UUID | None = None
    institution: Named = UNNAMED


@dataclass(frozen=True)
class Node:
    """One thing of a trace, in words."""

    ref: Ref
    title: str | None
    reference: str | None
    status: str
    on: date | None
    overdue: bool
    institution_id: UUID | None
    institution: Named
    groups: Sequence[Group]
    path: str
    results: Sequence[Result]


@dataclass(frozen=True)
class _Around:
    """What is known of the groups and institutions around the things of a trace."""

    groups: Mapping[UUID, Group]
    of_meetings: Mapping[UUID, Sequence[Group]]
    names: Mapping[UUID, Named]
    progress: Mapping[UUID, Progress]
    deliveries: Mapping[UUID, Sequence[Introduction]]
    now: datetime


def nodes_of(session: Session, seen: Sight, trace: Trace, now: datetime) -> list[Node]:
    """Return the things of a trace in the order of the story: what was raised first, then by date.

    A few questions for all of them together.
    """
    around = _around(session, seen, trace, now)
    nodes = [_node(ref, row, around) for ref, row in trace.rows.items()]
    stages = list(Kind)
    return sorted(
        nodes,
        key=lambda node: (stages.index(node.ref.kind), node.on or date.max, node.ref.id),
    )


def _around(session: Session, seen: Sight, trace: Trace, now: datetime) -> _Around:
    rows = trace.rows.values()
    meetings = {row.id for row in rows if isinstance(row, Meeting)}
    meetings |= {row.meeting_id for row in rows if isinstance(row, AgreedPoint)}
    held = session.exec(
        select(MeetingGroup.meeting_id, Group)
        .join(Group)
        .where(col(MeetingGroup.meeting_id).in_(meetings), seen.groups)
        .order_by(col(Group.id))
    ).all()
    of_rows = {row.group_id for row in rows if isinstance(row, Update | ActionItem)}
    groups = session.exec(select(Group).where(col(Group.id).in_(of_rows), seen.groups))
    needs = [ref.id for ref in trace.rows if ref.kind is Kind.NEED]
    delivered = session.exec(
        select(Introduction)
        .where(
            col(Introduction.need_id).in_(needs),
            Introduction.state == "delivered",
            seen.introductions,
        )
        .order_by(col(Introduction.delivered_on), col(Introduction.id))
        .limit(len(trace.rows) + 20)
    ).all()
    names = names_of(
        session, {*filter(None, map(_institution, rows)), *(one.provider_id for one in delivered)}
    )
    of_meetings: dict[UUID, list[Group]] = {meeting: [] for meeting in meetings}
    for meeting_id, group in held:
        of_meetings[meeting_id].append(group)
    deliveries: dict[UUID, list[Introduction]] = {need: [] for need in needs}
    for one in delivered:
        deliveries[one.need_id].append(one)
    points = [row.id for row in rows if isinstance(row, AgreedPoint)]
    return _Around(
        groups={group.id: group for group in groups},
        of_meetings=of_meetings,
        names=names,
        progress=progress_within(session, seen.groups, points),
        deliveries=deliveries,
        now=now,
    )


def _institution(row: Row) -> UUID | None:
    if isinstance(row, AgreedPoint):
        return row.raised_by
    if isinstance(row, Meeting):
        return row.convenor_id
    return row.institution_id


def _node(ref: Ref, row: Row, around: _Around) -> Node:
    institution_id = _institution(row)
    title: str | None
    reference, on, overdue = None, None, False
    groups: Sequence[Group] = ()
    results: Sequence[Result] = ()
    if isinstance(row, ActionItem):
        group = around.groups[row.group_id]
        title, status, on, groups = row.title, row.state, row.due_date, [group]
        reference = f"{group.slug} #{row.number}"
        overdue = is_overdue(row.state, row.due_date, group.time_zone, around.now)
        if row.result or row.result_links:
            day = row.finished_at.date() if row.finished_at else None
            results = [Result(row.result, row.result_links, day)]
    elif isinstance(row, AgreedPoint):
        title, status = row.text, around.progress[row.id].stage.value
        on, groups = row.recorded_at.date(), around.of_meetings[row.meeting_id]
        reference = f"point {row.number}"
        results = [Result(row.outcome)] if row.outcome else []
    elif isinstance(row, Meeting):
        title, status, groups = row.title, row.status, around.of_meetings[row.id]
        on = row.held_on or (row.begins_local.date() if row.begins_local else None)
    elif isinstance(row, Update):
        title, status = row.title if row.state != "withdrawn" else None, row.state
        on = (row.posted_at or row.created_at).date()
        # Its institution sees its own update of a group that it no longer sees.
        groups = [around.groups[row.group_id]] if row.group_id in around.groups else []
        reference = row.kind
    else:
        title, status = row.title, row.state
        results = [_delivered(one, around.names) for one in around.deliveries.get(row.id, ())]
    return Node(
        ref=ref,
        title=title,
        reference=reference,
        status=status,
        on=on,
        overdue=overdue,
        institution_id=institution_id,
        institution=around.names.get(institution_id, UNNAMED) if institution_id else UNNAMED,
        groups=groups,
        path=PATHS[ref.kind].format(ref.id),
        results=results,
    )


def _delivered(one: Introduction, names: Mapping[UUID, Named]) -> Result:
    return Result(
        on=one.delivered_on,
        volume=Volume(one.volume_amount, one.volume_unit, one.volume_currency)
        if one.volume_amount is not None and one.volume_unit is not None
        else None,
        institution_id=one.provider_id,
        institution=names.get(one.provider_id, UNNAMED),
    )
