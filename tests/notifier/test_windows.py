"""Digest windows: contiguous, one a local day or week, in every zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import example, given
from hypothesis import strategies as st

from services.notifier.vocabulary import DIGEST_FREQUENCIES, Frequency
from services.notifier.windows import Schedule, last_window_end, next_window_end

ZONES = st.sampled_from(sorted(available_timezones()))
MOMENTS = st.datetimes(
    min_value=datetime(2005, 1, 1),  # noqa: DTZ001
    max_value=datetime(2036, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
SCHEDULES = st.builds(
    Schedule,
    frequency=st.sampled_from(DIGEST_FREQUENCIES),
    time_zone=ZONES,
    hour=st.integers(0, 23),
    weekday=st.integers(1, 7),
)
APIA = Schedule(Frequency.DAILY, "Pacific/Apia", 8, 1)
NUUK = Schedule(Frequency.DAILY, "America/Nuuk", 23, 1)
SAO_PAULO = Schedule(Frequency.DAILY, "America/Sao_Paulo", 0, 1)


def ends_between(start: datetime, end: datetime, schedule: Schedule) -> list[datetime]:
    found = []
    moment = start
    while (moment := next_window_end(moment, schedule)) <= end:
        found.append(moment)
    return found


@given(SCHEDULES, MOMENTS)
@example(APIA, datetime(2011, 12, 30, 12, tzinfo=UTC))
@example(NUUK, datetime(2025, 3, 30, 0, 30, tzinfo=UTC))
def test_every_moment_lies_in_exactly_one_half_open_window(
    schedule: Schedule, moment: datetime
) -> None:
    start, end = last_window_end(moment, schedule), next_window_end(moment, schedule)
    assert start <= moment < end
    assert next_window_end(start, schedule) == end
    assert last_window_end(end - timedelta(microseconds=1), schedule) == start


@given(SCHEDULES, MOMENTS)
@example(APIA, datetime(2011, 12, 20, tzinfo=UTC))
@example(NUUK, datetime(2025, 3, 20, tzinfo=UTC))
@example(SAO_PAULO, datetime(2018, 10, 25, tzinfo=UTC))
def test_each_local_hour_asked_for_ends_exactly_one_window(
    schedule: Schedule, moment: datetime
) -> None:
    zone = ZoneInfo(schedule.time_zone)
    days = [moment.astimezone(zone).date() + timedelta(days=offset) for offset in range(1, 22)]
    ends = ends_between(moment - timedelta(days=2), moment + timedelta(days=24), schedule)
    for day in days:
        if not asked_for(schedule, day) or not exists(day, schedule.hour, zone):
            continue
        local = datetime.combine(day, time(schedule.hour))
        hits = [end for end in ends if end.astimezone(zone).replace(tzinfo=None) == local]
        assert len(hits) == 1, f"{len(hits)} windows end at {local} in {zone}"


@given(SCHEDULES, MOMENTS)
def test_no_more_windows_end_than_days_weeks_or_months_pass(
    schedule: Schedule, moment: datetime
) -> None:
    days = {Frequency.DAILY: 1, Frequency.WEEKLY: 7, Frequency.MONTHLY: 30.436875}
    ends = ends_between(moment, moment + 10 * timedelta(days[schedule.frequency]), schedule)
    assert 9 <= len(ends) <= 11


@given(SCHEDULES, st.lists(MOMENTS, min_size=1, max_size=5))
def test_after_an_outage_one_window_covers_all_that_was_missed(
    schedule: Schedule, moments: list[datetime]
) -> None:
    opened, woke = min(moments), max(moments)
    start = last_window_end(opened, schedule)
    caught_up = max(start, last_window_end(woke, schedule))
    assert ends_between(caught_up, woke, schedule) == []
    assert start <= caught_up <= woke


def test_a_daily_window_keeps_its_local_hour_when_clocks_change() -> None:
    schedule = Schedule(Frequency.DAILY, "Europe/Berlin", 8, 1)
    ends = ends_between(
        datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 30, 12, tzinfo=UTC), schedule
    )
    assert [end.hour for end in ends] == [7, 6, 6]


def test_a_monthly_window_ends_on_the_first_such_day_of_a_month() -> None:
    schedule = Schedule(Frequency.MONTHLY, "Asia/Bangkok", 8, 2)
    ends = ends_between(
        datetime(2026, 11, 24, tzinfo=UTC), datetime(2027, 2, 28, tzinfo=UTC), schedule
    )
    assert [end.date() for end in ends] == [date(2026, 12, 1), date(2027, 1, 5), date(2027, 2, 2)]


def test_an_hour_that_the_clocks_jump_over_is_made_up_right_after() -> None:
    schedule = Schedule(Frequency.DAILY, "Europe/Berlin", 2, 1)
    end = next_window_end(datetime(2026, 3, 28, 12, tzinfo=UTC), schedule)
    assert end.astimezone(ZoneInfo("Europe/Berlin")).hour == 3


def test_of_an_hour_that_comes_twice_the_first_counts() -> None:
    schedule = Schedule(Frequency.DAILY, "Europe/Berlin", 2, 1)
    end = next_window_end(datetime(2026, 10, 24, 12, tzinfo=UTC), schedule)
    assert end == datetime(2026, 10, 25, 0, tzinfo=UTC)


def asked_for(schedule: Schedule, day: date) -> bool:
    if schedule.frequency is Frequency.DAILY:
        return True
    is_first = schedule.frequency is Frequency.WEEKLY or day.day <= 7
    return is_first and day.isoweekday() == schedule.weekday


def exists(day: date, hour: int, zone: ZoneInfo) -> bool:
    """Whether the local clock ever shows that hour on that day."""
    local = datetime.combine(day, time(hour), tzinfo=zone)
    return local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None)
