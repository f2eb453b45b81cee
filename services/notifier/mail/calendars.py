"""The reader's coming meetings as a calendar (RFC 5545), to be taken into one's own.

Times are those on the wall where the meeting is planned, with the zone, as workgroups writes them.
"""

from base64 import encodebytes
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.notifier.open_matters import Coming

NAME = "southlink.ics"


@lru_cache(1024)
def calendar(meetings: tuple[Coming, ...]) -> bytes:
    """Return the meetings as one calendar; each has the UID that workgroups gives it."""
    from icalendar import Calendar, Event

    from shared.calendar_zones import zones_of

    made = Calendar()
    made.add("version", "2.0")
    made.add("prodid", "-//Southlink//notifier//EN")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    events, walls = [], []
    for meeting in meetings:
        event = Event()
        event.add("uid", str(meeting.series_id or meeting.id))
        times = {"dtstart": meeting.begins_at, "dtend": meeting.ends_at}
        if meeting.series_id and meeting.occurrence:
            times["recurrence-id"] = meeting.occurrence
        event.add("sequence", meeting.sequence)
        event.add("dtstamp", meeting.told_at)
        event.add("summary", meeting.title)
        event.add("status", "CONFIRMED")
        for name, moment in times.items():
            shown = _shown(moment, meeting.time_zone)
            event.add(name, shown)
            if shown.tzinfo is not UTC:
                walls.append((meeting.time_zone, shown))
        if meeting.place or meeting.link:
            event.add("location", meeting.place or meeting.link)
        if meeting.link:
            event.add("url", meeting.link)
        events.append(event)
    for component in (*zones_of(walls), *events):
        made.add_component(component)
    return bytes(made.to_ical())


def attached(meetings: tuple[Coming, ...]) -> bytes:
    """Return the calendar as a part of an e-mail, with its headers."""
    return (
        b'Content-Type: text/calendar; charset="utf-8"; method=PUBLISH\r\n'
        b"Content-Transfer-Encoding: base64\r\n"
        + f'Content-Disposition: attachment; filename="{NAME}"\r\n\r\n'.encode()
        + encodebytes(calendar(meetings)).replace(b"\n", b"\r\n")
    )


def _shown(moment: datetime, time_zone: str) -> datetime:
    """Return what clocks in the zone show; UTC when they show it twice, for a calendar takes the
    first of two equal hours."""
    local = moment.astimezone(ZoneInfo(time_zone))
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return moment.astimezone(UTC) if time_zone == "UTC" or twice else local
