"""Digest windows: when one ends, in the reader's own time zone.

Windows are half-open, ``[previous end, end)``, and contiguous. An end is a local wall-clock hour,
so it is computed from the calendar each time, never by adding 24 hours: that would drift with
daylight-saving time. An hour that doesn't exist on a day (the clocks jump over it) becomes the
same distance after the jump; of an hour that exists twice, the first counts (PEP 495, fold=0).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.notifier.vocabulary import Frequency

DAYS_A_WEEK = 7

# Two days more than a window is long: a zone that crosses the date line skips a whole day.
_REACH = {Frequency.DAILY: 3, Frequency.WEEKLY: 9, Frequency.MONTHLY: 37}


@dataclass(frozen=True)
class Schedule:
    """When windows end: ``hour`` 0–23 local time, ``weekday`` 1 (Monday) – 7 for weekly ones.

    Monthly ones end on the first such day of a month.
    """

    frequency: Frequency
    time_zone: str
    hour: int
    weekday: int


def next_window_end(after: datetime, schedule: Schedule) -> datetime:
    """Return the first window end strictly after ``after``, in UTC."""
    return next(end for end in _ends_around(after, schedule) if end > after)


def last_window_end(at: datetime, schedule: Schedule) -> datetime:
    """Return the latest window end not after ``at``, in UTC.

    After an outage this is where the one catch-up window ends, however many were missed.
    """
    return [end for end in _ends_around(at, schedule) if end <= at][-1]


def _ends_around(moment: datetime, schedule: Schedule) -> Iterator[datetime]:
    zone = ZoneInfo(schedule.time_zone)
    today = moment.astimezone(zone).date()
    reach = _REACH[schedule.frequency]
    for offset in range(-reach, reach + 1):
        day = today + timedelta(days=offset)
        if schedule.frequency is not Frequency.DAILY and day.isoweekday() != schedule.weekday:
            continue
        if schedule.frequency is Frequency.MONTHLY and day.day > DAYS_A_WEEK:
            continue
        yield _end_on(day, schedule.hour, zone)


def _end_on(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)
