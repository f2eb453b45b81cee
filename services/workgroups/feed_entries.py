"""What the feeds of groups and themes hold: updates, meetings, what was agreed, steps of groups."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, func, or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.workgroups import meetings
from services.workgroups.group_lifecycle import Action
from services.workgroups.institutions import UNNAMED, names_of
from services.workgroups.meeting_states import MeetingStatus
from services.workgroups.tables import (
    AgreedPoint,
    Group,
    GroupHistory,
    Meeting,
    MeetingGroup,
    Update,
)
from services.workgroups.update_content import html_of
from shared.atom import Entry
from shared.pagination import PageParams, Slice, cursor_after, not_ours, place_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_WALL = "%Y-%m-%d %H:%M"

STEPS = {
    Action.PROPOSE: "Proposed: {title}",
    Action.OPEN: "Opened: {title}",
    Action.ADOPT: "Adopted: {title}",
    Action.CHANGE: "Changed: {title}",
    Action.REST: "At rest: {title}",
    Action.RESUME: "At work again: {title}",
    Action.CONCLUDE: "Concluded: {title}",
    Action.REPLACE: "Replaced by another group: {title}",
    Action.ABANDON: "Abandoned: {title}",
    Action.RECHARTER: "Back with a new charter: {title}",
}
"""The steps of a group that feeds tell, with the title of each. Who sees it now is no news."""


@dataclass(frozen=True)
class Reader:
    """For whom a feed is made, and from where it leads to the API."""

    groups: ColumnElement[bool]
    """The condition on `Group` that the feed is of it, and that the reader sees it."""
    public_url: str
    is_signed_in: bool
    """The reasons of a group's steps are told only to who is."""


@dataclass(frozen=True)
class _Place:
    """Where the page before ended."""

    updated: datetime
    id: UUID


def entries_of(session: Session, reader: Reader, page: PageParams) -> Slice[Entry]:
    """Return a page of what the groups say and do, what changed last first.

    A Problem (422) when the cursor isn't ours.
    """
    before = _place(page.cursor)
    found = sorted(
        (
            *_updates(session, reader, before, page.limit + 1),
            *_meetings(session, reader, before, page.limit + 1),
            *_agreed_points(session, reader, before, page.limit + 1),
            *_steps(session, reader, before, page.limit + 1),
        ),
        key=lambda entry: (entry.updated, entry.id),
        reverse=True,
    )
    entries = found[: page.limit]
    more = len(found) > page.limit
    return Slice(entries, _cursor(entries[-1]) if more else None)


def changed_at(session: Session, reader: Reader) -> datetime | None:
    """Return when something in the feed changed or went last; ``None`` for a feed of no group."""
    ids = _ids(reader)
    moments = [
        session.exec(select(func.max(moment)).where(condition)).one()
        for moment, condition in (
            (col(Group.updated_at), reader.groups),
            (col(Update.posted_at), col(Update.group_id).in_(ids)),
            (col(Update.edited_at), col(Update.group_id).in_(ids)),
            (col(Update.withdrawn_at), col(Update.group_id).in_(ids)),
            (col(Meeting.updated_at), _met(ids)),
            (col(AgreedPoint.updated_at), col(AgreedPoint.meeting_id).in_(_meeting_ids(ids))),
        )
    ]
    return max((moment for moment in moments if moment), default=None)


def _updates(
    session: Session, reader: Reader, before: _Place | None, limit: int
) -> Iterator[Entry]:
    changed = func.coalesce(col(Update.edited_at), col(Update.posted_at))
    statement = select(Update).where(
        Update.state == "published", col(Update.group_id).in_(_ids(reader))
    )
    updates = session.exec(_newest(statement, changed, col(Update.id), before, limit)).all()
    names = names_of(session, (update.institution_id for update in updates))
    for update in updates:
        posted = update.posted_at or update.created_at
        yield Entry(
            id=update.id,
            kind=update.kind,
            title=update.title,
            html=html_of(update),
            authors=[names.get(update.institution_id, UNNAMED).name or "A member institution"],
            published=posted,
            updated=update.edited_at or posted,
            link=f"{reader.public_url}/updates/{update.id}",
            language=update.language,
        )


def _meetings(
    session: Session, reader: Reader, before: _Place | None, limit: int
) -> Iterator[Entry]:
    statement = select(Meeting).where(_met(_ids(reader)))
    found = session.exec(
        _newest(statement, col(Meeting.updated_at), col(Meeting.id), before, limit)
    ).all()
    titles = _titles(session, reader, [meeting.id for meeting in found])
    points = meetings.agreed_points_of(session, [meeting.id for meeting in found])
    for meeting in found:
        items = "".join(f"<li>{escape(point.text)}</li>" for point in points[meeting.id])
        agreed = f"<ol>{items}</ol>" if items else ""
        yield Entry(
            id=meeting.id,
            kind="meeting",
            title=_meeting_title(meeting),
            html=f"<p>{escape(_when_and_where(meeting))}</p>" + agreed,
            authors=titles[meeting.id],
            published=meeting.recorded_at,
            updated=meeting.updated_at,
            link=f"{reader.public_url}/meetings/{meeting.id}",
        )


def _agreed_points(
    session: Session, reader: Reader, before: _Place | None, limit: int
) -> Iterator[Entry]:
    statement = select(AgreedPoint).where(
        col(AgreedPoint.meeting_id).in_(_meeting_ids(_ids(reader)))
    )
    points = session.exec(
        _newest(statement, col(AgreedPoint.updated_at), col(AgreedPoint.id), before, limit)
    ).all()
    of = {
        meeting.id: meeting
        for meeting in session.exec(
            select(Meeting).where(col(Meeting.id).in_({point.meeting_id for point in points}))
        )
    }
    titles = _titles(session, reader, list(of))
    for point in points:
        meeting = of[point.meeting_id]
        yield Entry(
            id=point.id,
            kind="agreed_point",
            title=f"Agreed point {point.number}: {meeting.title}",
            html=f"<p>{escape(point.text)}</p>"
            + (f"<p>{escape(point.outcome)}</p>" if point.outcome else ""),
            authors=titles[meeting.id],
            published=point.recorded_at,
            updated=point.updated_at,
            link=f"{reader.public_url}/meetings/{meeting.id}",
        )


def _steps(session: Session, reader: Reader, before: _Place | None, limit: int) -> Iterator[Entry]:
    statement = select(GroupHistory).where(
        col(GroupHistory.group_id).in_(_ids(reader)), col(GroupHistory.action).in_(STEPS)
    )
    steps = session.exec(
        _newest(statement, col(GroupHistory.at), col(GroupHistory.id), before, limit)
    ).all()
    groups = {
        group.id: group
        for group in session.exec(
            select(Group).where(col(Group.id).in_({step.group_id for step in steps}))
        )
    }
    for step in steps:
        group = groups[step.group_id]
        title = STEPS[Action(step.action)].format(title=group.title)
        told = step.reason if reader.is_signed_in and step.reason else title
        yield Entry(
            id=step.id,
            kind="group_step",
            title=title,
            html=f"<p>{escape(told)}</p>",
            authors=[group.title],
            published=step.at,
            updated=step.at,
            link=f"{reader.public_url}/groups/{group.id}",
        )


def _newest(
    statement: SelectOfScalar[Any],
    moment: SQLColumnExpression[Any],
    key: SQLColumnExpression[Any],
    before: _Place | None,
    limit: int,
) -> SelectOfScalar[Any]:
    if before is not None:
        same_moment = and_(moment == before.updated, key < before.id)
        statement = statement.where(or_(moment < before.updated, same_moment))
    return statement.order_by(moment.desc(), key.desc()).limit(limit)


def _ids(reader: Reader) -> SelectOfScalar[UUID]:
    return select(Group.id).where(reader.groups)


def _met(ids: SelectOfScalar[UUID]) -> ColumnElement[bool]:
    return col(Meeting.id).in_(_meeting_ids(ids))


def _meeting_ids(ids: SelectOfScalar[UUID]) -> SelectOfScalar[UUID]:
    return select(MeetingGroup.meeting_id).where(col(MeetingGroup.group_id).in_(ids))


def _titles(session: Session, reader: Reader, meeting_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Return the titles of the meetings' groups that the feed is of."""
    seen = set(session.exec(_ids(reader)))
    return {
        meeting_id: [group.title for group in groups if group.id in seen]
        for meeting_id, groups in meetings.groups_of(session, meeting_ids).items()
    }


def _meeting_title(meeting: Meeting) -> str:
    if meeting.status == MeetingStatus.HELD:
        return meeting.title
    return f"{meeting.status.capitalize()}: {meeting.title}"


def _when_and_where(meeting: Meeting) -> str:
    when = "Time to be set"
    if meeting.begins_local and meeting.ends_local:
        ends = "%H:%M" if meeting.ends_local.date() == meeting.begins_local.date() else _WALL
        when = (
            f"{meeting.begins_local.strftime(_WALL)} to {meeting.ends_local.strftime(ends)}, "
            f"{meeting.time_zone}"
        )
    elif meeting.held_on:
        when = meeting.held_on.isoformat()
    where = f"{meeting.place}, " if meeting.place else ""
    return f"{when}. {where}{meeting.mode.replace('_', ' ')}"


def _cursor(entry: Entry) -> str:
    return cursor_after(((entry.updated - _EPOCH) // _MICROSECOND, str(entry.id)), "feed")


def _place(cursor: str | None) -> _Place | None:
    if cursor is None:
        return None
    moment, entry_id = place_of(cursor, "feed", (int, str))
    try:
        return _Place(_EPOCH + int(moment) * _MICROSECOND, UUID(str(entry_id)))
    except (ValueError, OverflowError):
        raise not_ours() from None
