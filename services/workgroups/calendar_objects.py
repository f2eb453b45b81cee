"""Calendars of meetings (RFC 5545) and messages that invite to them (RFC 5546)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from icalendar import Calendar, Event

from services.workgroups.calendar_events import Entry, event_of, walls_of
from services.workgroups.calendar_series import Series, events_of, is_off, walls_of_series
from services.workgroups.meeting_states import MeetingStatus
from shared.calendar_zones import zones_of

PRODUCT = "-//Southlink//workgroups//EN"


def feed(name: str, entries: Sequence[Entry], series: Sequence[Series] = ()) -> bytes:
    """Return a calendar of the meetings that have a time or a day, and of whole series."""
    events = [event_of(entry) for entry in entries]
    walls = [wall for entry in entries for wall in walls_of(entry)]
    for each in series:
        events += events_of(each)
        walls += walls_of_series(each)
    calendar = _calendar("PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    return _written(calendar, events, walls)


def invitation_object(entry: Entry) -> bytes:
    """Return the invitation as a message to the invited: a request, or its cancellation."""
    withdrawn = entry.invitation is not None and entry.invitation.withdrawn_at is not None
    cancelled = withdrawn or entry.meeting.status == MeetingStatus.CANCELLED
    event = event_of(entry)
    if cancelled:
        event["status"] = "CANCELLED"
    return _written(_calendar("CANCEL" if cancelled else "REQUEST"), [event], walls_of(entry))


def series_object(series: Series) -> bytes:
    """Return the invitation to a series as one message: a request, or its cancellation.

    The series is that of the invited: without the meetings to which they are not invited.
    """
    calendar = _calendar("CANCEL" if is_off(series) else "REQUEST")
    return _written(calendar, events_of(series), walls_of_series(series))


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    return calendar


def _written(
    calendar: Calendar, events: Iterable[Event], walls: Iterable[tuple[str, datetime]]
) -> bytes:
    for component in (*zones_of(walls), *events):
        calendar.add_component(component)
    return bytes(calendar.to_ical())
