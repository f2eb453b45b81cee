"""Meetings as events of a calendar (RFC 5545).

Nobody has an e-mail address here, so calendar addresses are ``urn:uuid:`` with the id of the group,
the person or the institution.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Event, vCalAddress

from services.workgroups.meeting_states import MeetingStatus
from services.workgroups.tables import Group, Invitation, Meeting, MeetingSeries
from services.workgroups.wall_times import is_ambiguous

STATUS = {
    MeetingStatus.PLANNED: "TENTATIVE",
    MeetingStatus.SCHEDULED: "CONFIRMED",
    MeetingStatus.RESCHEDULED: "CONFIRMED",
    MeetingStatus.CANCELLED: "CANCELLED",
    MeetingStatus.HELD: "CONFIRMED",
}

PARTSTAT = {
    None: "NEEDS-ACTION",
    "accepted": "ACCEPTED",
    "declined": "DECLINED",
    "tentative": "TENTATIVE",
}


@dataclass(frozen=True)
class Entry:
    """A meeting as one reader may see it."""

    meeting: Meeting
    groups: Sequence[Group]
    link: str | None
    invitation: Invitation | None = None
    series: MeetingSeries | None = None
    """The series that it is a meeting of."""


def uid(meeting: Meeting) -> str:
    """Return the UID of the meeting, which never changes; those of a series have the same."""
    return str(meeting.series_id or meeting.id)


def address_of(subject_id: UUID) -> str:
    """Return the calendar address of a group, a person or an institution."""
    return f"urn:uuid:{subject_id}"


def walls_of(entry: Entry) -> Iterator[tuple[str, datetime]]:
    """Yield the times on the wall that the event of the meeting names, each with its zone."""
    for shown in _shown_times(entry.meeting):
        if isinstance(shown, datetime) and shown.tzinfo is not UTC:
            yield entry.meeting.time_zone, shown
    if entry.series is not None and entry.meeting.occurrence is not None:
        yield entry.series.time_zone, entry.meeting.occurrence


def event_of(entry: Entry) -> Event:
    """Return the event of the meeting; one of a series says which of it."""
    meeting, series = entry.meeting, entry.series
    event = Event()
    event.add("uid", uid(meeting))
    event.add("sequence", series.sequence if series else meeting.sequence)
    if series is not None and meeting.occurrence is not None:
        event.add("recurrence-id", on_the_wall(meeting.occurrence, series.time_zone))
    event.add("dtstamp", meeting.updated_at)
    event.add("created", meeting.recorded_at)
    event.add("last-modified", meeting.updated_at)
    event.add("summary", meeting.title)
    event.add("status", STATUS[MeetingStatus(meeting.status)])
    begins, ends = _shown_times(meeting)
    event.add("dtstart", begins)
    event.add("dtend", ends)
    if meeting.description:
        event.add("description", meeting.description)
    if meeting.place or entry.link:
        event.add("location", meeting.place or entry.link)
    if entry.link:
        event.add("url", entry.link)
    if entry.groups:
        organizer = vCalAddress(address_of(entry.groups[0].id))
        organizer.params["CN"] = entry.groups[0].title
        event.add("organizer", organizer)
        event.add("categories", [group.title for group in entry.groups])
    if entry.invitation is not None:
        event.add("attendee", _attendee(entry.invitation))
    return event


def _attendee(invitation: Invitation) -> vCalAddress:
    subject = invitation.person_id or invitation.institution_id
    assert subject is not None  # noqa: S101
    attendee = vCalAddress(address_of(subject))
    attendee.params["CUTYPE"] = "INDIVIDUAL" if invitation.person_id else "GROUP"
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    attendee.params["PARTSTAT"] = PARTSTAT[invitation.reply]
    attendee.params["RSVP"] = "TRUE"
    return attendee


def _shown_times(meeting: Meeting) -> tuple[datetime | date, datetime | date]:
    if meeting.begins_at is None or meeting.ends_at is None:
        assert meeting.held_on is not None  # noqa: S101
        return meeting.held_on, meeting.held_on + timedelta(days=1)
    assert meeting.begins_local is not None  # noqa: S101
    assert meeting.ends_local is not None  # noqa: S101
    if meeting.time_zone == "UTC" or any(
        is_ambiguous(local, meeting.time_zone)
        for local in (meeting.begins_local, meeting.ends_local)
    ):
        # iCalendar takes the first of two equal hours; in UTC there is no other.
        return meeting.begins_at.astimezone(UTC), meeting.ends_at.astimezone(UTC)
    return (
        on_the_wall(meeting.begins_local, meeting.time_zone),
        on_the_wall(meeting.ends_local, meeting.time_zone),
    )


def on_the_wall(local: datetime, time_zone: str) -> datetime:
    """Return what clocks show in the zone, as calendars write it."""
    return local.replace(tzinfo=UTC if time_zone == "UTC" else ZoneInfo(time_zone))
