"""Periods of reports: whole days in the time zone of the group."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.workgroups.due_dates import day_in
from shared.problems import INVALID, FieldError, Problem

USUAL = timedelta(days=90)
LONGEST = timedelta(days=5 * 366)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """Days, the first and the last of them included."""

    first: date
    last: date
    time_zone: str

    @property
    def begins(self) -> datetime:
        """The moment at which the first day begins."""
        return _beginning(self.first, self.time_zone)

    @property
    def ends(self) -> datetime:
        """The moment at which the last day is over, which is not part of it any more."""
        return _beginning(self.last + _DAY, self.time_zone)


def period_of(first: date | None, last: date | None, time_zone: str, now: datetime) -> Period:
    """Return the period that was asked for: up to today, and the 90 days before its last.

    Raises a Problem (422) when it ends before it begins or is longer than five years.
    """
    last = last or max(day_in(time_zone, now), first or date.min)
    first = first or last - USUAL
    if last < first:
        raise _invalid("to", "The period ends before it begins: give a later day in to.")
    if last - first > LONGEST:
        raise _invalid("from", "A report covers five years at most: give a later day in from.")
    return Period(first, last, time_zone)


def _beginning(day: date, time_zone: str) -> datetime:
    # Where clocks are put forward at midnight, the day begins when they are.
    return datetime.combine(day, time.min, ZoneInfo(time_zone)).astimezone(UTC)


def _invalid(parameter: str, detail: str) -> Problem:
    return Problem(INVALID, detail, errors=[FieldError(pointer=parameter, detail=detail)])
