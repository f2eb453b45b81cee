"""Who sees a series of meetings and who records for it: who does so for its meetings."""

from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from services.workgroups import meeting_access, meetings, permissions
from services.workgroups.tables import Meeting, MeetingSeries
from shared.identity import Caller
from shared.problems import NOT_FOUND, Problem, incorrect


def in_sight(
    session: Session, caller: Caller | None, group_id: UUID | None = None
) -> ColumnElement[bool]:
    """Return the condition on `MeetingSeries` that the caller sees a meeting of it.

    With ``group_id`` it is a series of that group, which the caller sees.
    """
    seen = select(Meeting.series_id).where(
        meeting_access.in_sight(session, caller, group_id), col(Meeting.series_id).is_not(None)
    )
    return col(MeetingSeries.id).in_(seen)


def series_to_see(session: Session, caller: Caller | None, series_id: UUID) -> MeetingSeries:
    """Return the series; a Problem (404) when there is none of that id that the caller sees."""
    series = session.exec(
        select(MeetingSeries).where(MeetingSeries.id == series_id, in_sight(session, caller))
    ).first()
    if series is None:
        raise Problem(
            NOT_FOUND,
            "There is no series of meetings of that id. GET /meeting-series lists those you see.",
        )
    return series


def series_to_record(session: Session, caller: Caller, series_id: UUID) -> MeetingSeries:
    """Return the series, held until the transaction ends, for somebody who records for it.

    Raises a Problem: 404 when the caller doesn't see it, 403 unless the caller records for all its
    groups, 409 when one of them takes nothing new.
    """
    series_to_see(session, caller, series_id)
    group_ids = _group_ids(session, series_id)
    for group_id in group_ids:
        permissions.require_recording(session, caller, group_id)
    meetings.active_groups(session, group_ids)
    return meetings.lock_series(session, series_id)


def series_to_reply_to(session: Session, caller: Caller, series_id: UUID) -> MeetingSeries:
    """Return the series, held until the transaction ends, for somebody who sees it.

    Raises a Problem: 404 when the caller doesn't see it, 409 when a group takes nothing new.
    """
    series_to_see(session, caller, series_id)
    meetings.active_groups(session, _group_ids(session, series_id))
    return meetings.lock_series(session, series_id)


def meeting_of(
    session: Session, series: MeetingSeries, meeting_id: UUID | None, pointer: str
) -> Meeting | None:
    """Return the meeting of the series, ``None`` for none; a Problem (422) for another's."""
    if meeting_id is None:
        return None
    meeting = session.get(Meeting, meeting_id)
    if meeting is None or meeting.series_id != series.id:
        raise incorrect(
            pointer,
            f"Not a meeting of this series: GET /meeting-series/{series.id}/meetings lists them.",
        )
    return meeting


def _group_ids(session: Session, series_id: UUID) -> list[UUID]:
    first = session.exec(select(Meeting.id).where(Meeting.series_id == series_id).limit(1)).one()
    return meetings.group_ids_of(session, first)
