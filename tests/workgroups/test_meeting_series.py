"""Series of meetings: each meeting is one of its own, and the calendar has just those."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from httpx import Response
from icalendar import Calendar

from shared.events.catalogue import MeetingSeriesRescheduled, MeetingSeriesScheduled
from shared.events.meeting_series import SeriesEvent
from tests.workgroups.meeting_steps import (
    changed,
    in_role,
    invited,
    replied,
    scheduled,
    taken,
)
from tests.workgroups.series_steps import (
    SERIES,
    invited_to_series,
    meetings_of,
    series_step,
    series_taken,
    weekly,
)
from tests.workgroups.stage import UNKNOWN, Stage, assert_refused
from tests.workgroups.test_calendars import address, fetched, reply_text
from tests.workgroups.test_series_calendar import Made, expanded
from tests.workgroups.world import Person, Workgroups


def seen(meetings: list[dict[str, Any]]) -> list[Made]:
    """Return the meetings that take place, as a calendar has them."""
    return sorted(
        (
            datetime.fromisoformat(each["begins_at"]),
            datetime.fromisoformat(each["ends_at"]),
            each["title"],
        )
        for each in meetings
        if each["status"] != "cancelled"
    )


def test_a_series_keeps_its_hour_and_its_calendar_shows_whatever_becomes_of_its_meetings(
    workgroups: Workgroups,
) -> None:
    coordinator = workgroups.coordinator()
    unv = workgroups.partner()
    group = workgroups.group(coordinator)
    workgroups.join(unv, group)
    rapporteur = in_role(workgroups, group, "rapporteur")
    path = address(workgroups, unv.focal_point, f"/groups/{group['id']}/calendar-address")
    sequences = [-1]

    def now(*expected: str) -> list[dict[str, Any]]:
        """Return the meetings as they are, which the calendar has as well."""
        found = meetings_of(workgroups, None, series)
        shown = [f"{each['begins'][5:16]} {each['status']}" for each in found]
        assert shown == list(expected)
        calendar = fetched(workgroups, path)
        assert expanded(calendar.content) == seen(found)
        events = Calendar.from_ical(calendar.content).walk("VEVENT")
        assert {str(event["uid"]) for event in events} == {series["id"]}
        [sequence] = {int(str(event["sequence"])) for event in events}
        assert sequence > sequences[-1], "it rises with every move"
        sequences.append(sequence)
        return found

    series = weekly(workgroups, rapporteur, group)
    assert (series["meetings"], series["to_come"]) == (6, 6)
    assert series["rrule"] == "FREQ=WEEKLY;BYDAY=MO;COUNT=6"
    days = ("03-16", "03-23", "03-30", "04-06", "04-13", "04-20")
    found = now(*(f"{day}T14:00 scheduled" for day in days))
    hours = [datetime.fromisoformat(each["begins_at"]).astimezone(UTC).hour for each in found]
    assert hours == [13, 13, 12, 12, 12, 12], "at 14:00 on the wall before and after the change"
    assert {each["series_id"] for each in found} == {series["id"]}

    slot = {"begins": "2099-03-24T09:30", "ends": "2099-03-24T11:00", "time_zone": "Europe/Berlin"}
    taken(workgroups, rapporteur, found[1], "reschedule", {**slot, "reason": "A holiday."})
    first, last = "03-16T14:00 scheduled", "04-20T14:00 scheduled"
    middle = ("03-30T14:00 scheduled", "04-06T14:00 scheduled", "04-13T14:00 scheduled")
    moved = "03-24T09:30 rescheduled"
    now(first, moved, *middle, last)
    taken(workgroups, rapporteur, found[2], "cancel", {"reason": "Easter."})
    middle = ("03-30T14:00 cancelled", *middle[1:])
    now(first, moved, *middle, last)
    added = {"begins": "2099-04-08T10:00", "ends": "2099-04-08T12:00"}
    workgroups.made(rapporteur, f"/meeting-series/{series['id']}/meetings", added)
    extra = "04-08T10:00 scheduled"
    now(first, moved, *middle[:2], extra, middle[2], last)

    changed(workgroups, rapporteur, found[5], place=None, title="The last call")
    other_link = "https://meet.example.org/other"
    of_series = {"from_meeting_id": found[3]["id"], "link": other_link, "title": "Call"}
    series_taken(workgroups, rapporteur, series, "change", **of_series)
    found = now(first, moved, *middle[:2], extra, middle[2], last)
    titles = [each["title"] for each in found]
    assert titles == ["Weekly call"] * 3 + ["Call"] * 3 + ["The last call"], "its own title stays"

    at_four = {"begins": "2099-04-06T16:00", "ends": "2099-04-06T17:30", "reason": "Later suits."}
    series_taken(
        workgroups, rapporteur, series, "reschedule", from_meeting_id=found[3]["id"], **at_four
    )
    found = now(
        *(first, moved, "03-30T14:00 cancelled", "04-06T16:00 rescheduled", extra),
        *("04-13T16:00 rescheduled", "04-20T16:00 rescheduled"),
    )
    taken(workgroups, rapporteur, found[2], "reschedule", {**slot, "reason": "After all."})

    ended = series_taken(
        workgroups, rapporteur, series, "end", from_meeting_id=found[5]["id"], reason="Done."
    )
    assert (ended["to_come"], ended["meetings"]) == (5, 7)
    assert ended["rrule"] == "FREQ=WEEKLY;BYDAY=MO;COUNT=4"
    now(
        *(first, moved, moved, "04-06T16:00 rescheduled", extra),
        *("04-13T16:00 cancelled", "04-20T16:00 cancelled"),
    )
    told = [each for _, each in workgroups.published() if isinstance(each, SeriesEvent)]
    assert [(each.name.split(".")[1], len(each.occurrences)) for each in told] == [
        ("scheduled", 6),
        ("updated", 4),
        ("rescheduled", 3),
        ("ended", 2),
    ]
    assert isinstance(told[2], MeetingSeriesRescheduled)
    assert told[2].previously_began_local == datetime(2099, 4, 6, 14)  # noqa: DTZ001
    history = workgroups.read(None, f"/meetings/{found[3]['id']}/history")["items"]
    assert history[-1]["reason"] == "Later suits."


def replied_by_calendar(
    workgroups: Workgroups, person: Person, path: str, content: bytes
) -> Response:
    response: Response = workgroups.client.post(
        f"{path}/calendar-replies",
        content=content,
        headers={**person.headers, "Content-Type": "text/calendar"},
    )
    return response


def test_a_series_is_answered_at_once_or_meeting_by_meeting(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    unv, fao = workgroups.partner(), workgroups.partner("FAO")
    guest, speaker = workgroups.partner("WHO").focal_point, unv.focal_point
    group = workgroups.group(coordinator, visibility="members")
    series = weekly(workgroups, coordinator, group, capacity=2)
    path = f"/meeting-series/{series['id']}"
    assert workgroups.send(guest, "GET", path).status_code == 404
    for _ in range(2):
        answer = invited_to_series(workgroups, coordinator, series, (guest,), (unv, fao))
        assert answer.json() == {"meetings": 6}, answer.text
    [owed] = workgroups.read(guest, "/me/owed")["items"]
    assert (owed["path"], owed["method"]) == (f"{path}/reply", "PUT")

    body = {"reply": "accepted", "institution_id": str(unv.id), "coming": 2}
    places = workgroups.send(speaker, "PUT", f"{path}/reply", body).json()
    assert {(each["reply"], each["coming"], each["waiting"]) for each in places} == {
        ("accepted", 2, False)
    }
    found = meetings_of(workgroups, coordinator, series)
    replied(workgroups, speaker, found[1], "declined", unv)
    places = workgroups.send(guest, "PUT", f"{path}/reply", {"reply": "accepted"}).json()
    assert [each["waiting"] for each in places] == [True, False, True, True, True, True]

    invitation = workgroups.send(speaker, "GET", f"{path}/invitation.ics?institution={unv.id}")
    calendar = Calendar.from_ical(invitation.content)
    assert calendar["method"] == "REQUEST"
    usual, exception = calendar.walk("VEVENT")
    assert usual["attendee"].params["PARTSTAT"] == "ACCEPTED"
    assert exception["attendee"].params["PARTSTAT"] == "DECLINED"
    assert exception.decoded("recurrence-id").isoformat() == "2099-03-23T14:00:00+01:00"

    now = workgroups.read(coordinator, path)
    whole = reply_text(now, guest, partstat="TENTATIVE")
    assert len(replied_by_calendar(workgroups, guest, path, whole).json()) == 6
    third = b"RECURRENCE-ID;TZID=Europe/Berlin:20990330T140000\r\nSEQUENCE"
    one = reply_text(now, guest, partstat="DECLINED").replace(b"SEQUENCE", third)
    [place] = replied_by_calendar(workgroups, guest, path, one).json()
    assert (place["meeting_id"], place["reply"]) == (found[2]["id"], "declined")
    in_utc = one.replace(b";TZID=Europe/Berlin:20990330T140000", b":20990330T120000Z")
    of_meeting = f"/meetings/{found[2]['id']}"
    assert replied_by_calendar(workgroups, guest, of_meeting, in_utc).status_code == 200
    assert replied_by_calendar(workgroups, guest, of_meeting, whole).status_code == 422
    elsewhere = replied_by_calendar(workgroups, guest, f"/meetings/{found[3]['id']}", one)
    assert elsewhere.status_code == 422
    nobody = workgroups.partner("IFC").focal_point
    assert replied_by_calendar(workgroups, nobody, path, whole).status_code == 404

    slot = {"begins": "2099-04-01T14:00", "ends": "2099-04-01T15:00", "time_zone": "Europe/Berlin"}
    third_now = workgroups.read(coordinator, of_meeting)
    taken(workgroups, coordinator, third_now, "reschedule", {**slot, "reason": "Ill."})
    stale = reply_text(now, guest, stamp="20270101T090000Z")
    taken_by = replied_by_calendar(workgroups, guest, path, stale).json()
    assert found[2]["id"] not in [each["meeting_id"] for each in taken_by], "it moved since"
    assert len(taken_by) == 5

    added = {"begins": "2099-04-08T10:00", "ends": "2099-04-08T12:00"}
    extra = workgroups.made(coordinator, f"{path}/meetings", added)
    asked = workgroups.read(coordinator, f"/meetings/{extra['id']}/invitations")["items"]
    assert len(asked) == 3, "whoever is invited to all is invited to what is added"
    gone = workgroups.send(coordinator, "DELETE", f"{path}/invitations?person={guest.id}")
    assert gone.status_code == 204
    taken_back = Calendar.from_ical(workgroups.send(guest, "GET", f"{path}/invitation.ics").content)
    [event] = taken_back.walk("VEVENT")
    assert (taken_back["method"], event["status"]) == ("CANCEL", "CANCELLED")
    assert str(event["attendee"]) == f"urn:uuid:{guest.id}"
    assert "url" not in event
    assert workgroups.send(nobody, "GET", f"{path}/invitation.ics").status_code == 404
    assert workgroups.send(guest, "GET", path).status_code == 404
    assert workgroups.send(guest, "PUT", f"{path}/reply", {"reply": "declined"}).status_code == 404


def test_who_is_invited_to_one_meeting_of_a_hidden_series_sees_that_one_alone(
    workgroups: Workgroups,
) -> None:
    coordinator = workgroups.coordinator()
    guest = workgroups.partner().focal_point
    group = workgroups.group(coordinator, visibility="members")
    series = weekly(workgroups, coordinator, group)
    second = meetings_of(workgroups, coordinator, series)[1]
    path = address(workgroups, guest)
    invited(workgroups, coordinator, second, people=[guest])
    assert [each["id"] for each in meetings_of(workgroups, guest, series)] == [second["id"]]
    content = fetched(workgroups, path).content
    assert expanded(content) == seen([second])
    [event] = Calendar.from_ical(content).walk("VEVENT")
    assert event.decoded("recurrence-id").isoformat() == "2099-03-23T14:00:00+01:00"
    asked = workgroups.send(guest, "GET", f"/meetings/{second['id']}/invitation.ics")
    taken(workgroups, coordinator, second, "cancel", {"reason": "No."})
    cancelled = workgroups.send(guest, "GET", f"/meetings/{second['id']}/invitation.ics")
    for answer, method in ((asked, "REQUEST"), (cancelled, "CANCEL")):
        calendar = Calendar.from_ical(answer.content)
        [event] = calendar.walk("VEVENT")
        assert (calendar["method"], str(event["uid"])) == (method, series["id"])
        assert "recurrence-id" in event


def test_the_same_request_makes_one_series_and_of_many_changes_one_is_taken(
    workgroups: Workgroups,
) -> None:
    coordinator = workgroups.coordinator()
    group = workgroups.group(coordinator)
    body = {**SERIES, "group_ids": [group["id"]]}
    made = [
        workgroups.send(coordinator, "POST", "/meeting-series", body, idempotency_key="once").json()
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert len(workgroups.read(None, "/meeting-series")["items"]) == 1
    path = f"/meeting-series/{made[0]['id']}"
    [first, *_] = meetings_of(workgroups, None, made[0])

    def change(number: int) -> int:
        if number % 2:
            return changed(workgroups, coordinator, first, title=f"Title {number}").status_code
        answer = workgroups.send(
            coordinator, "PATCH", path, {"title": f"Title {number}"}, if_match='"1"'
        )
        return answer.status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(change, range(6)))
    assert set(statuses) == {200, 412}
    assert statuses.count(200) <= 2
    told = [each for _, each in workgroups.published() if isinstance(each, MeetingSeriesScheduled)]
    assert len(told) == 1


def test_a_series_warns_of_other_meetings_of_its_group(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    group = workgroups.group(coordinator)
    slot = {"begins": "2099-03-30T14:30", "ends": "2099-03-30T16:00", "time_zone": "Europe/Berlin"}
    other = scheduled(workgroups, coordinator, group, **slot)
    [warning] = weekly(workgroups, coordinator, group)["warnings"]
    assert other["id"] in warning
    assert "2099-03-30" in warning


def test_a_bad_series_is_refused_in_words_and_changes_nothing(fresh_stage: Stage) -> None:
    workgroups, coordinator = fresh_stage.workgroups, fresh_stage.coordinator
    invalid, late = (422, "invalid-input"), (409, "not-allowed-now")
    good = {**SERIES, "group_ids": [fresh_stage.group["id"]]}

    def made(status: int, slug: str, pointer: str | None = None, **other: Any) -> str:
        body = {**good, **other}
        problem = assert_refused(
            fresh_stage,
            lambda: workgroups.send(coordinator, "POST", "/meeting-series", body),
            status,
            slug,
            pointer,
        )
        return str(problem["detail"])

    rule = SERIES["rule"]
    made(*invalid, "/rule/by_day/0", rule={**rule, "by_day": ["XX"]})
    made(*invalid, "/rule/count", rule={**rule, "count": 1000})
    made(*invalid, "/rule", rule={**rule, "by_day": ["MO", "MO"]})
    made(*invalid, "/begins", begins="2099-03-17T14:00", ends="2099-03-17T15:00")
    made(*invalid, "/except_dates/0", except_dates=["2099-03-17"])
    made(*invalid, "/except_dates", rule={**rule, "count": 1}, except_dates=["2099-03-16"])
    made(*invalid, "/ends", ends="2099-03-16T13:00")
    made(*invalid, "/place", place="Bonn")
    made(*invalid, "/group_ids/0", group_ids=[UNKNOWN])
    made(*late, group_ids=[fresh_stage.archived["id"]])
    sunday = {"frequency": "weekly", "by_day": ["SU"], "count": 3}
    at_night: dict[str, Any] = {
        "rule": sunday,
        "begins": "2099-03-22T02:30",
        "ends": "2099-03-22T03:00",
    }
    missing = made(*invalid, "/begins", **at_night)
    assert "never show 2099-03-29 02:30" in missing
    assert "except_dates" in missing
    autumn = {**at_night, "begins": "2099-10-18T02:30", "ends": "2099-10-18T03:00"}
    assert "2099-10-25 02:30 twice" in made(*invalid, "/begins_fold", **autumn)

    series = weekly(workgroups, coordinator, fresh_stage.group)

    def step(status: int, slug: str, pointer: str | None, name: str, **body: Any) -> str:
        send = lambda: series_step(workgroups, coordinator, series, name, **body)  # noqa: E731
        return str(assert_refused(fresh_stage, send, status, slug, pointer)["detail"])

    at: dict[str, Any] = {
        "begins": "2099-03-16T14:00",
        "ends": "2099-03-16T15:00",
        "reason": "Why not.",
    }
    step(*late, None, "reschedule", **at)
    step(*invalid, "/begins", "reschedule", **{**at, "begins": "2099-03-17T14:00"})
    step(*invalid, "/reason", "end")
    step(*invalid, "/from_meeting_id", "end", reason="No.", from_meeting_id=UNKNOWN)
    step(*invalid, None, "change")
    path = f"/meeting-series/{series['id']}"
    nobody = fresh_stage.nobody
    assert_refused(
        fresh_stage,
        lambda: workgroups.send(nobody, "PATCH", path, {"title": "X"}, if_match='"1"'),
        403,
        "forbidden",
    )
    assert_refused(
        fresh_stage,
        lambda: workgroups.send(coordinator, "PATCH", path, {"title": "X"}, if_match='"7"'),
        412,
        "version-conflict",
    )
    twice = {key: at[key] for key in ("begins", "ends")}
    assert_refused(
        fresh_stage,
        lambda: workgroups.send(coordinator, "POST", f"{path}/meetings", twice),
        409,
        "not-allowed-now",
    )
    series_taken(workgroups, coordinator, series, "end", reason="Done.")
    step(*late, None, "change", title="Too late")
    more = {"begins": "2099-06-01T10:00", "ends": "2099-06-01T11:00"}
    assert_refused(
        fresh_stage,
        lambda: workgroups.send(coordinator, "POST", f"{path}/meetings", more),
        409,
        "not-allowed-now",
    )
