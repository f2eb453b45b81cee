"""Wall times mean one moment, whatever the clocks of a country did."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.workgroups.wall_times import WallTime, is_ambiguous, moment_of, times_of, wall_of
from shared.problems import Problem

ZONES = [
    "Africa/Casablanca",
    "America/Havana",
    "America/St_Johns",
    "Asia/Bangkok",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Chatham",
    "UTC",
]
zones = st.sampled_from(ZONES)
moments = st.datetimes(datetime(1990, 1, 2), datetime(2100, 12, 30)).map(  # noqa: DTZ001
    lambda naive: naive.replace(second=0, microsecond=0, tzinfo=UTC)
)


@given(moments, zones)
def test_what_clocks_show_at_a_moment_means_that_moment(moment: datetime, zone: str) -> None:
    assert moment_of(wall_of(moment, zone), zone) == moment


@given(moments, zones)
def test_who_does_not_say_which_of_two_hours_is_asked(moment: datetime, zone: str) -> None:
    wall = WallTime(wall_of(moment, zone).local)
    if is_ambiguous(wall.local, zone):
        with pytest.raises(Problem, match="twice"):
            moment_of(wall, zone)
        first, second = (moment_of(WallTime(wall.local, fold), zone) for fold in (0, 1))
        assert first < second
        assert moment in (first, second)
    else:
        assert moment_of(wall, zone) == moment


@given(moments, zones, st.sampled_from([0, 1, None]))
def test_a_wall_time_is_refused_just_when_no_clock_shows_it(
    naive: datetime, zone: str, fold: int | None
) -> None:
    local = naive.replace(tzinfo=None)
    assume(not is_ambiguous(local, zone))
    around = (
        (local.replace(tzinfo=UTC) + timedelta(minutes=offset)).astimezone(ZoneInfo(zone))
        for offset in range(-26 * 60, 26 * 60 + 1, 15)
    )
    is_shown = any(moment.replace(tzinfo=None, fold=0) == local for moment in around)
    try:
        moment_of(WallTime(local, fold), zone)
    except Problem:
        assert not is_shown
    else:
        assert is_shown


@given(moments, moments, zones)
def test_a_meeting_ends_after_it_begins(begin: datetime, end: datetime, zone: str) -> None:
    begins, ends = wall_of(begin, zone), wall_of(end, zone)
    try:
        times = times_of(begins, ends, zone)
    except Problem:
        assert end <= begin or end - begin > timedelta(days=14)
    else:
        assert (times.begins_at, times.ends_at) == (begin, end)
        assert (times.begins_local, times.begins_fold) == (begins.local, begins.fold)


def test_a_meeting_may_run_from_the_first_of_two_hours_into_the_second() -> None:
    begins = WallTime(datetime(2027, 10, 31, 2, 45), 0)  # noqa: DTZ001
    ends = WallTime(datetime(2027, 10, 31, 2, 15), 1)  # noqa: DTZ001
    times = times_of(begins, ends, "Europe/Berlin")
    assert times.ends_at - times.begins_at == timedelta(minutes=30)
