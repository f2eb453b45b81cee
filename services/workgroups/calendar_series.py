"""A series of meetings as events of a calendar: the rule, its exceptions, and what is otherwise.

The rule makes the meetings; EXDATE takes those away that don't take place, RDATE adds others, and a
meeting that differs from the series is an event of its own with its RECURRENCE-ID.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from icalendar import Event, vRecur

from services.workgroups import meeting_series, recurrence
from services.workgroups.calendar_events import Entry, event_of, on_the_wall, walls_of
from services.workgroups.meeting_states import MeetingStatus
from services.workgroups.tables import Meeting, MeetingSeries
from services.workgroups.wall_times import is_ambiguous


@dataclass(frozen=True)
class Series:
    """A series as one reader may see it."""

    series: MeetingSeries
    entries: Sequence[Entry]
    """Its meetings, cancelled ones as well, in order."""


def is_off(found: Series) -> bool:
    """Tell whether none of its meetings takes place."""
    return not _live(found)


def events_of(found: Series) -> list[Event]:
    """Return the events of the series: the one with the rule first, then the exceptions."""
    series, live = found.series, _live(found)
    master = _master(found)
    common = event_of(master)
    zone = series.time_zone
    for name, local in (("dtstart", series.begins_local), ("dtend", series.ends_local)):
        # On the wall even in a doubled hour: a rule in UTC would not follow the clocks.
        common.pop(name)
        common.add(name, on_the_wall(local, zone))
    begins = recurrence.dates(recurrence.read(series.rule), series.begins_local)
    common.add("rrule", vRecur.from_ical(series.rule))
    if not live:
        common["status"] = "CANCELLED"
        return [common]
    gone = [each for each in begins if each not in live]
    more = sorted(live.keys() - set(begins))
    if gone:
        common.add("exdate", [on_the_wall(each, zone) for each in gone])
    if more:
        common.add("rdate", [on_the_wall(each, zone) for each in more])
    said = _said(common)
    others = []
    for entry in live.values():
        event = event_of(entry)
        if _said(event) != said or not _follows(series, entry.meeting):
            others.append(event)
    return [common, *others]


def walls_of_series(found: Series) -> Iterator[tuple[str, datetime]]:
    """Yield times on the wall, each with its zone, that span all that the events name."""
    series = found.series
    begins = recurrence.dates(recurrence.read(series.rule), series.begins_local)
    for local in (series.begins_local, series.ends_local, begins[-1]):
        yield series.time_zone, local
    for entry in found.entries:
        yield from walls_of(entry)


def _live(found: Series) -> dict[datetime, Entry]:
    return {
        entry.meeting.occurrence: entry
        for entry in found.entries
        if entry.meeting.occurrence is not None
        and entry.meeting.status != MeetingStatus.CANCELLED
        and (entry.invitation is None or entry.invitation.withdrawn_at is None)
    }


def _master(found: Series) -> Entry:
    """Return the series in the form of its first meeting, as most of its meetings are answered."""
    series, entries = found.series, found.entries
    shown = list(_live(found).values()) or entries
    answers = [entry.invitation for entry in shown if entry.invitation]
    usual = Counter(answer.reply for answer in answers).most_common(1)
    return Entry(
        meeting=Meeting(
            **{name: getattr(series, name) for name in meeting_series.SHARED},
            id=series.id,
            status=MeetingStatus.SCHEDULED,
            time_zone=series.time_zone,
            begins_local=series.begins_local,
            ends_local=series.ends_local,
            begins_at=on_the_wall(series.begins_local, series.time_zone).astimezone(UTC),
            ends_at=on_the_wall(series.ends_local, series.time_zone).astimezone(UTC),
            sequence=series.sequence,
            recorded_by=series.recorded_by,
            recorded_at=series.recorded_at,
            updated_at=series.updated_at,
        ),
        groups=entries[0].groups,
        link=series.link if any(entry.link for entry in entries) else None,
        invitation=next((each for each in answers if each.reply == usual[0][0]), None),
    )


def _follows(series: MeetingSeries, meeting: Meeting) -> bool:
    """Tell whether calendar programs come to the times of the meeting from the rule alone."""
    if not meeting_series.is_regular(series, meeting):
        return False
    first, begins, ends = series.begins_local, meeting.begins_local, meeting.ends_local
    assert begins is not None  # noqa: S101
    assert ends is not None  # noqa: S101
    # Some programs repeat how long the first one lasts on the wall, others how long by the clock.
    lasting = [
        on_the_wall(until, series.time_zone).timestamp()
        - on_the_wall(since, series.time_zone).timestamp()
        for since, until in ((first, series.ends_local), (begins, ends))
    ]
    doubled = any(is_ambiguous(each, series.time_zone) for each in (begins, ends))
    return lasting[0] == lasting[1] and not doubled


def _said(event: Event) -> dict[str, Any]:
    names = ("summary", "description", "location", "url", "attendee", "status")
    return {
        name: (event[name].to_ical(), dict(getattr(event[name], "params", {})))
        for name in names
        if name in event
    }
