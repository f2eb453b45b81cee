"""Series of meetings, as they are: their meetings, what those have in common, how events tell them.

Each meeting of a series is a meeting as any other, with its own invitations, agenda and minutes.
The series says what they have in common; a meeting that differs from it is an exception.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from services.workgroups import meetings
from services.workgroups.meeting_states import AHEAD, TO_COME
from services.workgroups.tables import Group, Meeting, MeetingGroup, MeetingSeries
from shared.columns import utc_now
from shared.events.catalogue import OccurrenceFacts, SeriesFacts
from shared.problems import NOT_ALLOWED_NOW, Problem

SHARED = ("title", "description", "mode", "place", "link", "capacity", "convenor_id")
"""What the meetings of a series have in common beside their times."""


def meetings_of(session: Session, series: MeetingSeries) -> list[Meeting]:
    """Return every meeting of the series, in the order of their occurrences."""
    return list(
        session.exec(
            select(Meeting).where(Meeting.series_id == series.id).order_by(col(Meeting.occurrence))
        )
    )


def is_regular(series: MeetingSeries, meeting: Meeting) -> bool:
    """Tell whether the meeting is when the series has it: nobody moved it alone."""
    return (
        meeting.time_zone == series.time_zone
        and meeting.begins_local == meeting.occurrence
        and meeting.begins_local is not None
        and meeting.ends_local is not None
        and meeting.ends_local - meeting.begins_local == length_of(series)
    )


def to_come(session: Session, series: MeetingSeries, now: datetime) -> list[Meeting]:
    """Return the meetings of the series that people are asked to come to and that aren't over."""
    return [
        meeting
        for meeting in meetings_of(session, series)
        if meeting.status in TO_COME and meeting.ends_at is not None and meeting.ends_at > now
    ]


def ahead(session: Session, series: MeetingSeries, since: datetime | None) -> list[Meeting]:
    """Return the meetings that have yet to begin, from the occurrence ``since`` on.

    Raises a Problem (409) when there is none.
    """
    now = utc_now()
    found = [
        meeting
        for meeting in meetings_of(session, series)
        if meeting.status in AHEAD
        and meeting.begins_at is not None
        and meeting.begins_at > now
        and (since is None or (meeting.occurrence is not None and meeting.occurrence >= since))
    ]
    if not found:
        raise Problem(
            NOT_ALLOWED_NOW, "No meeting of the series is to come from then on: nothing changes."
        )
    return found


def overlaps(
    session: Session, series: MeetingSeries, group_ids: Sequence[UUID]
) -> list[tuple[Meeting, Group, Meeting]]:
    """Return meetings of the series with others of the groups at their time, the first ten."""
    other = aliased(Meeting)
    return list(
        session.exec(
            select(Meeting, Group, other)
            .where(
                Meeting.series_id == series.id,
                col(Meeting.status).in_(AHEAD),
                col(other.status).in_(AHEAD),
                col(other.id) != col(Meeting.id),
                col(other.begins_at) < col(Meeting.ends_at),
                col(other.ends_at) > col(Meeting.begins_at),
                col(MeetingGroup.meeting_id) == col(other.id),
                col(MeetingGroup.group_id) == col(Group.id),
                col(Group.id).in_(group_ids),
            )
            .order_by(col(Meeting.begins_at), col(Group.id), col(other.id))
            .limit(10)
        )
    )


def length_of(series: MeetingSeries) -> timedelta:
    """Return how long its meetings are."""
    return series.ends_local - series.begins_local


def note_change(series: MeetingSeries, *, moved: bool) -> None:
    """Give the series another version; calendars follow only when it was ``moved``."""
    series.version += 1
    series.updated_at = utc_now()
    if moved:
        series.sequence += 1


def facts_of(session: Session, series: MeetingSeries) -> SeriesFacts:
    """Return how events describe the series."""
    first = meetings_of(session, series)[0]
    return SeriesFacts.model_validate(
        {
            **series.model_dump(),
            "series_id": series.id,
            "groups": meetings.references(session, first),
        }
    )


def told(found: Sequence[Meeting]) -> list[OccurrenceFacts]:
    """Return how events describe meetings of a series."""
    return [
        OccurrenceFacts.model_validate({**meeting.model_dump(), "meeting_id": meeting.id})
        for meeting in found
    ]


def subject_of(series: MeetingSeries) -> str:
    """Return the subject of events of the series."""
    return f"meeting-series/{series.id}"
