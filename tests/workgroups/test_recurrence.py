"""Series of meetings repeat as they were asked to, within bounds."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.workgroups import recurrence
from services.workgroups.recurrence import MOST, Frequency, Rule
from shared.problems import Problem

MONDAY = datetime(2027, 3, 1, 14, 0)  # noqa: DTZ001


def begins(**rule: Any) -> list[str]:
    count, until = rule.pop("count", None), rule.pop("until", None)
    whole = recurrence.bounded(Rule(**rule), MONDAY, count, until)
    return [f"{each:%y-%m-%d}" for each in recurrence.dates(whole, MONDAY)]


def test_a_rule_is_followed_by_the_day_the_week_the_month_and_the_year() -> None:
    by_week = {"frequency": Frequency.WEEKLY, "by_day": ("MO", "TH")}
    assert begins(**by_week, count=3) == ["27-03-01", "27-03-04", "27-03-08"]
    every_other = begins(**by_week, interval=2, until=date(2027, 3, 18))
    assert every_other == ["27-03-01", "27-03-04", "27-03-15", "27-03-18"]
    assert begins(frequency=Frequency.DAILY, interval=3, count=2) == ["27-03-01", "27-03-04"]
    first_monday = {"frequency": Frequency.MONTHLY, "by_day": ("1MO",)}
    assert begins(**first_monday, count=3) == ["27-03-01", "27-04-05", "27-05-03"]
    ends_of_months = {"frequency": Frequency.MONTHLY, "by_month_day": (1, -1)}
    assert begins(**ends_of_months, count=3) == ["27-03-01", "27-03-31", "27-04-01"]
    assert begins(frequency=Frequency.YEARLY, count=2) == ["27-03-01", "28-03-01"]


rules = st.one_of(
    st.builds(
        Rule,
        st.just(Frequency.DAILY),
        st.integers(1, 40),
        count=st.integers(1, 12),
    ),
    st.builds(Rule, st.just(Frequency.YEARLY), st.integers(1, 2), count=st.integers(1, 4)),
    st.builds(
        Rule,
        st.just(Frequency.WEEKLY),
        st.integers(1, 4),
        st.lists(st.sampled_from(recurrence.WEEKDAYS), unique=True, max_size=4).map(tuple),
        count=st.integers(1, 12),
    ),
    st.builds(
        Rule,
        st.just(Frequency.MONTHLY),
        st.integers(1, 4),
        st.sampled_from([("1MO",), ("-1FR",), ("2TU", "4TU"), ("SU",)]),
        count=st.integers(1, 12),
    ),
    st.builds(
        Rule,
        st.just(Frequency.MONTHLY),
        st.integers(1, 4),
        by_month_day=st.sampled_from([(), (1,), (15, 31), (-1,)]),
        count=st.integers(1, 12),
    ),
)
"""Every kind of rule, with a count."""

walls = st.datetimes(datetime(2020, 1, 1), datetime(2035, 12, 30)).map(  # noqa: DTZ001
    lambda local: local.replace(second=0, microsecond=0)
)


@given(rules, walls)
def test_a_rule_is_written_and_read_and_makes_each_meeting_once_at_the_same_time_of_day(
    rule: Rule, local: datetime
) -> None:
    assert recurrence.read(rule.text()) == rule
    found = recurrence.dates(rule, local)
    assert len(found) == len(set(found)) == rule.count
    assert found == sorted(found)
    assert {each.time() for each in found} == {local.time()}
    again = recurrence.bounded(rule, found[0], rule.count, None)
    assert recurrence.dates(again, found[0])[0] == found[0]


@given(rules, walls, st.integers(0, 400))
def test_until_a_day_there_are_those_meetings_that_are_not_later(
    rule: Rule, local: datetime, days: int
) -> None:
    first = recurrence.dates(rule, local)[0]
    until = first.date() + timedelta(days)
    many = recurrence.dates(recurrence.shortened(rule, MOST + 1), first)
    if len(many) > MOST and many[-1].date() <= until:
        with pytest.raises(Problem, match=f"{MOST} meetings at most"):
            recurrence.bounded(rule, first, None, until)
        return
    bounded = recurrence.bounded(rule, first, None, until)
    found = recurrence.dates(bounded, first)
    assert all(each.date() <= until for each in found)
    longer = recurrence.shortened(bounded, bounded.count + 1)
    assert recurrence.dates(longer, first)[-1].date() > until


@pytest.mark.parametrize(
    ("rule", "pointer", "words"),
    [
        ({"frequency": "daily"}, "/rule/count", "count"),
        ({"frequency": "daily", "count": 2, "until": date(2027, 4, 1)}, "/rule/count", "one of"),
        ({"frequency": "daily", "until": date(2028, 4, 1)}, "/rule/until", "104"),
        ({"frequency": "daily", "until": date(2027, 2, 1)}, "/rule/until", "before the first"),
        ({"frequency": "yearly", "count": 80}, "/rule/count", "Only 74"),
        ({"frequency": "yearly", "by_day": ("MO",), "count": 2}, "/rule/by_day", "leave it out"),
        ({"frequency": "weekly", "by_day": ("2MO",), "count": 2}, "/rule/by_day", "number"),
        ({"frequency": "weekly", "by_month_day": (1,), "count": 2}, "/rule/by_month_day", "month"),
        (
            {"frequency": "monthly", "by_day": ("1MO",), "by_month_day": (1,), "count": 2},
            "/rule/by_month_day",
            "not both",
        ),
        ({"frequency": "weekly", "by_day": ("TU",), "count": 2}, "/begins", "2027-03-02"),
        ({"frequency": "daily", "interval": 7, "by_day": ("TU",), "count": 2}, "/begins", "next"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_at_its_place(
    rule: dict[str, Any], pointer: str, words: str
) -> None:
    with pytest.raises(Problem) as raised:
        begins(**{**rule, "frequency": Frequency(rule["frequency"])})
    assert [error.pointer for error in raised.value.errors] == [pointer]
    assert words in raised.value.detail
