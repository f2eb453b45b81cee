"""People and institutions are invited and reply; seats go in the order of acceptance."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from httpx import Response

from services.workgroups import meetings
from shared.events.catalogue import MeetingInvited, MeetingReplied, MeetingSeatGiven
from shared.identity import Caller
from tests.workgroups.meeting_steps import (
    LINK,
    SLOT,
    changed,
    in_role,
    invited,
    just_begun,
    replied,
    scheduled,
    step,
    taken,
)
from tests.workgroups.stage import UNKNOWN, Stage, assert_refused
from tests.workgroups.world import Partner, Person, Workgroups


def waits_for(workgroups: Workgroups, person: Person) -> list[str]:
    caller = Caller(person.id, "person", frozenset({"act"}))
    with workgroups.database.read() as session:
        return [str(each.meeting.id) for each in meetings.waiting_for(session, caller)]


def places(workgroups: Workgroups, person: Person, meeting: dict[str, Any]) -> dict[str, str]:
    found = workgroups.read(person, f"/meetings/{meeting['id']}/invitations")["items"]
    return {
        each["person_id"] or each["institution_id"]: "waiting" if each["waiting"] else each["reply"]
        for each in found
    }


def full_meeting(
    workgroups: Workgroups, parties: int, capacity: int
) -> tuple[Person, dict[str, Any], list[Partner]]:
    coordinator = workgroups.coordinator()
    group = workgroups.group(coordinator)
    partners = [workgroups.partner(f"P{number}") for number in range(parties)]
    meeting = scheduled(workgroups, coordinator, group, capacity=capacity)
    invited(workgroups, coordinator, meeting, institutions=partners)
    return coordinator, meeting, partners


def test_an_invited_person_and_an_institution_reply_for_themselves(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    hidden = workgroups.group(coordinator, visibility="members")
    unv, guest = workgroups.partner("UNV"), workgroups.partner("FAO").focal_point
    meeting = scheduled(workgroups, coordinator, hidden)
    path = f"/meetings/{meeting['id']}"
    assert workgroups.send(guest, "GET", path).status_code == 404
    answer = invited(workgroups, coordinator, meeting, people=[guest], institutions=[unv])
    assert len(answer) == 2

    assert workgroups.read(guest, path)["link"] == LINK, "who is invited learns how to join"
    assert waits_for(workgroups, guest) == waits_for(workgroups, unv.focal_point) == [meeting["id"]]
    assert replied(workgroups, guest, meeting, "tentative").json()["reply"] == "tentative"
    three = replied(workgroups, unv.focal_point, meeting, "accepted", unv, coming=3)
    assert (three.status_code, three.json()["coming"], three.json()["waiting"]) == (200, 3, False)
    assert waits_for(workgroups, guest) == waits_for(workgroups, unv.focal_point) == []

    told = [data for _, data in workgroups.published()]
    asked = [data for data in told if isinstance(data, MeetingInvited)]
    assert {each.person_id or each.institution_id for each in asked} == {guest.id, unv.id}
    assert asked[0].meeting.link == LINK
    assert len([data for data in told if isinstance(data, MeetingReplied)]) == 2


def test_asking_again_invites_nobody_twice(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    meeting = scheduled(workgroups, coordinator, workgroups.group(coordinator))
    unv = workgroups.partner()
    first = invited(workgroups, coordinator, meeting, institutions=[unv])
    assert invited(workgroups, coordinator, meeting, institutions=[unv]) == first
    told = [type(data) for _, data in workgroups.published()]
    assert told.count(MeetingInvited) == 1


def test_who_finds_no_seat_waits_and_moves_up_in_order(workgroups: Workgroups) -> None:
    coordinator, meeting, (first, second, third) = full_meeting(workgroups, 3, capacity=3)
    replied(workgroups, first.focal_point, meeting, "accepted", first, coming=2)
    assert replied(workgroups, second.focal_point, meeting, "accepted", second, coming=2).json()[
        "waiting"
    ]
    late = replied(workgroups, third.focal_point, meeting, "accepted", third)
    assert late.json()["waiting"], "a smaller party doesn't pass over who waits"

    replied(workgroups, first.focal_point, meeting, "declined", first)
    assert places(workgroups, coordinator, meeting) == {
        str(first.id): "declined",
        str(second.id): "accepted",
        str(third.id): "accepted",
    }
    seats = [data for _, data in workgroups.published() if isinstance(data, MeetingSeatGiven)]
    assert [each.institution_id for each in seats] == [second.id, third.id]


def test_a_larger_meeting_lets_those_who_wait_move_up(workgroups: Workgroups) -> None:
    coordinator, meeting, (first, second) = full_meeting(workgroups, 2, capacity=1)
    for partner in (first, second):
        replied(workgroups, partner.focal_point, meeting, "accepted", partner)
    assert places(workgroups, coordinator, meeting)[str(second.id)] == "waiting"
    meeting = changed(workgroups, coordinator, meeting, capacity=2).json()
    assert places(workgroups, coordinator, meeting)[str(second.id)] == "accepted"

    refused = changed(workgroups, coordinator, meeting, capacity=1)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/capacity"
    assert "2 have accepted" in refused.json()["detail"]


def test_an_invitation_taken_back_gives_its_seat_to_the_next(workgroups: Workgroups) -> None:
    coordinator, meeting, (first, second) = full_meeting(workgroups, 2, capacity=1)
    mine = replied(workgroups, first.focal_point, meeting, "accepted", first).json()
    replied(workgroups, second.focal_point, meeting, "accepted", second)
    path = f"/meetings/{meeting['id']}/invitations/{mine['id']}"
    assert workgroups.send(coordinator, "DELETE", path).status_code == 204
    assert workgroups.send(coordinator, "DELETE", path).status_code == 404
    assert places(workgroups, coordinator, meeting) == {str(second.id): "accepted"}
    assert replied(workgroups, first.focal_point, meeting, "accepted", first).status_code == 404


def test_a_party_with_seats_grows_only_into_free_ones(workgroups: Workgroups) -> None:
    _, meeting, (first, _) = full_meeting(workgroups, 2, capacity=3)
    replied(workgroups, first.focal_point, meeting, "accepted", first, coming=2)
    assert (
        replied(workgroups, first.focal_point, meeting, "accepted", first, coming=3).status_code
        == 200
    )
    refused = replied(workgroups, first.focal_point, meeting, "accepted", first, coming=4)
    assert refused.status_code == 409
    assert "3 of you have a seat" in refused.json()["detail"]


def test_of_many_accepting_at_once_as_many_have_a_seat_as_there_are(
    workgroups: Workgroups,
) -> None:
    coordinator, meeting, partners = full_meeting(workgroups, 8, capacity=3)
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda each: replied(workgroups, each.focal_point, meeting, "accepted", each),
                partners,
            )
        )
    assert {answer.status_code for answer in answers} == {200}
    found = list(places(workgroups, coordinator, meeting).values())
    assert (found.count("accepted"), found.count("waiting")) == (3, 5)


def test_a_meeting_that_moved_asks_again_and_keeps_the_seats(workgroups: Workgroups) -> None:
    coordinator, meeting, (first, _) = full_meeting(workgroups, 2, capacity=1)
    replied(workgroups, first.focal_point, meeting, "accepted", first)
    slot = {**SLOT, "begins": "2099-03-17T09:30", "ends": "2099-03-17T10:30", "reason": "Hall."}
    meeting = taken(workgroups, coordinator, meeting, "reschedule", slot)
    assert waits_for(workgroups, first.focal_point) == [meeting["id"]]
    assert places(workgroups, coordinator, meeting)[str(first.id)] == "accepted"
    replied(workgroups, first.focal_point, meeting, "accepted", first)
    assert waits_for(workgroups, first.focal_point) == []


def test_nobody_replies_for_somebody_else(fresh_stage: Stage) -> None:
    workgroups, coordinator = fresh_stage.workgroups, fresh_stage.coordinator
    member = fresh_stage.member
    meeting = scheduled(workgroups, coordinator, fresh_stage.group)
    invited(workgroups, coordinator, meeting, institutions=[member])

    def refused(send: Any) -> None:
        assert_refused(fresh_stage, send, 404, "not-found")

    refused(lambda: replied(workgroups, coordinator, meeting, "accepted", member))
    refused(lambda: replied(workgroups, fresh_stage.nobody, meeting, "accepted"))
    refused(lambda: replied(workgroups, member.focal_point, meeting, "accepted"))
    refused(
        lambda: replied(
            workgroups,
            fresh_stage.outsider.focal_point,
            meeting,
            "accepted",
            fresh_stage.outsider,
        )
    )


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"person_ids": [UNKNOWN]}, "/person_ids/0"),
        ({"institution_ids": [UNKNOWN]}, "/institution_ids/0"),
        ({"person_ids": [UNKNOWN, UNKNOWN]}, "/person_ids"),
        ({}, None),
    ],
)
def test_nobody_unknown_is_invited(
    fresh_stage: Stage, body: dict[str, Any], pointer: str | None
) -> None:
    workgroups, coordinator = fresh_stage.workgroups, fresh_stage.coordinator
    meeting = scheduled(workgroups, coordinator, fresh_stage.group)
    path = f"/meetings/{meeting['id']}/invitations"
    assert_refused(
        fresh_stage,
        lambda: workgroups.send(coordinator, "POST", path, body),
        422,
        "invalid-input",
        pointer,
    )


def test_a_cancelled_meeting_takes_no_reply(fresh_stage: Stage) -> None:
    workgroups, coordinator = fresh_stage.workgroups, fresh_stage.coordinator
    meeting = scheduled(workgroups, coordinator, fresh_stage.group)
    invited(workgroups, coordinator, meeting, institutions=[fresh_stage.member])
    taken(workgroups, coordinator, meeting, "cancel", {"reason": "No."})
    assert_refused(
        fresh_stage,
        lambda: replied(
            workgroups, fresh_stage.member.focal_point, meeting, "accepted", fresh_stage.member
        ),
        409,
        "not-allowed-now",
    )


def test_who_was_there_is_recorded_apart_from_the_replies(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    group = workgroups.group(coordinator)
    unv, fao = workgroups.partner("UNV"), workgroups.partner("FAO")
    meeting = scheduled(workgroups, coordinator, group, **just_begun())
    invited(workgroups, coordinator, meeting, institutions=[unv])
    replied(workgroups, unv.focal_point, meeting, "declined", unv)
    rapporteur = in_role(workgroups, group, "rapporteur")

    entries: list[dict[str, Any]] = [
        {"institution_id": str(unv.id), "presence": "in_person", "heads": 4},
        {"institution_id": str(unv.id), "presence": "online", "heads": 2},
        {"person_id": str(fao.focal_point.id), "presence": "in_person"},
        {"person_id": str(coordinator.id), "presence": "excused"},
    ]
    kept = attended(workgroups, rapporteur, meeting, entries)
    assert kept.status_code == 200, kept.text
    assert (kept.json()["in_person"], kept.json()["online"]) == (5, 2)
    path = f"/meetings/{meeting['id']}"
    assert workgroups.read(coordinator, f"{path}/attendance") == kept.json()
    assert places(workgroups, coordinator, meeting) == {str(unv.id): "declined"}
    after = workgroups.read(coordinator, path)
    assert (after["participants_in_person"], after["participants_online"]) == (5, 2)
    held = taken(workgroups, coordinator, after, "hold", {})
    assert (held["participants_in_person"], held["participants_online"]) == (5, 2)
    assert workgroups.send(unv.focal_point, "GET", f"{path}/attendance").status_code == 200
    assert workgroups.send(fao.focal_point, "GET", f"{path}/attendance").status_code == 403


def test_bad_attendance_is_refused_in_words(fresh_stage: Stage) -> None:
    workgroups, coordinator = fresh_stage.workgroups, fresh_stage.coordinator
    group = fresh_stage.group
    meeting = scheduled(workgroups, coordinator, group, **just_begun(), mode="in_person", link=None)
    one = {"institution_id": str(fresh_stage.member.id), "presence": "in_person"}
    bad: list[tuple[list[dict[str, Any]], str]] = [
        ([one, one], "/entries/1"),
        ([{**one, "presence": "online"}], "/entries/0/presence"),
        ([{"person_id": UNKNOWN, "presence": "absent"}], "/entries/0/person_id"),
        ([{**one, "institution_id": UNKNOWN}], "/entries/0/institution_id"),
        ([{**one, "heads": 0}], "/entries/0/heads"),
        ([{**one, "person_id": UNKNOWN}], "/entries/0"),
    ]
    for entries, pointer in bad:
        assert_refused(
            fresh_stage,
            lambda entries=entries: attended(workgroups, coordinator, meeting, entries),  # type: ignore[misc]
            422,
            "invalid-input",
            pointer,
        )
    ahead = scheduled(workgroups, coordinator, group)
    assert_refused(
        fresh_stage,
        lambda: attended(workgroups, coordinator, ahead, [one]),
        409,
        "not-allowed-now",
    )
    assert step(workgroups, fresh_stage.nobody, meeting, "hold", {}).status_code == 403


def attended(
    workgroups: Workgroups, person: Person, meeting: dict[str, Any], entries: list[dict[str, Any]]
) -> Response:
    path = f"/meetings/{meeting['id']}/attendance"
    etag = f'"{meeting["version"]}"'
    return workgroups.send(person, "PUT", path, {"entries": entries}, if_match=etag)
