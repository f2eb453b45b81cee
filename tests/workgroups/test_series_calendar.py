"""The calendar of a series makes just its meetings, whatever was done to them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import recurring_ical_events
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from services.workgroups import calendar_objects, recurrence
from services.workgroups.calendar_events import Entry
from services.workgroups.calendar_series import Series
from services.workgroups.meeting_plans import columns_of
from services.workgroups.meeting_series import SHARED
from services.workgroups.recurrence import Rule
from services.workgroups.series_planning import Slot
from services.workgroups.tables import Meeting, MeetingSeries
from shared.ids import new_id
from shared.problems import Problem
from tests.workgroups.test_recurrence import rules, walls
from tests.workgroups.test_wall_times import zones

Made = tuple[datetime, datetime, str]


def expanded(content: bytes) -> list[Made]:
    """Return what a calendar program makes of a calendar, in order."""
    calendar = Calendar.from_ical(content)
    found = recurring_ical_events.of(calendar).between((2019, 1, 1), (2101, 1, 1))
    return sorted(
        (
            event.decoded("dtstart").astimezone(UTC),
            event.decoded("dtend").astimezone(UTC),
            str(event["summary"]),
        )
        for event in found
        if event.get("status") != "CANCELLED"
    )


def rows(found: list[Meeting]) -> list[Made]:
    """Return the same of those meetings that take place."""
    return sorted(
        (meeting.begins_at, meeting.ends_at, meeting.title)
        for meeting in found
        if meeting.status != "cancelled" and meeting.begins_at and meeting.ends_at
    )


def series_of(rule: Rule, local: datetime, zone: str, minutes: int) -> MeetingSeries:
    return MeetingSeries(
        title="Weekly call",
        rule=rule.text(),
        begins_local=local,
        ends_local=local + timedelta(minutes=minutes),
        time_zone=zone,
        mode="online",
        recorded_by=new_id(),
        sequence=3,
    )


def meeting_of(series: MeetingSeries, slot: Slot, occurrence: datetime, **other: Any) -> Meeting:
    times = slot.times(other.pop("time_zone", series.time_zone))
    said = {name: getattr(series, name) for name in SHARED}
    return Meeting(
        **{**said, **columns_of(times), "status": "scheduled", **other},
        recorded_by=series.recorded_by,
        series_id=series.id,
        occurrence=occurrence,
    )


fates = st.sampled_from(["kept", "kept", "kept", "moved", "elsewhere", "renamed", "cancelled"])


@settings(max_examples=100, deadline=None)
@given(rules, walls, zones, st.integers(5, 60 * 30), st.data())
def test_expanding_the_calendar_of_a_series_gives_its_meetings(
    rule: Rule, local: datetime, zone: str, minutes: int, data: st.DataObject
) -> None:
    local = recurrence.dates(rule, local)[0]
    series = series_of(rule, local, zone, minutes)
    fold = data.draw(st.sampled_from([0, 1]), label="fold")
    slot = Slot(series.begins_local, series.ends_local, fold, fold)
    found = []
    try:
        slot.times(zone)
    except Problem:
        assume(False)
    for begins in recurrence.dates(rule, local):
        fate = data.draw(fates, label=f"{begins:%Y-%m-%d}")
        shift = timedelta(minutes=data.draw(st.integers(-3000, 3000)) if fate == "moved" else 0)
        other: dict[str, Any] = {"status": "cancelled"} if fate == "cancelled" else {}
        other |= {"title": "A special call"} if fate == "renamed" else {}
        other |= {"time_zone": "Pacific/Apia"} if fate == "elsewhere" else {}
        try:
            found.append(meeting_of(series, slot.on(begins + shift), begins, **other))
        except Problem:
            # Clocks don't show that time: such a day is left out.
            continue
    if data.draw(st.booleans(), label="added"):
        begins = local + timedelta(minutes=data.draw(st.integers(1, 50_000)))
        assume(begins not in recurrence.dates(rule, local))
        try:
            found.append(meeting_of(series, slot.on(begins), begins))
        except Problem:
            assume(False)
    assume(found)
    entries = [Entry(meeting, [], None, series=series) for meeting in found]

    content = calendar_objects.feed("Meetings", [], [Series(series, entries)])

    assert expanded(content) == rows(found)
    events = Calendar.from_ical(content).walk("VEVENT")
    assert {str(event["uid"]) for event in events} == {str(series.id)}
    assert {event["sequence"] for event in events} == {3}
    assert sum("recurrence-id" not in event for event in events) == 1


@settings(deadline=None)
@given(rules, walls, st.sampled_from(["UTC", "Asia/Bangkok", "Asia/Kathmandu"]))
def test_a_series_that_nobody_changed_is_one_event(rule: Rule, local: datetime, zone: str) -> None:
    local = recurrence.dates(rule, local)[0]
    series = series_of(rule, local, zone, 60)
    slot = Slot(series.begins_local, series.ends_local)
    found = [meeting_of(series, slot.on(each), each) for each in recurrence.dates(rule, local)]
    entries = [Entry(meeting, [], None, series=series) for meeting in found]
    content = calendar_objects.feed("Meetings", [], [Series(series, entries)])
    [event] = Calendar.from_ical(content).walk("VEVENT")
    assert "exdate" not in event
    assert "rdate" not in event
