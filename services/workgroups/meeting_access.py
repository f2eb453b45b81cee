"""Who sees a meeting, who records for it, and who may know how to join it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from services.workgroups import meeting_plans, meetings, permissions, sight
from services.workgroups.tables import Group, Meeting, MeetingGroup
from services.workgroups.wall_times import invalid
from shared.identity import Caller


def in_sight(
    session: Session, caller: Caller | None, group_id: UUID | None = None
) -> ColumnElement[bool]:
    """Return the condition on `Meeting` that the caller sees one of its groups, or just that one.

    ``None`` is somebody unknown.
    """
    seen = select(MeetingGroup.meeting_id).join(Group).where(sight.in_sight(session, caller))
    if group_id is not None:
        seen = seen.where(MeetingGroup.group_id == group_id)
    return col(Meeting.id).in_(seen)


def meeting_to_see(session: Session, caller: Caller | None, meeting_id: UUID) -> Meeting:
    """Return the meeting; a Problem (404) when there is none of that id that the caller sees."""
    meeting = session.exec(
        select(Meeting).where(Meeting.id == meeting_id, in_sight(session, caller))
    ).first()
    if meeting is None:
        raise meetings.no_such_meeting()
    return meeting


def meeting_to_record(session: Session, caller: Caller, meeting_id: UUID) -> Meeting:
    """Return the meeting, held until the transaction ends, for somebody who records for it.

    Raises a Problem: 404 when the caller doesn't see it, 403 unless the caller records for all
    its groups, 409 when one of them takes nothing new.
    """
    meeting_to_see(session, caller, meeting_id)
    for group_id in meetings.group_ids_of(session, meeting_id):
        permissions.require_recording(session, caller, group_id)
    return meeting_plans.to_change(session, meeting_id)


def require_recording_for(session: Session, caller: Caller, group_ids: Sequence[UUID]) -> None:
    """Raise a Problem unless the caller records for each of the groups named in ``group_ids``.

    422 for a group that the caller doesn't see, 403 for one that the caller doesn't record for.
    """
    for place, group_id in enumerate(group_ids):
        if not sight.is_seen(session, caller, group_id):
            raise invalid(f"/group_ids/{place}", "There is no group of that id.")
    for group_id in group_ids:
        permissions.require_recording(session, caller, group_id)


def groups_belonged_to(session: Session, caller: Caller | None) -> set[UUID] | None:
    """Return the groups whose meetings' links the caller may know; ``None`` when that is all."""
    if caller is None:
        return set()
    if permissions.is_coordinator(session, caller):
        return None
    return sight.groups_of(session, caller)


def knows_link(session: Session, caller: Caller | None, meeting: Meeting) -> bool:
    """Tell whether the caller may know how to join the meeting online."""
    own = groups_belonged_to(session, caller)
    return own is None or not own.isdisjoint(meetings.group_ids_of(session, meeting.id))
