"""Coming meetings as a calendar: the times of the wall where they are, with their zone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Event

from services.notifier.mail.calendars import calendar
from services.notifier.open_matters import Coming
from shared.ids import new_id

BERLIN = "Europe/Berlin"
NOON = datetime(2027, 7, 16, 10, 0, tzinfo=UTC)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2037, 1, 1)).map(  # noqa: DTZ001
    lambda local: local.replace(microsecond=0, tzinfo=UTC)
)
zones = st.sampled_from(
    ["UTC", BERLIN, "Asia/Kathmandu", "Africa/Casablanca", "America/New_York", "Asia/Bangkok"]
)


def coming(begins_at: datetime, time_zone: str, occurrence: datetime | None = None) -> Coming:
    return Coming(
        id=new_id(),
        title="Follow-up",
        begins_at=begins_at,
        ends_at=begins_at + timedelta(hours=1),
        time_zone=time_zone,
        place="Here",
        link=None,
        sequence=1,
        told_at=begins_at,
        series_id=new_id() if occurrence else None,
        occurrence=occurrence,
    )


def events(text: bytes) -> list[Event]:
    return [each for each in Calendar.from_ical(text).walk("VEVENT") if isinstance(each, Event)]


def test_a_meeting_with_a_time_zone_keeps_it() -> None:
    text = calendar((coming(NOON, BERLIN),))
    assert b"DTSTART;TZID=Europe/Berlin:20270716T120000\r\n" in text
    assert b"DTEND;TZID=Europe/Berlin:20270716T130000\r\n" in text
    assert text.index(b"BEGIN:VTIMEZONE") < text.index(b"BEGIN:VEVENT")
    assert b"TZID:Europe/Berlin\r\n" in text


def test_a_meeting_in_utc_needs_no_zone() -> None:
    text = calendar((coming(NOON, "UTC"),))
    assert b"DTSTART:20270716T100000Z\r\n" in text
    assert b"VTIMEZONE" not in text


def test_a_meeting_of_a_series_names_its_occurrence_as_the_series_writes_it() -> None:
    text = calendar((coming(NOON, BERLIN, NOON - timedelta(days=1)),))
    assert b"RECURRENCE-ID;TZID=Europe/Berlin:20270715T120000\r\n" in text


def test_an_hour_that_clocks_show_twice_is_written_in_utc() -> None:
    second = datetime(2027, 10, 31, 1, 30, tzinfo=UTC)
    text = calendar((coming(second, BERLIN),))
    assert b"DTSTART:20271031T013000Z\r\n" in text
    assert b"DTEND;TZID=Europe/Berlin:20271031T033000\r\n" in text


@pytest.mark.parametrize("number", [2, 3])
def test_each_zone_is_described_once(number: int) -> None:
    meetings = tuple(coming(NOON + timedelta(days=day), BERLIN) for day in range(number))
    assert calendar(meetings).count(b"BEGIN:VTIMEZONE") == 1


@given(st.lists(st.tuples(moments, zones), min_size=1, max_size=4))
def test_every_meeting_is_at_its_moment_and_every_zone_is_described(
    planned: list[tuple[datetime, str]],
) -> None:
    text = calendar(tuple(coming(begins_at, zone) for begins_at, zone in planned))
    found = events(text)
    assert [event.decoded("dtstart").astimezone(UTC) for event in found] == [
        begins_at for begins_at, _ in planned
    ]
    described = {str(zone["tzid"]) for zone in Calendar.from_ical(text).walk("VTIMEZONE")}
    named = {
        event[name].params["TZID"]
        for event in found
        for name in ("dtstart", "dtend")
        if event[name].params.get("TZID", "UTC") != "UTC"
    }
    assert named == described
