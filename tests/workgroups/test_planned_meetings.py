"""A meeting is planned, scheduled, moved, cancelled, held; each step has its rule and its event."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from services.workgroups.meeting_states import TRANSITIONS, MeetingStatus, require_transition
from shared.events.catalogue import (
    MeetingCancelled,
    MeetingHeld,
    MeetingRecorded,
    MeetingRescheduled,
    MeetingScheduled,
    MeetingUpdated,
)
from shared.problems import Problem
from tests.workgroups.meeting_steps import (
    LINK,
    PLAN,
    SLOT,
    changed,
    in_role,
    just_begun,
    minutes_from_now,
    planned,
    scheduled,
    step,
    taken,
    whole_life,
)
from tests.workgroups.stage import UNKNOWN, Stage, assert_refused
from tests.workgroups.world import Workgroups


def test_a_planned_meeting_is_shown_with_its_wall_time_and_its_moment(
    workgroups: Workgroups,
) -> None:
    coordinator = workgroups.coordinator()
    group = workgroups.group(coordinator)
    meeting = planned(workgroups, coordinator, group, capacity=40, description="Bring your list.")

    assert (meeting["status"], meeting["version"], meeting["sequence"]) == ("planned", 1, 0)
    assert meeting["begins"] == "2099-03-16T09:30:00"
    assert meeting["begins_at"] == "2099-03-16T02:30:00Z"
    assert meeting["ends_at"] == "2099-03-16T05:00:00Z"
    assert (meeting["date"], meeting["warnings"], meeting["link"]) == (None, [], LINK)
    assert workgroups.read(coordinator, f"/meetings/{meeting['id']}") == meeting
    listed = workgroups.read(coordinator, "/meetings?status=planned")["items"]
    assert listed == [meeting]
    assert workgroups.read(coordinator, "/meetings?status=held")["items"] == []


def test_a_meeting_goes_through_its_life_and_each_step_is_told(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    group = workgroups.group(coordinator)
    meeting = whole_life(workgroups, coordinator, group)

    assert meeting["status"] == "held"
    assert meeting["participants_in_person"] == 12
    steps = (
        MeetingScheduled,
        MeetingUpdated,
        MeetingCancelled,
        MeetingRescheduled,
        MeetingHeld,
        MeetingRecorded,
    )
    told = [data for _, data in workgroups.published() if isinstance(data, steps)]
    assert [type(data) for data in told] == [
        MeetingScheduled,
        MeetingUpdated,
        MeetingCancelled,
        MeetingRescheduled,
        MeetingHeld,
        MeetingRecorded,
    ]
    first, updated, cancelled, moved, _, recorded = told
    assert isinstance(first, MeetingScheduled)
    assert first.meeting.begins_at == datetime(2099, 3, 16, 2, 30, tzinfo=UTC)
    assert [str(each.group_id) for each in first.meeting.groups] == [group["id"]]
    assert isinstance(updated, MeetingUpdated)
    assert updated.meeting.title == "Second follow-up"
    assert isinstance(cancelled, MeetingCancelled)
    assert cancelled.reason == "The hall burnt down."
    assert isinstance(moved, MeetingRescheduled)
    assert moved.previously_began_at == first.meeting.begins_at
    assert moved.meeting.sequence > cancelled.meeting.sequence > first.meeting.sequence
    assert isinstance(recorded, MeetingRecorded)
    assert recorded.date.isoformat() == meeting["date"] == meeting["begins"][:10]

    history = workgroups.read(coordinator, f"/meetings/{meeting['id']}/history")["items"]
    assert [change["status"] for change in history] == [
        "scheduled",
        "scheduled",
        "cancelled",
        "rescheduled",
        "held",
    ]
    assert history[1]["before"] == {"title": "Follow-up", "capacity": None}
    assert history[2]["reason"] == "The hall burnt down."
    assert history[3]["before"]["begins_at"].startswith("2099-03-16")
    assert {change["changed_by"] for change in history} == {str(coordinator.id)}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(MeetingStatus, MeetingStatus)))
def test_a_status_follows_just_where_the_table_says(
    before: MeetingStatus, after: MeetingStatus
) -> None:
    allowed = after in TRANSITIONS[before]
    if allowed:
        require_transition(before, after, "Because.")
    else:
        with pytest.raises(Problem) as refused:
            require_transition(before, after, "Because.")
        assert refused.value.kind.status == 409


@pytest.mark.parametrize("reason", [{}, {"reason": ""}, {"reason": "  "}])
def test_moving_and_cancelling_take_a_reason(
    workgroups: Workgroups, reason: dict[str, str]
) -> None:
    coordinator = workgroups.coordinator()
    meeting = scheduled(workgroups, coordinator, workgroups.group(coordinator))
    for name, body in (("cancel", {}), ("reschedule", SLOT)):
        answer = step(workgroups, coordinator, meeting, name, {**body, **reason})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/reason"


def test_two_meetings_of_a_group_at_once_are_a_warning(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    one, other = workgroups.group(coordinator), workgroups.group(coordinator, "other")
    first = scheduled(workgroups, coordinator, one, title="First")
    second = planned(workgroups, coordinator, one, other, begins="2099-03-16T11:59:00")
    [warning] = second["warnings"]
    assert "First" in warning
    assert f"/meetings/{first['id']}" in warning
    after = planned(
        workgroups, coordinator, one, begins="2099-03-16T12:00:00", ends="2099-03-16T13:00:00"
    )
    assert all("First" not in warning for warning in after["warnings"]), "one ends as one begins"
    elsewhere = planned(workgroups, coordinator, other, ends="2099-03-16T10:00:00")
    assert elsewhere["warnings"] == []
    taken(workgroups, coordinator, first, "cancel", {"reason": "No."})
    assert all(
        "First" not in warning
        for warning in workgroups.read(coordinator, f"/meetings/{second['id']}")["warnings"]
    )


def test_a_link_is_shown_to_those_who_belong_to_the_group(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    member, stranger = workgroups.partner("UNV"), workgroups.partner("FAO")
    group = workgroups.group(coordinator)
    workgroups.join(member, group)
    adviser = in_role(workgroups, group, "adviser")
    meeting = planned(workgroups, coordinator, group)
    moved = changed(workgroups, coordinator, meeting, link="https://meet.example.org/other")
    assert moved.status_code == 200

    path = f"/meetings/{meeting['id']}"
    for person in (coordinator, member.focal_point, adviser):
        assert workgroups.read(person, path)["link"] == "https://meet.example.org/other"
        assert workgroups.read(person, f"{path}/history")["items"][0]["before"] == {"link": LINK}
    for other in (None, stranger.focal_point, workgroups.person()):
        assert workgroups.read(other, path)["link"] is None
        assert workgroups.read(other, "/meetings")["items"][0]["link"] is None
        assert workgroups.read(other, f"{path}/history")["items"][0]["before"] == {}


def test_who_does_not_see_a_group_does_not_learn_its_name_from_a_meeting(
    workgroups: Workgroups,
) -> None:
    coordinator = workgroups.coordinator()
    seen = workgroups.group(coordinator)
    hidden = workgroups.group(coordinator, "hidden", visibility="members")
    both = planned(workgroups, coordinator, seen, hidden)
    alone = planned(workgroups, coordinator, hidden)
    shown = workgroups.read(None, f"/meetings/{both['id']}")
    assert [group["id"] for group in shown["groups"]] == [seen["id"]]
    assert shown["warnings"] == [], "the other meeting is of the hidden group alone"
    for path in (f"/meetings/{alone['id']}", f"/meetings/{alone['id']}/history"):
        assert workgroups.send(None, "GET", path).status_code == 404
    assert len(workgroups.read(None, "/meetings")["items"]) == 1


@pytest.mark.parametrize("role", ["co_chair", "rapporteur"])
def test_who_records_for_all_groups_of_a_meeting_plans_it(
    workgroups: Workgroups, role: str
) -> None:
    coordinator = workgroups.coordinator()
    own, other = workgroups.group(coordinator), workgroups.group(coordinator, "other")
    person = in_role(workgroups, own, role)
    meeting = planned(workgroups, person, own)
    assert taken(workgroups, person, meeting, "schedule")["status"] == "scheduled"

    body = {**PLAN, "group_ids": [own["id"], other["id"]]}
    assert workgroups.send(person, "POST", "/meetings/planned", body).status_code == 403
    joint = planned(workgroups, coordinator, own, other)
    assert step(workgroups, person, joint, "schedule").status_code == 403
    assert changed(workgroups, person, joint, title="Mine").status_code == 403


def test_a_hidden_groups_meeting_is_answered_like_an_unknown_one(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    hidden = workgroups.group(coordinator, "hidden", visibility="members")
    meeting = planned(workgroups, coordinator, hidden)
    stranger = workgroups.partner("FAO").focal_point
    assert step(workgroups, stranger, meeting, "schedule").status_code == 404
    body = {**PLAN, "group_ids": [hidden["id"]]}
    unknown = {**PLAN, "group_ids": [UNKNOWN]}
    answers = [
        workgroups.send(stranger, "POST", "/meetings/planned", each) for each in (body, unknown)
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]


BAD_PLANS: list[tuple[dict[str, Any], str]] = [
    ({"ends": "2099-03-16T09:30"}, "/ends"),
    ({"ends": "2099-03-16T09:00"}, "/ends"),
    ({"ends": "2099-04-16T09:00"}, "/ends"),
    ({"begins": "2099-03-16T09:30Z"}, "/begins"),
    ({"begins": "2099-03-16T09:30+07:00"}, "/begins"),
    ({"begins": "2099-03-16T09:30:30"}, "/begins"),
    ({"begins": "1989-03-16T09:30"}, "/begins"),
    ({"begins": "half past nine"}, "/begins"),
    ({"begins": None, "ends": None, "status": "scheduled"}, "/begins"),
    ({"time_zone": "Europe/Atlantis"}, "/time_zone"),
    (
        {
            "begins": "2027-03-28T02:30",
            "ends": "2027-03-28T05:00",
            "time_zone": "Europe/Berlin",
        },
        "/begins",
    ),
    (
        {
            "begins": "2027-10-31T02:30",
            "ends": "2027-10-31T05:00",
            "time_zone": "Europe/Berlin",
        },
        "/begins_fold",
    ),
    ({"begins_fold": 2}, "/begins_fold"),
    ({"status": "held"}, "/status"),
    ({"mode": "online"}, "/place"),
    ({"mode": "in_person"}, "/link"),
    ({"link": "http://meet.example.org/"}, "/link"),
    ({"link": "javascript:alert(1)"}, "/link"),
    ({"link": "https://user:secret@meet.example.org/"}, "/link"),
    ({"link": "https://"}, "/link"),
    ({"link": "https://[broken/"}, "/link"),
    ({"capacity": 0}, "/capacity"),
    ({"capacity": "40"}, "/capacity"),
    ({"group_ids": []}, "/group_ids"),
    ({"group_ids": [UNKNOWN]}, "/group_ids/0"),
    ({"colour": "red"}, "/colour"),
]


@pytest.mark.parametrize(("bad", "pointer"), BAD_PLANS)
def test_a_bad_plan_is_refused_in_words(stage: Stage, bad: dict[str, Any], pointer: str) -> None:
    body = {**PLAN, "group_ids": [stage.group["id"]], **bad}
    assert_refused(
        stage,
        lambda: stage.workgroups.send(stage.coordinator, "POST", "/meetings/planned", body),
        422,
        "invalid-input",
        pointer,
    )


def test_begins_without_ends_is_refused(stage: Stage) -> None:
    body = {**PLAN, "group_ids": [stage.group["id"]]}
    del body["ends"]
    assert_refused(
        stage,
        lambda: stage.workgroups.send(stage.coordinator, "POST", "/meetings/planned", body),
        422,
        "invalid-input",
    )


def test_the_second_of_two_equal_hours_can_be_meant(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    group = workgroups.group(coordinator)
    slot = {"begins": "2027-10-31T02:30", "ends": "2027-10-31T02:45", "time_zone": "Europe/Berlin"}
    first = planned(workgroups, coordinator, group, **slot, begins_fold=0, ends_fold=0)
    second = planned(workgroups, coordinator, group, **slot, begins_fold=1, ends_fold=1)
    assert first["begins_at"] == "2027-10-31T00:30:00Z"
    assert second["begins_at"] == "2027-10-31T01:30:00Z"
    assert second["warnings"] == []


def test_a_group_that_takes_nothing_new_plans_no_meeting(stage: Stage) -> None:
    body = {**PLAN, "group_ids": [stage.archived["id"]]}
    assert_refused(
        stage,
        lambda: stage.workgroups.send(stage.coordinator, "POST", "/meetings/planned", body),
        409,
        "not-allowed-now",
    )


def test_a_time_that_was_told_is_not_changed_in_silence(fresh_stage: Stage) -> None:
    workgroups, coordinator = fresh_stage.workgroups, fresh_stage.coordinator
    meeting = scheduled(workgroups, coordinator, fresh_stage.group)
    problem = assert_refused(
        fresh_stage,
        lambda: changed(workgroups, coordinator, meeting, begins="2099-03-16T10:00"),
        409,
        "not-allowed-now",
    )
    assert "reschedule" in problem["detail"]
    assert_refused(
        fresh_stage,
        lambda: step(workgroups, coordinator, meeting, "reschedule", {**SLOT, "reason": "Why."}),
        409,
        "not-allowed-now",
    )


def test_a_meeting_is_not_held_before_it_begins(fresh_stage: Stage) -> None:
    workgroups, coordinator = fresh_stage.workgroups, fresh_stage.coordinator
    for slot in (
        {"begins": minutes_from_now(10), "ends": minutes_from_now(20), "time_zone": "UTC"},
        {"begins": None, "ends": None, "status": "planned"},
    ):
        meeting = scheduled(workgroups, coordinator, fresh_stage.group, **slot)
        assert_refused(
            fresh_stage,
            lambda meeting=meeting: step(workgroups, coordinator, meeting, "hold", {}),  # type: ignore[misc]
            409,
            "not-allowed-now",
        )


def test_what_was_held_keeps_its_time_and_link(fresh_stage: Stage) -> None:
    workgroups, coordinator = fresh_stage.workgroups, fresh_stage.coordinator
    meeting = scheduled(workgroups, coordinator, fresh_stage.group, **just_begun())
    meeting = taken(workgroups, coordinator, meeting, "hold", {"agreed_points": ["Listen."]})
    assert [point["text"] for point in meeting["agreed_points"]] == ["Listen."]
    for change in (
        {"capacity": 5},
        {"begins": just_begun()["begins"][:-2] + "00", "ends": minutes_from_now(30)},
        {"link": None},
    ):
        assert_refused(
            fresh_stage,
            lambda change=change: changed(workgroups, coordinator, meeting, **change),  # type: ignore[misc]
            409,
            "not-allowed-now",
        )
    assert changed(workgroups, coordinator, meeting, title="Corrected").status_code == 200


def test_a_change_that_changes_nothing_is_told_to_nobody(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    meeting = scheduled(workgroups, coordinator, workgroups.group(coordinator))
    before = workgroups.published()
    same = changed(
        workgroups, coordinator, meeting, title=meeting["title"], begins=meeting["begins"]
    )
    assert same.json() == meeting
    assert workgroups.published() == before


def test_of_many_steps_of_one_version_one_is_taken(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    meeting = scheduled(workgroups, coordinator, workgroups.group(coordinator))

    def move(day: int) -> int:
        body = {
            **SLOT,
            "begins": f"2099-04-{day:02}T09:00",
            "ends": f"2099-04-{day:02}T10:00",
            "reason": "Another day.",
        }
        return step(workgroups, coordinator, meeting, "reschedule", body).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(move, range(1, 7))) == [200] + [412] * 5
    assert (
        len([data for _, data in workgroups.published() if isinstance(data, MeetingRescheduled)])
        == 1
    )


def test_a_plan_asked_twice_is_made_once(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    group = workgroups.group(coordinator)
    body = {**PLAN, "group_ids": [group["id"]]}
    answers = [
        workgroups.send(coordinator, "POST", "/meetings/planned", body, idempotency_key="once")
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert len(workgroups.read(coordinator, "/meetings")["items"]) == 1
