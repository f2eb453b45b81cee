"""Time zones in calendars (RFC 5545), with every change of their clocks in a span of years."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard


def zones_of(times: Iterable[tuple[str, datetime]]) -> list[Timezone]:
    """Return the zones of times on the wall, each given with its zone, for all their years."""
    years: dict[str, list[int]] = {}
    for name, local in times:
        if name != "UTC":
            years.setdefault(name, []).append(local.year)
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
