"""The reader's coming meetings as a calendar (RFC 5545), to be taken into one's own."""

from base64 import encodebytes
from functools import lru_cache

from services.notifier.open_matters import Coming

NAME = "southlink.ics"


@lru_cache(1024)
def calendar(meetings: tuple[Coming, ...]) -> bytes:
    """Return the meetings as one calendar; each has the UID that workgroups gives it."""
    from icalendar import Calendar, Event

    made = Calendar()
    made.add("version", "2.0")
    made.add("prodid", "-//Southlink//notifier//EN")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    for meeting in meetings:
        event = Event()
        event.add("uid", str(meeting.series_id or meeting.id))
        if meeting.series_id and meeting.occurrence:
            event.add("recurrence-id", meeting.occurrence)
        event.add("sequence", meeting.sequence)
        event.add("dtstamp", meeting.told_at)
        event.add("summary", meeting.title)
        event.add("status", "CONFIRMED")
        event.add("dtstart", meeting.begins_at)
        event.add("dtend", meeting.ends_at)
        if meeting.place or meeting.link:
            event.add("location", meeting.place or meeting.link)
        if meeting.link:
            event.add("url", meeting.link)
        made.add_component(event)
    return bytes(made.to_ical())


def attached(meetings: tuple[Coming, ...]) -> bytes:
    """Return the calendar as a part of an e-mail, with its headers."""
    return (
        b'Content-Type: text/calendar; charset="utf-8"; method=PUBLISH\r\n'
        b"Content-Transfer-Encoding: base64\r\n"
        + f'Content-Disposition: attachment; filename="{NAME}"\r\n\r\n'.encode()
        + encodebytes(calendar(meetings)).replace(b"\n", b"\r\n")
    )
