"""Who sees a meeting, who records for it, and who may know how to join it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.workgroups import meetings, permissions, sight
from services.workgroups.tables import Group, Invitation, Meeting, MeetingGroup
from shared.identity import Caller
from shared.problems import FORBIDDEN, Problem, incorrect


def in_sight(
    session: Session, caller: Caller | None, group_id: UUID | None = None
) -> ColumnElement[bool]:
    """Return the condition on `Meeting` that the caller sees one of its groups, or is invited.

    With ``group_id`` it is a meeting of that group, which the caller sees.
    """
    seen = select(MeetingGroup.meeting_id).join(Group).where(sight.in_sight(session, caller))
    if group_id is not None:
        return col(Meeting.id).in_(seen.where(MeetingGroup.group_id == group_id))
    return or_(col(Meeting.id).in_(seen), col(Meeting.id).in_(invited_to(session, caller)))


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
    return meetings.to_change(session, meeting_id)


def require_recording_for(session: Session, caller: Caller, group_ids: Sequence[UUID]) -> None:
    """Raise a Problem unless the caller records for each of the groups named in ``group_ids``.

    422 for a group that the caller doesn't see, 403 for one that the caller doesn't record for.
    """
    for place, group_id in enumerate(group_ids):
        if not sight.is_seen(session, caller, group_id):
            raise incorrect(f"/group_ids/{place}", "There is no group of that id.")
    for group_id in group_ids:
        permissions.require_recording(session, caller, group_id)


def joinable(
    session: Session, caller: Caller | None, found: Mapping[UUID, Sequence[UUID]]
) -> set[UUID]:
    """Return of the meetings, given with their groups, those whose link the caller may know.

    They are those of groups that the caller belongs to, and those the caller is invited to.
    """
    if caller is None:
        return set()
    if permissions.is_coordinator(session, caller):
        return set(found)
    own = sight.groups_of(session, caller)
    invited = set(session.exec(invited_to(session, caller)))
    return {
        meeting_id
        for meeting_id, group_ids in found.items()
        if meeting_id in invited or not own.isdisjoint(group_ids)
    }


def knows_link(session: Session, caller: Caller | None, meeting: Meeting) -> bool:
    """Tell whether the caller may know how to join the meeting online."""
    of_meeting = {meeting.id: meetings.group_ids_of(session, meeting.id)}
    return bool(joinable(session, caller, of_meeting))


def require_belonging(session: Session, caller: Caller | None, meeting: Meeting) -> None:
    """Raise a Problem (403) unless the caller belongs to a group of the meeting or is invited."""
    if not knows_link(session, caller, meeting):
        raise Problem(
            FORBIDDEN,
            "Only those who belong to a group of the meeting, or are invited to it, see this.",
        )


def of_caller(session: Session, caller: Caller) -> ColumnElement[bool]:
    """Return the condition on `Meeting` that it is of a group of the caller's, or invites them."""
    of_groups = select(MeetingGroup.meeting_id).where(
        col(MeetingGroup.group_id).in_(sight.groups_of(session, caller))
    )
    return or_(col(Meeting.id).in_(of_groups), col(Meeting.id).in_(invited_to(session, caller)))


def invited_to(session: Session, caller: Caller | None) -> SelectOfScalar[UUID]:
    """Return the query of the meetings that the caller, or their institution, is invited to."""
    invited = select(Invitation.meeting_id).where(col(Invitation.withdrawn_at).is_(None))
    if caller is None or not caller.acts:
        return invited.where(false())
    institutions = permissions.institutions_of(session, caller)
    return invited.where(
        or_(
            col(Invitation.person_id) == caller.id,
            col(Invitation.institution_id).in_(institutions),
        )
    )
