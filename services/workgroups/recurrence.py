"""How often a series of meetings repeats: a part of RFC 5545's recurrence rules, always bounded."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import islice

from shared.problems import incorrect

MOST = 104
"""How many meetings a rule makes at most: two years of weekly ones."""

LAST_YEAR = 2100

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

LOOK_AHEAD = 400
"""For how many days ahead a day of the rule is looked for, to name it to who began on none."""


class Frequency(StrEnum):
    """By what a series repeats."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


@dataclass(frozen=True)
class Rule:
    """How a series repeats; the form is that of RRULE in RFC 5545, 3.3.10."""

    frequency: Frequency
    interval: int = 1
    by_day: tuple[str, ...] = ()
    """Days of the week, by the month with a number before them: ``TU``, ``2TU``, ``-1FR``."""
    by_month_day: tuple[int, ...] = ()
    """Days of the month; negative ones count from its end."""
    count: int = 1

    def text(self) -> str:
        """Return the value of the property RRULE."""
        parts = [f"FREQ={self.frequency.upper()}"]
        if self.interval > 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.by_day:
            parts.append(f"BYDAY={','.join(self.by_day)}")
        if self.by_month_day:
            parts.append(f"BYMONTHDAY={','.join(map(str, self.by_month_day))}")
        return ";".join([*parts, f"COUNT={self.count}"])


def read(text: str) -> Rule:
    """Return the rule that `Rule.text` wrote."""
    parts = dict(part.split("=") for part in text.split(";"))
    days, numbers = parts.get("BYDAY", ""), parts.get("BYMONTHDAY", "")
    return Rule(
        frequency=Frequency(parts["FREQ"].lower()),
        interval=int(parts.get("INTERVAL", 1)),
        by_day=tuple(days.split(",")) if days else (),
        by_month_day=tuple(map(int, numbers.split(","))) if numbers else (),
        count=int(parts["COUNT"]),
    )


def bounded(rule: Rule, begins: datetime, count: int | None, until: date | None) -> Rule:
    """Return the rule with as many meetings as it makes from ``begins`` on.

    They are ``count``, or those until the day ``until``, both on the wall of the series. Raises a
    Problem (422) when a part doesn't go with the frequency, when ``begins`` is none of its days, or
    when there is no bound or more meetings than a series may have.
    """
    _require_fitting(rule)
    if (count is None) == (until is None):
        raise incorrect(
            "/rule/count", "Say how often with count, or the last day with until: one of the two."
        )
    asked = replace(rule, count=MOST + 1 if count is None else count)
    if not _is_day_of(rule, begins.date()):
        days = (begins.date() + timedelta(each) for each in range(1, LOOK_AHEAD))
        later = next((day for day in days if _is_day_of(rule, day)), None)
        first = f" The next such day is {later}." if later else ""
        raise incorrect(
            "/begins", f"The series must begin on a day of its rule, and this is none.{first}"
        )
    found = dates(asked, begins)
    if until is not None:
        if until < begins.date():
            raise incorrect("/rule/until", "The last day must not be before the first meeting.")
        found = [each for each in found if each.date() <= until]
        if len(found) > MOST:
            raise incorrect(
                "/rule/until",
                f"A series has {MOST} meetings at most: until then there would be more. Choose an "
                "earlier day.",
            )
    elif len(found) < asked.count:
        raise incorrect(
            "/rule/count",
            f"Only {len(found)} of these meetings are before the year {LAST_YEAR + 1}: ask for "
            "fewer.",
        )
    return replace(rule, count=len(found))


def dates(rule: Rule, begins: datetime) -> list[datetime]:
    """Return when the meetings of the rule begin on the wall, in order, from ``begins`` on."""
    from dateutil import rrule

    days = []
    for day in rule.by_day:
        weekday = getattr(rrule, day[-2:])
        days.append(weekday(int(day[:-2])) if day[:-2] else weekday)
    found = rrule.rrule(
        getattr(rrule, rule.frequency.upper()),
        dtstart=begins,
        interval=rule.interval,
        wkst=rrule.MO,
        byweekday=days or None,
        bymonthday=rule.by_month_day or None,
        until=datetime(LAST_YEAR + 1, 1, 1),  # noqa: DTZ001
    )
    return list(islice(found, rule.count))


def shortened(rule: Rule, count: int) -> Rule:
    """Return the rule with so many meetings."""
    return replace(rule, count=count)


def _is_day_of(rule: Rule, day: date) -> bool:
    # A rule that fits no day would be followed by the library until the year 9999.
    last = monthrange(day.year, day.month)[1]
    places = {f"{(day.day - 1) // 7 + 1}", f"-{(last - day.day) // 7 + 1}", ""}
    name = WEEKDAYS[day.weekday()]
    if rule.by_day and not any(f"{place}{name}" in rule.by_day for place in places):
        return False
    return not rule.by_month_day or not {day.day, day.day - last - 1}.isdisjoint(rule.by_month_day)


def _require_fitting(rule: Rule) -> None:
    if rule.by_day and rule.frequency is Frequency.YEARLY:
        raise incorrect(
            "/rule/by_day", "By the year, the day follows from the first meeting: leave it out."
        )
    if rule.frequency is not Frequency.MONTHLY:
        if _numbered(rule.by_day):
            raise incorrect(
                "/rule/by_day",
                "Only by the month a day has a number, as in 2TU: give days such as TU.",
            )
        if rule.by_month_day:
            raise incorrect(
                "/rule/by_month_day", "Days of the month go with monthly: leave them out."
            )
    elif rule.by_day and rule.by_month_day:
        raise incorrect("/rule/by_month_day", "Give by_day or by_month_day, not both.")


def _numbered(days: Sequence[str]) -> bool:
    return any(len(day) > 2 for day in days)
