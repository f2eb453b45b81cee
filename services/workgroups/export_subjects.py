"""What an export says of each kind of thing."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.workgroups import meetings
from services.workgroups.action_item_people import people_of
from services.workgroups.action_item_support import support_of
from services.workgroups.due_dates import is_overdue
from services.workgroups.exports import Filters, Reader, Subject, What
from services.workgroups.group_lifecycle import Status
from services.workgroups.institutions import UNNAMED, Named, names_of
from services.workgroups.meeting_states import MeetingStatus
from services.workgroups.membership_lifecycle import LASTING
from services.workgroups.membership_lifecycle import State as MemberState
from services.workgroups.support import Side
from services.workgroups.tables import (
    ActionItem,
    AgreedPoint,
    Group,
    Meeting,
    MeetingGroup,
    Membership,
    Theme,
    Update,
)
from services.workgroups.transitions import State
from services.workgroups.update_content import contents_of
from shared.columns import utc_now


def _groups(filters: Filters, seen: Any) -> SelectOfScalar[Group]:
    return select(Group).where(
        col(Group.id).in_(seen),
        *filters.by_state(col(Group.status)),
        *filters.by_moment(col(Group.created_at)),
    )


def _group_values(session: Session, _reader: Reader, part: list[Group]) -> list[dict[str, Any]]:
    themes = dict(
        session.exec(
            select(Theme.id, Theme.slug).where(
                col(Theme.id).in_({group.theme_id for group in part})
            )
        ).all()
    )
    return [{**group.model_dump(), "theme": themes[group.theme_id]} for group in part]


def _members(filters: Filters, seen: Any) -> SelectOfScalar[Membership]:
    return select(Membership).where(
        col(Membership.group_id).in_(seen),
        col(Membership.state).in_(filters.states or sorted(LASTING)),
        *filters.by_moment(col(Membership.joined_at)),
    )


def _member_values(
    session: Session, _reader: Reader, part: list[Membership]
) -> list[dict[str, Any]]:
    groups = _titles(session, (member.group_id for member in part))
    names = names_of(session, (member.institution_id for member in part))
    return [
        {
            **member.model_dump(),
            **_named(names, member.institution_id),
            "group": groups[member.group_id],
        }
        for member in part
    ]


def _updates(filters: Filters, seen: Any) -> SelectOfScalar[Update]:
    return select(Update).where(
        col(Update.group_id).in_(seen),
        col(Update.state).in_(filters.states or ["published"]),
        *filters.by_moment(col(Update.posted_at)),
    )


def _update_values(session: Session, reader: Reader, part: list[Update]) -> list[dict[str, Any]]:
    groups = _titles(session, (update.group_id for update in part))
    names = names_of(session, (update.institution_id for update in part))
    said = contents_of(session, part)
    seen = reader.supports(
        session, [each for content in said.values() for each in (*content.needs, *content.offers)]
    )
    return [
        {
            **update.model_dump(),
            **_named(names, update.institution_id),
            "group": groups[update.group_id],
            "needs": [each for each in said[update.id].needs if each in seen],
            "offers": [each for each in said[update.id].offers if each in seen],
            "pinned": update.pinned_at is not None,
            # What was taken back is said no more.
            **(
                {"title": None, "text": None, "needs": [], "offers": []}
                if update.state == "withdrawn"
                else {}
            ),
        }
        for update in part
    ]


def _meetings(filters: Filters, seen: Any) -> SelectOfScalar[Meeting]:
    return select(Meeting).where(
        col(Meeting.id).in_(
            select(MeetingGroup.meeting_id).where(col(MeetingGroup.group_id).in_(seen))
        ),
        *filters.by_state(col(Meeting.status)),
        *_on_days(filters),
    )


def _meeting_values(session: Session, reader: Reader, part: list[Meeting]) -> list[dict[str, Any]]:
    visible = _seen_groups(session, reader, part)
    names = names_of(session, (meeting.convenor_id for meeting in part if meeting.convenor_id))
    return [
        {
            **meeting.model_dump(),
            "date": _day_of(meeting),
            "convenor": names.get(meeting.convenor_id, UNNAMED).name
            if meeting.convenor_id
            else None,
            "group_ids": [group.id for group in visible[meeting.id]],
            "groups": [group.title for group in visible[meeting.id]],
        }
        for meeting in part
    ]


def _points(filters: Filters, seen: Any) -> SelectOfScalar[AgreedPoint]:
    met = (
        select(MeetingGroup.meeting_id)
        .join(Meeting, col(Meeting.id) == col(MeetingGroup.meeting_id))
        .where(col(MeetingGroup.group_id).in_(seen), *_on_days(filters))
    )
    return select(AgreedPoint).where(col(AgreedPoint.meeting_id).in_(met))


def _point_values(
    session: Session, reader: Reader, part: list[AgreedPoint]
) -> list[dict[str, Any]]:
    ids = {point.meeting_id for point in part}
    found = session.exec(select(Meeting).where(col(Meeting.id).in_(ids))).all()
    met = {meeting.id: meeting for meeting in found}
    visible = _seen_groups(session, reader, found)
    names = names_of(session, (point.raised_by for point in part if point.raised_by))
    supports = reader.supports(session, [point.need_id for point in part if point.need_id])
    return [
        {
            **point.model_dump(),
            "meeting": met[point.meeting_id].title,
            "date": _day_of(met[point.meeting_id]),
            "group_ids": [group.id for group in visible[point.meeting_id]],
            "groups": [group.title for group in visible[point.meeting_id]],
            "raised_by_name": names.get(point.raised_by, UNNAMED).name if point.raised_by else None,
            "need_id": point.need_id if point.need_id in supports else None,
        }
        for point in part
    ]


def _items(filters: Filters, seen: Any) -> SelectOfScalar[ActionItem]:
    return select(ActionItem).where(
        col(ActionItem.group_id).in_(seen),
        *filters.by_state(col(ActionItem.state)),
        *filters.by_day(col(ActionItem.due_date)),
    )


def _item_values(session: Session, reader: Reader, part: list[ActionItem]) -> list[dict[str, Any]]:
    now = utc_now()
    ids = [item.id for item in part]
    groups = {
        group.id: group
        for group in session.exec(
            select(Group).where(col(Group.id).in_({item.group_id for item in part}))
        )
    }
    names = names_of(session, (item.institution_id for item in part))
    within = reader.within(session)
    people = people_of(session, [item.id for item in part if item.group_id in within])
    about = support_of(session, ids)
    seen = reader.supports(
        session, [each for sides in about.values() for both in sides.values() for each in both]
    )
    return [
        {
            **item.model_dump(),
            **_named(names, item.institution_id),
            "group": groups[item.group_id].title,
            "overdue": is_overdue(item.state, item.due_date, groups[item.group_id].time_zone, now),
            "person_ids": people[item.id] if item.group_id in within else [],
            "needs": [each for each in about[item.id][Side.NEED] if each in seen],
            "offers": [each for each in about[item.id][Side.OFFER] if each in seen],
        }
        for item in part
    ]


_INSTITUTION = ("institution_id", "institution_name", "institution_acronym")

SUBJECTS: Mapping[What, Subject] = {
    subject.what: subject
    for subject in (
        Subject(
            What.GROUPS,
            (
                *("id", "slug", "title", "theme", "status", "purpose", "scope"),
                *("results", "review_date", "charter"),
                *("time_zone", "visibility", "admission", "replaced_by"),
                *("version", "created_at", "updated_at"),
            ),
            col(Group.id),
            tuple(status.value for status in Status),
            _groups,
            _group_values,
        ),
        Subject(
            What.MEMBERS,
            ("id", "group_id", "group", *_INSTITUTION, "state", "joined_at", "left_at"),
            col(Membership.id),
            tuple(
                state.value
                for state in MemberState
                if state in LASTING | {MemberState.LEFT, MemberState.REMOVED, MemberState.MERGED}
            ),
            _members,
            _member_values,
        ),
        Subject(
            What.UPDATES,
            (
                *("id", "group_id", "group", *_INSTITUTION, "kind", "title", "text", "language"),
                *("needs", "offers", "state", "pinned", "posted_at", "edited_at", "version"),
            ),
            col(Update.id),
            ("published", "withdrawn"),
            _updates,
            _update_values,
        ),
        Subject(
            What.MEETINGS,
            (
                *("id", "title", "description", "status", "date", "begins_at", "ends_at"),
                *("place", "time_zone", "mode", "capacity"),
                *("participants_in_person", "participants_online", "convenor_id", "convenor"),
                *("group_ids", "groups", "version", "recorded_at", "updated_at"),
            ),
            col(Meeting.id),
            tuple(status.value for status in MeetingStatus),
            _meetings,
            _meeting_values,
        ),
        Subject(
            What.AGREED_POINTS,
            (
                *("id", "meeting_id", "meeting", "date", "group_ids", "groups", "number", "text"),
                *(
                    "outcome",
                    "raised_by",
                    "raised_by_name",
                    "update_id",
                    "need_id",
                    "agenda_item_id",
                ),
                *("version", "recorded_at", "updated_at"),
            ),
            col(AgreedPoint.id),
            (),
            _points,
            _point_values,
        ),
        Subject(
            What.ACTION_ITEMS,
            (
                *("id", "group_id", "group", "number", "title", "description", *_INSTITUTION),
                *("person_ids", "priority", "start_date", "due_date", "state", "overdue"),
                *("reason", "result", "result_links", "parent_id", "meeting_id"),
                *("agreed_point_id", "needs", "offers", "version", "assigned_at", "updated_at"),
                "finished_at",
            ),
            col(ActionItem.id),
            tuple(state.value for state in State),
            _items,
            _item_values,
        ),
    )
}
"""How each kind of thing is exported."""


def _on_days(filters: Filters) -> list[ColumnElement[bool]]:
    """Return the conditions that a meeting is in the period: when it was, else when it shall be."""
    held, planned = col(Meeting.held_on), col(Meeting.begins_local)
    begin = datetime.combine(filters.since, time.min) if filters.since else None
    end = datetime.combine(filters.until, time.max) if filters.until else None
    return [
        *([or_(held >= filters.since, held.is_(None) & (planned >= begin))] if begin else []),
        *([or_(held <= filters.until, held.is_(None) & (planned <= end))] if end else []),
    ]


def _day_of(meeting: Meeting) -> date | None:
    if meeting.held_on is None and meeting.begins_local is not None:
        return meeting.begins_local.date()
    return meeting.held_on


def _titles(session: Session, group_ids: Iterable[UUID]) -> dict[UUID, str]:
    rows = session.exec(select(Group.id, Group.title).where(col(Group.id).in_(set(group_ids))))
    return dict(rows.all())


def _named(names: Mapping[UUID, Named], institution_id: UUID) -> dict[str, str | None]:
    named = names.get(institution_id, UNNAMED)
    return {"institution_name": named.name, "institution_acronym": named.acronym}


def _seen_groups(
    session: Session, reader: Reader, part: Iterable[Meeting]
) -> dict[UUID, list[Group]]:
    """Return the groups of each meeting, without those that the reader doesn't see."""
    groups = meetings.groups_of(session, [meeting.id for meeting in part])
    ids = {group.id for found in groups.values() for group in found}
    seen = set(session.exec(select(Group.id).where(col(Group.id).in_(ids), reader.groups(session))))
    return {
        meeting_id: [group for group in found if group.id in seen]
        for meeting_id, found in groups.items()
    }
