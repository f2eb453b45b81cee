"""Replies of calendar programs to invitations: iTIP REPLY (RFC 5546, 3.2.3)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.workgroups.invitations import Reply
from services.workgroups.tables import Invitation, Meeting, MeetingSeries
from shared.problems import CONFLICT, INVALID, Problem

MAX_BYTES = 20_000

REPLIES = {
    "ACCEPTED": Reply.ACCEPTED,
    "DECLINED": Reply.DECLINED,
    "TENTATIVE": Reply.TENTATIVE,
}


@dataclass(frozen=True)
class CalendarReply:
    """What a calendar program replied for somebody."""

    uid: str
    attendee: UUID
    reply: Reply
    sequence: int
    stamp: datetime
    occurrence: datetime | None = None
    """The RECURRENCE-ID: which meeting of a series; without a zone it is as its clocks show."""


def read(content: bytes) -> CalendarReply:
    """Return the reply in a calendar object; a Problem (422) that says what it lacks."""
    from icalendar import Calendar

    try:
        calendar = Calendar.from_ical(content.decode())
        events = list(calendar.walk("VEVENT"))
        method = str(calendar.get("method", ""))
    except Exception as error:
        # The library's parser raises errors of many kinds for what is no calendar object.
        raise _unreadable("It is no calendar object (RFC 5545).") from error
    if method.upper() != "REPLY":
        raise _unreadable("Its METHOD must be REPLY.")
    if len(events) != 1:
        raise _unreadable("It must hold one VEVENT.")
    [event] = events
    try:
        attendees = event.get("attendee", [])
        [attendee] = attendees if isinstance(attendees, list) else [attendees]
        stamp = event.decoded("dtstamp")
        if not isinstance(stamp, datetime):
            raise TypeError("no moment")
        return CalendarReply(
            uid=str(event["uid"]),
            attendee=UUID(str(attendee).lower().removeprefix("urn:uuid:")),
            reply=REPLIES[str(attendee.params["partstat"]).upper()],
            sequence=int(event.get("sequence", 0)),
            stamp=stamp.replace(tzinfo=stamp.tzinfo or UTC),
            occurrence=_occurrence(event),
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise _unreadable(
            "Its event needs a UID, a DTSTAMP, and one ATTENDEE as we wrote it, with PARTSTAT "
            "ACCEPTED, DECLINED or TENTATIVE."
        ) from error


def is_of(given: CalendarReply, meeting: Meeting, series: MeetingSeries) -> bool:
    """Tell whether the reply is to this meeting of the series."""
    if given.occurrence is None or meeting.occurrence is None:
        return False
    zone = ZoneInfo(series.time_zone)
    asked = given.occurrence.replace(tzinfo=given.occurrence.tzinfo or zone)
    return asked.astimezone(UTC) == meeting.occurrence.replace(tzinfo=zone).astimezone(UTC)


def require_to(meeting: Meeting, given: CalendarReply, series: MeetingSeries | None) -> None:
    """Raise a Problem (422) when the reply is to another meeting, or to a whole series."""
    if given.uid != str(series.id if series else meeting.id):
        raise Problem(INVALID, "The reply is to another meeting: its UID is not that of this one.")
    if series is not None and given.occurrence is None:
        raise Problem(
            INVALID,
            "The reply has no RECURRENCE-ID and is to the whole series: send it to "
            f"POST /meeting-series/{series.id}/calendar-replies.",
        )
    if series is not None and not is_of(given, meeting, series):
        raise Problem(
            INVALID, "The reply is to another meeting of the series: see its RECURRENCE-ID."
        )


def require_current(meeting: Meeting, invitation: Invitation, given: CalendarReply) -> None:
    """Raise a Problem (409) when the reply is to an older invitation, or older than another."""
    if given.sequence < meeting.sequence:
        raise Problem(
            CONFLICT,
            f"This replies to sequence {given.sequence}, but the meeting has moved since and is at "
            f"{meeting.sequence}: fetch the invitation again and reply to that.",
        )
    if invitation.reply_stamp is not None and given.stamp < invitation.reply_stamp:
        raise Problem(CONFLICT, "A later reply than this has arrived already: that one counts.")


def _occurrence(event: Any) -> datetime | None:
    if event.get("recurrence-id") is None:
        return None
    moment = event.decoded("recurrence-id")
    if not isinstance(moment, datetime):
        raise TypeError("no moment")
    return moment


def _unreadable(detail: str) -> Problem:
    return Problem(INVALID, f"The reply can't be taken. {detail}")
