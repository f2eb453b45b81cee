"""Meetings as iCalendar: at a secret address, as an invitation, and the reply of a program."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from httpx import Response
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Component, Timezone

from services.workgroups import calendar_events, calendar_objects, calendar_replies
from services.workgroups.tables import Meeting
from services.workgroups.wall_times import times_of, wall_of
from shared.events.catalogue import FocalPointRemoved, PersonErased
from shared.ids import new_id
from shared.logs import mask
from shared.problems import Problem
from tests.workgroups.meeting_steps import (
    LINK,
    SLOT,
    changed,
    invited,
    planned,
    replied,
    scheduled,
    taken,
)
from tests.workgroups.stage import Stage, assert_refused
from tests.workgroups.test_wall_times import moments, zones
from tests.workgroups.world import Person, Workgroups


def address(workgroups: Workgroups, person: Person, path: str = "/me/calendar-address") -> str:
    url: str = workgroups.made(person, path, None)["url"]
    return url.removeprefix("http://127.0.0.1:8002")


def fetched(workgroups: Workgroups, path: str, **headers: str) -> Response:
    return workgroups.send(None, "GET", path, **headers)


def events(response: Response) -> list[Component]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/calendar; charset=utf-8"
    return list(Calendar.from_ical(response.content).walk("VEVENT"))


def test_the_calendar_of_a_person_holds_the_meetings_of_their_groups_with_the_time_zone(
    workgroups: Workgroups,
) -> None:
    coordinator = workgroups.coordinator()
    unv = workgroups.partner()
    own, other = workgroups.group(coordinator), workgroups.group(coordinator, "other")
    workgroups.join(unv, own)
    slot = {"begins": "2099-07-16T09:30", "ends": "2099-07-16T12:00", "time_zone": "Europe/Berlin"}
    meeting = scheduled(workgroups, coordinator, own, **slot)
    planned(workgroups, coordinator, own)
    scheduled(workgroups, coordinator, other)

    found = fetched(workgroups, address(workgroups, unv.focal_point))
    first, second = events(found)
    assert first["uid"] == meeting["id"]
    assert (first["status"], second["status"]) == ("CONFIRMED", "TENTATIVE")
    assert first["url"] == LINK
    assert str(first["organizer"]) == f"urn:uuid:{own['id']}"
    assert b"mailto" not in found.content.lower()
    assert first.decoded("dtstart").astimezone(UTC).isoformat() == "2099-07-16T07:30:00+00:00"
    calendar = Calendar.from_ical(found.content)
    zone = next(each for each in calendar.walk("VTIMEZONE") if each["tzid"] == "Europe/Berlin")
    assert isinstance(zone, Timezone)
    summer = zone.to_tz().utcoffset(datetime(2099, 7, 16, 9, 30))  # noqa: DTZ001
    assert summer == timedelta(hours=2)


def test_a_moved_or_cancelled_meeting_keeps_its_uid_and_raises_its_sequence(
    workgroups: Workgroups,
) -> None:
    coordinator = workgroups.coordinator()
    unv = workgroups.partner()
    group = workgroups.group(coordinator)
    workgroups.join(unv, group)
    path = address(workgroups, unv.focal_point, f"/groups/{group['id']}/calendar-address")
    meeting = scheduled(workgroups, coordinator, group)
    seen = [events(fetched(workgroups, path))[0]]
    moved = {**SLOT, "begins": "2099-03-16T10:00", "reason": "Later."}
    meeting = taken(workgroups, coordinator, meeting, "reschedule", moved)
    seen.append(events(fetched(workgroups, path))[0])
    taken(workgroups, coordinator, meeting, "cancel", {"reason": "No."})
    seen.append(events(fetched(workgroups, path))[0])
    assert {event["uid"] for event in seen} == {meeting["id"]}
    assert [event["sequence"] for event in seen] == [0, 1, 2]
    assert seen[2]["status"] == "CANCELLED"


def test_a_calendar_that_is_the_same_is_not_sent_again(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    meeting = scheduled(workgroups, coordinator, workgroups.group(coordinator))
    own = workgroups.partner()
    invited(workgroups, coordinator, meeting, people=[own.focal_point])
    path = address(workgroups, own.focal_point)
    first = fetched(workgroups, path)
    assert first.headers["cache-control"] == "private, max-age=300"
    assert first.headers["last-modified"].endswith("GMT")
    again = fetched(workgroups, path, if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    changed(workgroups, coordinator, meeting, title="Other")
    assert fetched(workgroups, path, if_none_match=first.headers["etag"]).status_code == 200


def test_an_address_ends_when_it_is_revoked_replaced_or_its_person_goes(
    workgroups: Workgroups,
) -> None:
    coordinator = workgroups.coordinator()
    unv = workgroups.partner()
    person = unv.focal_point
    group = workgroups.group(coordinator)
    workgroups.join(unv, group)
    first = address(workgroups, person)
    second = address(workgroups, person)
    of_group = address(workgroups, person, f"/groups/{group['id']}/calendar-address")
    assert fetched(workgroups, first).status_code == 404
    assert fetched(workgroups, second).status_code == 200
    assert workgroups.send(person, "DELETE", "/me/calendar-address").status_code == 204
    assert workgroups.send(person, "DELETE", "/me/calendar-address").status_code == 404
    assert fetched(workgroups, second).status_code == 404

    assert fetched(workgroups, of_group).status_code == 200
    workgroups.tell(FocalPointRemoved(person_id=person.id, institution_id=unv.id))
    assert fetched(workgroups, of_group).status_code == 404, "who belongs no more reads no more"
    third = address(workgroups, person)
    workgroups.tell(PersonErased(person_id=person.id))
    assert fetched(workgroups, third).status_code == 404
    secret = third.rsplit("/", 1)[1].removesuffix(".ics")
    assert secret not in str(workgroups.everything()), "a digest is kept, not the secret"
    assert secret not in mask(f"GET {third}")


def test_who_does_not_belong_to_a_group_gets_no_address_of_it(fresh_stage: Stage) -> None:
    path = f"/groups/{fresh_stage.group['id']}/calendar-address"
    assert_refused(
        fresh_stage,
        lambda: fresh_stage.workgroups.send(fresh_stage.nobody, "POST", path),
        403,
        "forbidden",
    )


def test_an_invitation_is_a_request_and_then_its_cancellation(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    unv, guest = workgroups.partner(), workgroups.partner("FAO").focal_point
    meeting = scheduled(workgroups, coordinator, workgroups.group(coordinator))
    path = f"/meetings/{meeting['id']}/invitation.ics"
    assert workgroups.send(guest, "GET", path).status_code == 404
    invited(workgroups, coordinator, meeting, people=[guest], institutions=[unv])

    asked = workgroups.send(guest, "GET", path)
    [event] = events(asked)
    assert Calendar.from_ical(asked.content)["method"] == "REQUEST"
    assert str(event["attendee"]) == f"urn:uuid:{guest.id}"
    assert event["attendee"].params["PARTSTAT"] == "NEEDS-ACTION"
    of_unv = f"{path}?institution={unv.id}"
    assert len(events(workgroups.send(unv.focal_point, "GET", of_unv))) == 1
    assert workgroups.send(guest, "GET", of_unv).status_code == 404
    taken(workgroups, coordinator, meeting, "cancel", {"reason": "No."})
    cancelled = Calendar.from_ical(workgroups.send(guest, "GET", path).content)
    assert cancelled["method"] == "CANCEL"
    [event] = cancelled.walk("VEVENT")
    assert (event["status"], event["sequence"]) == ("CANCELLED", 1)


def reply_text(meeting: dict[str, Any], person: Person, **other: Any) -> bytes:
    given = {
        "method": "REPLY",
        "uid": meeting["id"],
        "sequence": meeting["sequence"],
        "stamp": "20260101T090000Z",
        "attendee": f"urn:uuid:{person.id}",
        "partstat": "ACCEPTED",
        **other,
    }
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Some//Program//EN",
        f"METHOD:{given['method']}",
        "BEGIN:VEVENT",
        f"UID:{given['uid']}",
        f"SEQUENCE:{given['sequence']}",
        f"DTSTAMP:{given['stamp']}",
        f"ATTENDEE;PARTSTAT={given['partstat']}:{given['attendee']}",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    )
    return "\r\n".join(lines).encode()


def sent(
    workgroups: Workgroups,
    person: Person,
    meeting: dict[str, Any],
    content: bytes,
    media_type: str = "text/calendar",
) -> Response:
    response: Response = workgroups.client.post(
        f"/meetings/{meeting['id']}/calendar-replies",
        content=content,
        headers={**person.headers, "Content-Type": media_type},
    )
    return response


def test_a_calendar_program_replies_for_the_invited(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    guest = workgroups.partner().focal_point
    meeting = scheduled(workgroups, coordinator, workgroups.group(coordinator))
    invited(workgroups, coordinator, meeting, people=[guest])
    taken_in = sent(workgroups, guest, meeting, reply_text(meeting, guest))
    assert (taken_in.status_code, taken_in.json()["reply"]) == (200, "accepted"), taken_in.text
    later = reply_text(meeting, guest, partstat="DECLINED", stamp="20260101T100000Z")
    assert sent(workgroups, guest, meeting, later).json()["reply"] == "declined"
    out_of_order = sent(workgroups, guest, meeting, reply_text(meeting, guest))
    assert out_of_order.status_code == 409
    assert "later reply" in out_of_order.json()["detail"]

    moved = {**SLOT, "begins": "2099-03-16T10:00", "reason": "Later."}
    taken(workgroups, coordinator, meeting, "reschedule", moved)
    old = sent(workgroups, guest, meeting, reply_text(meeting, guest, stamp="20270101T100000Z"))
    assert old.status_code == 409
    assert "sequence 0" in old.json()["detail"]


def test_who_speaks_for_an_invited_institution_replies_for_it_with_a_calendar_program(
    workgroups: Workgroups,
) -> None:
    coordinator = workgroups.coordinator()
    unv, fao = workgroups.partner(), workgroups.partner("FAO")
    meeting = scheduled(workgroups, coordinator, workgroups.group(coordinator))
    invited(workgroups, coordinator, meeting, institutions=[unv, fao])
    replied(workgroups, unv.focal_point, meeting, "accepted", unv, coming=3)
    of_unv = reply_text(meeting, unv.focal_point, attendee=f"urn:uuid:{unv.id}")
    answer = sent(workgroups, unv.focal_point, meeting, of_unv)
    assert (answer.status_code, answer.json()["coming"]) == (200, 3), answer.text
    assert answer.json()["institution_id"] == str(unv.id)
    of_fao = reply_text(meeting, unv.focal_point, attendee=f"urn:uuid:{fao.id}")
    assert sent(workgroups, unv.focal_point, meeting, of_fao).status_code == 404


def test_a_reply_that_is_no_reply_of_an_invited_person_is_refused(fresh_stage: Stage) -> None:
    workgroups, coordinator = fresh_stage.workgroups, fresh_stage.coordinator
    guest, stranger = fresh_stage.member.focal_point, fresh_stage.outsider.focal_point
    meeting = scheduled(workgroups, coordinator, fresh_stage.group)
    invited(workgroups, coordinator, meeting, people=[guest])

    def refused(person: Person, content: bytes, status: int, slug: str) -> None:
        assert_refused(
            fresh_stage, lambda: sent(workgroups, person, meeting, content), status, slug
        )

    refused(stranger, reply_text(meeting, stranger), 404, "not-found")
    refused(stranger, reply_text(meeting, guest), 404, "not-found")
    refused(guest, reply_text(meeting, stranger), 404, "not-found")
    refused(guest, reply_text(meeting, guest, uid=str(new_id())), 422, "invalid-input")
    refused(guest, reply_text(meeting, guest, method="REQUEST"), 422, "invalid-input")
    refused(guest, reply_text(meeting, guest, partstat="DELEGATED"), 422, "invalid-input")
    refused(guest, reply_text(meeting, guest, attendee="mailto:a@b.example"), 422, "invalid-input")
    refused(guest, reply_text(meeting, guest, stamp="yesterday"), 422, "invalid-input")
    refused(guest, b"\xff\xfe", 422, "invalid-input")
    refused(guest, b"", 422, "invalid-input")
    refused(guest, reply_text(meeting, guest) + b"X" * 20_000, 413, "too-large")
    assert_refused(
        fresh_stage,
        lambda: sent(workgroups, guest, meeting, b"{}", "application/json"),
        415,
        "unsupported-media-type",
    )
    assert replied(workgroups, guest, meeting, "accepted").status_code == 200


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_garbage_is_no_reply(content: bytes) -> None:
    with pytest.raises(Problem) as refused:
        calendar_replies.read(content)
    assert refused.value.kind.status == 422


@settings(deadline=None)  # The first object of a time zone and year takes its time.
@given(moments, zones)
def test_a_calendar_object_means_the_moments_of_the_meeting(begin: datetime, zone: str) -> None:
    end = begin + timedelta(hours=2)
    meeting = Meeting(
        **vars(times_of(wall_of(begin, zone), wall_of(end, zone), zone)),
        title="Follow-up",
        mode="online",
        status="scheduled",
        recorded_by=new_id(),
    )
    text = calendar_objects.feed("Meetings", [calendar_events.Entry(meeting, [], None)])
    [event] = Calendar.from_ical(text).walk("VEVENT")
    assert event.decoded("dtstart").astimezone(UTC) == begin
    assert event.decoded("dtend").astimezone(UTC) == end


def offset_by_rules(zone: Component, moment: datetime) -> timedelta:
    """Return the offset that a VTIMEZONE gives for a moment, read as RFC 5545 says."""
    onsets: list[tuple[datetime, timedelta]] = []
    for part in zone.subcomponents:
        dates = [
            part.decoded("dtstart"),
            *(each.dt for each in getattr(part.get("rdate"), "dts", [])),
        ]
        before, after = part.decoded("tzoffsetfrom"), part.decoded("tzoffsetto")
        onsets += [(each.replace(tzinfo=UTC) - before, after) for each in dates]
    return max(onset for onset in onsets if onset[0] <= moment)[1]


@settings(deadline=None)
@given(moments, zones.filter(lambda zone: zone != "UTC"), st.integers(-200, 200))
def test_the_rules_of_a_time_zone_give_its_offsets_also_around_a_change_of_clocks(
    begin: datetime, zone: str, days: int
) -> None:
    end = begin + timedelta(hours=1)
    slot = times_of(wall_of(begin, zone), wall_of(end, zone), zone)
    meeting = Meeting(
        **vars(slot), title="Follow-up", mode="online", status="scheduled", recorded_by=new_id()
    )
    text = calendar_objects.feed("Meetings", [calendar_events.Entry(meeting, [], None)])
    found = Calendar.from_ical(text).walk("VTIMEZONE")
    moment = begin + timedelta(days=days)
    for rules in found:
        for each in (moment, *changes_near(moment, zone)):
            assert offset_by_rules(rules, each) == each.astimezone(ZoneInfo(zone)).utcoffset()


def changes_near(moment: datetime, zone: str) -> list[datetime]:
    """Return the minutes around the changes of clocks within a month of the moment."""
    hours = [moment + timedelta(hours=hour) for hour in range(-360, 360)]
    offsets = [each.astimezone(ZoneInfo(zone)).utcoffset() for each in hours]
    changed = [
        hours[place] for place in range(1, len(hours)) if offsets[place] != offsets[place - 1]
    ]
    return [each - timedelta(minutes=minute) for each in changed for minute in range(60)]
