"""What a route's signature asks for: a meeting, and a caller who may do something about it."""

from typing import Annotated

from fastapi import Depends

from services.workgroups import meeting_access
from services.workgroups.routes.permitted import MeetingId
from services.workgroups.tables import Meeting
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing


def _visible_meeting(meeting_id: MeetingId, caller: MaybeCaller, session: Reading) -> Meeting:
    return meeting_access.meeting_to_see(session, caller, meeting_id)


def _meeting_to_record(meeting_id: MeetingId, caller: CurrentCaller, session: Writing) -> Meeting:
    return meeting_access.meeting_to_record(session, caller, meeting_id)


VisibleMeeting = Annotated[Meeting, Depends(_visible_meeting)]
"""A meeting that the caller sees, to read from; 404 otherwise."""

MeetingToRecord = Annotated[Meeting, Depends(_meeting_to_record)]
"""A meeting that waits for this request, by who records for it; 404, 403 or 409 otherwise."""
