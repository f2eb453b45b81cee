"""Who sees an agreed point, and who records it: through the groups whose meeting it was."""

from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import groups, meetings, sight
from services.workgroups.group_lifecycle import CLOSED
from services.workgroups.permissions import may_record, require_recording
from services.workgroups.tables import AgreedPoint, Group, Meeting, MeetingGroup
from shared.identity import Caller
from shared.problems import NOT_FOUND, Problem


def meeting_to_read(session: Session, caller: Caller | None, meeting_id: UUID) -> Meeting:
    """Return the meeting; a Problem (404) unless the caller sees one of its groups."""
    meeting = session.get(Meeting, meeting_id)
    if meeting is None or not _seen(session, caller, meeting_id):
        raise meetings.no_such_meeting()
    return meeting


def meeting_to_record(session: Session, caller: Caller, meeting_id: UUID) -> Meeting:
    """Return the meeting, held until the transaction ends, to record what it agreed.

    Raises a Problem: 404 unless the caller sees it, 403 unless they record for one of its groups,
    409 when each of those is closed.
    """
    meeting_to_read(session, caller, meeting_id)
    _require_recording(session, caller, meeting_id)
    return _held(session, meeting_id)


def point_to_read(session: Session, caller: Caller | None, point_id: UUID) -> AgreedPoint:
    """Return the agreed point; a Problem (404) unless the caller sees its meeting."""
    point = session.get(AgreedPoint, point_id)
    if point is None or not _seen(session, caller, point.meeting_id):
        raise no_such_point()
    return point


def point_to_change(session: Session, caller: Caller, point_id: UUID) -> AgreedPoint:
    """Return the agreed point, held with its meeting until the transaction ends.

    Raises a Problem as `meeting_to_record`.
    """
    meeting_id = session.exec(
        select(AgreedPoint.meeting_id).where(AgreedPoint.id == point_id)
    ).first()
    if meeting_id is None or not _seen(session, caller, meeting_id):
        raise no_such_point()
    _require_recording(session, caller, meeting_id)
    _held(session, meeting_id)
    return session.exec(
        select(AgreedPoint)
        .where(AgreedPoint.id == point_id)
        .execution_options(populate_existing=True)
    ).one()


def no_such_point() -> Problem:
    """Return the Problem (404) for an agreed point that is unknown or hidden from the caller."""
    return Problem(NOT_FOUND, "There is no agreed point of that id that you may see.")


def groups_of_meeting(session: Session, meeting_id: UUID) -> list[Group]:
    """Return the groups whose meeting it was, in the order of their ids."""
    return meetings.groups_of(session, [meeting_id])[meeting_id]


def _seen(session: Session, caller: Caller | None, meeting_id: UUID) -> bool:
    return (
        session.exec(
            select(MeetingGroup.group_id)
            .join(Group)
            .where(MeetingGroup.meeting_id == meeting_id, sight.in_sight(session, caller))
        ).first()
        is not None
    )


def _require_recording(session: Session, caller: Caller, meeting_id: UUID) -> None:
    held = groups_of_meeting(session, meeting_id)
    own = [group for group in held if may_record(session, caller, group.id)]
    if not own:
        require_recording(session, caller, held[0].id)
    if all(group.status in CLOSED for group in own):
        groups.require_open(own[0])


def _held(session: Session, meeting_id: UUID) -> Meeting:
    return session.exec(
        select(Meeting)
        .where(col(Meeting.id) == meeting_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
