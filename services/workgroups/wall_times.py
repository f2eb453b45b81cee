"""Times as clocks on the wall show them, and the moments that they mean in a time zone.

A meeting keeps its wall time: should a country change its clocks after the meeting was planned, it
still begins at nine.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.problems import incorrect


@dataclass(frozen=True)
class WallTime:
    """A wall time; ``fold`` says which of two hours of the same name, 0 the earlier, 1 the later.

    ``None`` when nobody said, which is good as long as there is only one.
    """

    local: datetime
    fold: int | None = None


@dataclass(frozen=True)
class Times:
    """When a meeting begins and ends, on the wall and in UTC."""

    time_zone: str
    begins_local: datetime
    begins_fold: int
    begins_at: datetime
    ends_local: datetime
    ends_fold: int
    ends_at: datetime


def moment_of(wall: WallTime, time_zone: str, name: str = "begins") -> datetime:
    """Return the moment in UTC at which clocks in the time zone show the wall time.

    Raises a Problem (422) with the pointer of the field ``name`` when clocks are put forward over
    that time, or back over it and nobody said which of the two is meant.
    """
    zone = ZoneInfo(time_zone)
    first, second = (wall.local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if not _exists(first):
        raise incorrect(
            f"/{name}",
            f"Clocks in {time_zone} are put forward and never show {wall.local:%Y-%m-%d %H:%M}: "
            "choose an earlier or later time.",
        )
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if wall.fold is None:
        raise incorrect(
            f"/{name}_fold",
            f"Clocks in {time_zone} are put back and show {wall.local:%Y-%m-%d %H:%M} twice: say "
            f"0 for the first or 1 for the second in {name}_fold.",
        )
    return (second if wall.fold else first).astimezone(UTC)


def is_ambiguous(local: datetime, time_zone: str) -> bool:
    """Tell whether clocks in the time zone show the wall time twice."""
    first, second = (local.replace(tzinfo=ZoneInfo(time_zone), fold=fold) for fold in (0, 1))
    return _exists(first) and first.utcoffset() != second.utcoffset()


def wall_of(moment: datetime, time_zone: str) -> WallTime:
    """Return what clocks in the time zone show at the moment."""
    shown = moment.astimezone(ZoneInfo(time_zone))
    return WallTime(shown.replace(tzinfo=None, fold=0), shown.fold)


def times_of(begins: WallTime, ends: WallTime, time_zone: str) -> Times:
    """Return when a meeting is that begins and ends so.

    Raises a Problem (422) for a wall time that doesn't exist or isn't clear, and when the end
    isn't after the beginning or more than two weeks later.
    """
    begins_at, ends_at = (
        moment_of(begins, time_zone, "begins"),
        moment_of(ends, time_zone, "ends"),
    )
    if ends_at <= begins_at:
        raise incorrect("/ends", "The meeting must end after it begins.")
    if ends_at - begins_at > LONGEST:
        raise incorrect("/ends", "A meeting lasts two weeks at most: make it several meetings.")
    return Times(
        time_zone=time_zone,
        begins_local=begins.local,
        begins_fold=wall_of(begins_at, time_zone).fold or 0,
        begins_at=begins_at,
        ends_local=ends.local,
        ends_fold=wall_of(ends_at, time_zone).fold or 0,
        ends_at=ends_at,
    )


LONGEST = timedelta(days=14)


def _exists(local: datetime) -> bool:
    there_and_back = local.astimezone(UTC).astimezone(local.tzinfo)
    return there_and_back.replace(tzinfo=None) == local.replace(tzinfo=None)
