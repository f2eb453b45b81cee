"""Meetings as iCalendar (RFC 5545) and as invitations to them (RFC 5546).

Nobody has an e-mail address here, so calendar addresses are ``urn:uuid:`` with the id of the group,
the person or the institution.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import (
    Calendar,
    Event,
    Timezone,
    TimezoneDaylight,
    TimezoneStandard,
    vCalAddress,
)

from services.workgroups.meeting_states import MeetingStatus
from services.workgroups.tables import Group, Invitation, Meeting
from services.workgroups.wall_times import is_ambiguous

PRODUCT = "-//Southlink//workgroups//EN"

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


def feed(name: str, entries: Sequence[Entry]) -> bytes:
    """Return a calendar of the meetings that have a time or a day."""
    calendar = _calendar("PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for zone in _zones(entries):
        calendar.add_component(zone)
    for entry in entries:
        calendar.add_component(_event(entry))
    return bytes(calendar.to_ical())


def invitation_object(entry: Entry) -> bytes:
    """Return the invitation as a message to the invited: a request, or its cancellation."""
    withdrawn = entry.invitation is not None and entry.invitation.withdrawn_at is not None
    cancelled = withdrawn or entry.meeting.status == MeetingStatus.CANCELLED
    calendar = _calendar("CANCEL" if cancelled else "REQUEST")
    for zone in _zones([entry]):
        calendar.add_component(zone)
    event = _event(entry)
    if cancelled:
        event["status"] = "CANCELLED"
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def uid(meeting: Meeting) -> str:
    """Return the UID of the meeting, which never changes."""
    return str(meeting.id)


def address_of(subject_id: UUID) -> str:
    """Return the calendar address of a group, a person or an institution."""
    return f"urn:uuid:{subject_id}"


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    return calendar


def _event(entry: Entry) -> Event:
    meeting = entry.meeting
    event = Event()
    event.add("uid", uid(meeting))
    event.add("sequence", meeting.sequence)
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
    zone = ZoneInfo(meeting.time_zone)
    return meeting.begins_local.replace(tzinfo=zone), meeting.ends_local.replace(tzinfo=zone)


def _zones(entries: Sequence[Entry]) -> list[Timezone]:
    years: dict[str, list[int]] = {}
    for entry in entries:
        begins, ends = _shown_times(entry.meeting)
        if isinstance(begins, datetime) and begins.tzinfo is not UTC:
            years.setdefault(entry.meeting.time_zone, []).extend((begins.year, ends.year))
    return [_zone(name, min(named), max(named)) for name, named in sorted(years.items())]


@lru_cache(maxsize=256)
def _zone(name: str, first: int, last: int) -> Timezone:
    # The library's own way from a tzinfo misses offsets that last less than two months, as in
    # Morocco, and gives the hour of a change in the offset after it, not before (RFC 5545, 3.6.5).
    zone = ZoneInfo(name)
    end = datetime(last + 2, 1, 1, tzinfo=UTC)
    moment = datetime(first - 1, 1, 1, tzinfo=UTC)
    onsets: dict[tuple[timedelta, timedelta, str, bool], list[datetime]] = {}
    before = _offset(moment, zone)
    while moment < end:
        shown = moment.astimezone(zone)
        kind = (before, _offset(moment, zone), str(shown.tzname()), not shown.dst())
        onsets.setdefault(kind, []).append((moment + before).replace(tzinfo=None))
        before = _offset(moment, zone)
        moment = _next_change(moment, end, zone)
    found = Timezone()
    found.add("tzid", name)
    for (offset_from, offset_to, shown_name, standard), (start, *others) in onsets.items():
        part = TimezoneStandard() if standard else TimezoneDaylight()
        part.add("tzname", shown_name)
        part.add("tzoffsetfrom", offset_from)
        part.add("tzoffsetto", offset_to)
        part.add("dtstart", start)
        if others:
            part.add("rdate", others)
        found.add_component(part)
    return found


def _next_change(moment: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    """Return the next minute in which clocks have another offset, or ``end``."""
    offset = _offset(moment, zone)
    while moment < end and _offset(moment + timedelta(days=1), zone) == offset:
        moment += timedelta(days=1)
    same, other = 0, 24 * 60
    while other - same > 1:
        middle = (same + other) // 2
        if _offset(moment + timedelta(minutes=middle), zone) == offset:
            same = middle
        else:
            other = middle
    return moment + timedelta(minutes=other)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
