"""What somebody sees of a trace: conditions for each kind of thing, and rows with the answer."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Self
from uuid import UUID

from sqlalchemy import ColumnElement, true
from sqlmodel import Session, col, select

from services.workgroups import meeting_access, sight, support, update_permissions
from services.workgroups.tables import (
    ActionItem,
    AgreedPoint,
    Group,
    Meeting,
    MeetingGroup,
    Support,
    Update,
)
from shared.identity import Caller

Row = Support | Update | Meeting | AgreedPoint | ActionItem


class Kind(StrEnum):
    """What a trace leads through, in the order of a story."""

    NEED = "need"
    UPDATE = "update"
    MEETING = "meeting"
    AGREED_POINT = "agreed_point"
    ACTION_ITEM = "action_item"
    OFFER = "offer"


class Ref(NamedTuple):
    """One thing of a trace."""

    kind: Kind
    id: UUID


@dataclass(frozen=True)
class Sight:
    """What somebody sees, as a condition on each table."""

    groups: ColumnElement[bool]
    updates: ColumnElement[bool]
    meetings: ColumnElement[bool]
    support: ColumnElement[bool]
    introductions: ColumnElement[bool]

    @classmethod
    def of(cls, session: Session, caller: Caller | None) -> Self:
        """Return what the caller sees; ``None`` is somebody unknown."""
        return cls(
            groups=sight.in_sight(session, caller),
            updates=update_permissions.in_sight(session, caller),
            meetings=meeting_access.in_sight(session, caller),
            support=support.in_sight(session, caller),
            introductions=support.introductions_in_sight(session, caller),
        )

    @classmethod
    def whole(cls) -> Self:
        """Return the sight of who runs the installation."""
        return cls(true(), true(), true(), true(), true())


@dataclass(frozen=True)
class Read:
    """What was read: the rows that are seen, and what else is there."""

    rows: Mapping[Ref, Row]
    hidden: Collection[Ref]


def read(session: Session, seen: Sight, wanted: Iterable[Ref]) -> Read:
    """Return those things that are seen, and which of the others are there.

    One question for each kind. Nobody learns of a draft that is another's.
    """
    ids: dict[Kind, set[UUID]] = {}
    for ref in wanted:
        ids.setdefault(ref.kind, set()).add(ref.id)
    rows: dict[Ref, Row] = {}
    hidden: set[Ref] = set()
    for kind, of_kind in ids.items():
        table, condition = _table(kind, seen)
        statement = select(table, condition.label("seen")).where(col(table.id).in_(of_kind))
        if table is Support:
            statement = statement.where(Support.side == kind)
        for row, visible in session.exec(statement):
            ref = Ref(kind, row.id)
            if visible:
                rows[ref] = row
            elif not (isinstance(row, Update) and row.state == "draft"):
                hidden.add(ref)
    return Read(rows, hidden)


def _table(kind: Kind, seen: Sight) -> tuple[Any, ColumnElement[bool]]:
    groups = select(Group.id).where(seen.groups)
    if kind is Kind.ACTION_ITEM:
        return ActionItem, col(ActionItem.group_id).in_(groups)
    if kind is Kind.AGREED_POINT:
        met = select(MeetingGroup.meeting_id).where(col(MeetingGroup.group_id).in_(groups))
        return AgreedPoint, col(AgreedPoint.meeting_id).in_(met)
    if kind is Kind.MEETING:
        return Meeting, seen.meetings
    if kind is Kind.UPDATE:
        return Update, seen.updates
    return Support, seen.support
