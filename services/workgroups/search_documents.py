"""What each kind of thing is found by, read from its tables."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups.search_cards import Kind
from services.workgroups.tables import (
    ActionItem,
    AgendaItem,
    AgreedPoint,
    Comment,
    Group,
    Meeting,
    MeetingGroup,
    MinutesVersion,
    Table,
    Update,
)


@dataclass(frozen=True)
class Document:
    """A thing as the search takes it."""

    title: str
    texts: Sequence[str]
    """Its longer texts."""
    codes: Mapping[str, Iterable[str]]
    """By field of `search_cards.FOLLOW_UP`; whoever sees one of its groups sees it."""
    begun: datetime
    changed: datetime


Documents = dict[UUID, Document]
Reader = Callable[[Session, Sequence[UUID]], Documents]
"""Returns things by id, without those that are gone or not to be found."""

Subject = tuple[Kind, UUID]


def belongs_to(session: Session, row: Any) -> list[Subject]:
    """Return what of the search a row that was written belongs to."""
    owner = _OWNERS.get(type(row))
    return [] if owner is None else owner(session, row)


def every_id(session: Session, kind: Kind, *, after: UUID, limit: int) -> Sequence[UUID]:
    """Return the ids of things of a kind beyond ``after``, in order."""
    table: Any = _TABLES[kind]
    return session.exec(
        select(table.id).where(table.id > after).order_by(table.id).limit(limit)
    ).all()


def _groups(session: Session, ids: Sequence[UUID]) -> Documents:
    found = session.exec(select(Group).where(col(Group.id).in_(ids)))
    return {
        group.id: Document(
            title=group.title,
            texts=[group.purpose, group.results or ""],
            codes={"group": [str(group.id)], "state": [group.status]},
            begun=group.created_at,
            changed=group.updated_at,
        )
        for group in found
    }


def _updates(session: Session, ids: Sequence[UUID]) -> Documents:
    comments: dict[UUID, list[str]] = defaultdict(list)
    for update_id, text in session.exec(
        select(Comment.update_id, Comment.text)
        .where(col(Comment.update_id).in_(ids), col(Comment.withdrawn_at).is_(None))
        .order_by(col(Comment.id))
    ):
        comments[update_id].append(text)
    found = session.exec(select(Update).where(col(Update.id).in_(ids), Update.state == "published"))
    return {
        update.id: Document(
            title=update.title,
            texts=[update.text, *comments[update.id]],
            codes={
                "group": [str(update.group_id)],
                "institution": [str(update.institution_id)],
                "update_kind": [update.kind],
                "language": [update.language] if update.language else [],
            },
            begun=update.posted_at,
            changed=update.edited_at or update.posted_at,
        )
        for update in found
        if update.posted_at is not None
    }


def _meetings(session: Session, ids: Sequence[UUID]) -> Documents:
    groups = _groups_of_meetings(session, ids)
    said = _said_at_meetings(session, ids)
    found = session.exec(select(Meeting).where(col(Meeting.id).in_(ids)))
    return {
        meeting.id: Document(
            title=meeting.title,
            texts=[meeting.description or "", meeting.place or "", *said[meeting.id]],
            codes={"group": groups[meeting.id], "state": [meeting.status]},
            begun=meeting.recorded_at,
            changed=meeting.updated_at,
        )
        for meeting in found
    }


def _agreed_points(session: Session, ids: Sequence[UUID]) -> Documents:
    rows = session.exec(
        select(AgreedPoint, Meeting)
        .where(col(AgreedPoint.id).in_(ids))
        .join(Meeting, col(Meeting.id) == col(AgreedPoint.meeting_id))
    ).all()
    groups = _groups_of_meetings(session, [meeting.id for _, meeting in rows])
    return {
        point.id: Document(
            title=point.text[:200],
            texts=[point.text, point.outcome or ""],
            codes={"group": groups[meeting.id]},
            begun=meeting.recorded_at,
            changed=meeting.recorded_at,
        )
        for point, meeting in rows
    }


def _action_items(session: Session, ids: Sequence[UUID]) -> Documents:
    found = session.exec(select(ActionItem).where(col(ActionItem.id).in_(ids)))
    return {
        item.id: Document(
            title=item.title,
            texts=[text for text in (item.description, item.result, item.reason) if text],
            codes={
                "group": [str(item.group_id)],
                "institution": [str(item.institution_id)],
                "state": [item.state],
            },
            begun=item.assigned_at,
            changed=item.updated_at,
        )
        for item in found
    }


READERS: Mapping[Kind, Reader] = {
    Kind.GROUP: _groups,
    Kind.UPDATE: _updates,
    Kind.MEETING: _meetings,
    Kind.AGREED_POINT: _agreed_points,
    Kind.ACTION_ITEM: _action_items,
}

_TABLES: Mapping[Kind, type[Table]] = {
    Kind.GROUP: Group,
    Kind.UPDATE: Update,
    Kind.MEETING: Meeting,
    Kind.AGREED_POINT: AgreedPoint,
    Kind.ACTION_ITEM: ActionItem,
}


def _said_at_meetings(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Return the agenda of each meeting, and its minutes once whoever sees it reads them."""
    said: dict[UUID, list[str]] = defaultdict(list)
    agenda = (
        select(AgendaItem.meeting_id, AgendaItem.title)
        .where(col(AgendaItem.meeting_id).in_(ids))
        .order_by(col(AgendaItem.meeting_id), col(AgendaItem.number))
    )
    for meeting_id, title in session.exec(agenda):
        said[meeting_id].append(title)
    agreed = (
        select(MinutesVersion)
        .where(col(MinutesVersion.meeting_id).in_(ids), MinutesVersion.state == "agreed")
        .order_by(col(MinutesVersion.number))
    )
    newest = {version.meeting_id: version for version in session.exec(agreed)}
    for meeting_id, version in newest.items():
        said[meeting_id] += [version.text, *version.items.values()]
    return said


def _groups_of_meetings(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = defaultdict(list)
    for meeting_id, group_id in session.exec(
        select(MeetingGroup.meeting_id, MeetingGroup.group_id).where(
            col(MeetingGroup.meeting_id).in_(ids)
        )
    ):
        found[meeting_id].append(str(group_id))
    return found


def _itself(kind: Kind) -> Callable[[Session, Any], list[Subject]]:
    return lambda _session, row: [(kind, row.id)]


def _of_meeting(session: Session, row: MeetingGroup) -> list[Subject]:
    points = session.exec(select(AgreedPoint.id).where(AgreedPoint.meeting_id == row.meeting_id))
    return [(Kind.MEETING, row.meeting_id), *((Kind.AGREED_POINT, point) for point in points)]


_OWNERS: Mapping[type[Any], Callable[[Session, Any], list[Subject]]] = {
    **{table: _itself(kind) for kind, table in _TABLES.items()},
    Comment: lambda _session, row: [(Kind.UPDATE, row.update_id)],
    MeetingGroup: _of_meeting,
    AgendaItem: lambda _session, row: [(Kind.MEETING, row.meeting_id)],
    MinutesVersion: lambda _session, row: [(Kind.MEETING, row.meeting_id)],
}
