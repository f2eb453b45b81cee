"""What an action item says: who sees to it, how it stands and why, what came of it, and its log."""

from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from services.workgroups.tables import Participant
from shared.events.catalogue import ActionItemChanged, FocalPointRemoved, NeedPublished
from shared.ids import new_id
from tests.workgroups.action_scene import Scene, refused
from tests.workgroups.stage import MEETING
from tests.workgroups.world import support_facts


def test_an_action_item_says_all_that_was_agreed(scene: Scene) -> None:
    need = support_facts(scene.fao.id, title="Teachers")
    scene.workgroups.tell(NeedPublished(need=need))
    item = scene.item(
        title="Train teachers",
        description="Online, in Thai.",
        priority="high",
        start_date="2021-01-04",
        due_date="2021-06-30",
        person_ids=[str(scene.unv.focal_point.id)],
        needs=[str(need.item_id)],
    )
    assert (item["priority"], item["start_date"]) == ("high", "2021-01-04")
    assert item["description"] == "Online, in Thai."
    assert item["people"] == [{"id": str(scene.unv.focal_point.id), "name": "Ana Souza"}]
    assert [need["title"] for need in item["needs"]] == ["Teachers"]
    assert item == scene.workgroups.read(scene.coordinator, f"/action-items/{item['id']}")


def test_others_see_what_is_done_but_not_who_does_it(scene: Scene) -> None:
    item = scene.item(person_ids=[str(scene.unv.focal_point.id)])
    outsider = scene.workgroups.partner("ILO").focal_point
    for person in (None, outsider):
        assert scene.workgroups.read(person, f"/action-items/{item['id']}")["people"] == []
        (assigned,) = scene.log(person, item)
        assert assigned["by"] is None
        assert "person_ids" not in assigned["changes"]
    (assigned,) = scene.log(scene.fao.focal_point, item)
    assert assigned["by"] == {"id": str(scene.coordinator.id), "name": "Chanda Mwila"}
    assert assigned["changes"]["person_ids"] == [None, [str(scene.unv.focal_point.id)]]


@pytest.mark.parametrize("role", ["coordinator", "co_chair", "rapporteur"])
def test_who_leads_the_group_or_records_for_it_assigns_and_changes(scene: Scene, role: str) -> None:
    leading = scene.participant(role)
    item = scene.workgroups.assign(leading, scene.group, scene.unv)
    changed = scene.changed(leading, item, due_date="2021-05-31", title="Do it soon")
    assert (changed["due_date"], changed["title"]) == ("2021-05-31", "Do it soon")
    assert scene.changed(leading, item, state="cancelled", reason="Not needed.")["version"] == 3


@pytest.mark.parametrize("role", ["member", "observer", "adviser"])
def test_others_of_the_group_assign_nothing(scene: Scene, role: str) -> None:
    person = scene.participant(role)
    body = {"title": "Do it", "institution_id": str(scene.unv.id), "due_date": "2021-03-31"}
    path = f"/groups/{scene.group['id']}/action-items"
    refused(scene.workgroups.send(person, "POST", path, body), 403)


def test_who_leads_another_group_leads_nothing_here(scene: Scene) -> None:
    item = scene.item()
    other = scene.workgroups.group(scene.coordinator, "other")
    person = scene.workgroups.person()
    with scene.workgroups.database.write() as session:
        session.add(
            Participant(group_id=UUID(other["id"]), person_id=person.id, role="coordinator")
        )
    refused(scene.change(person, item, title="Mine"), 404)


@pytest.mark.parametrize("state", ["blocked", "cancelled"])
def test_what_is_blocked_or_cancelled_says_why(scene: Scene, state: str) -> None:
    item = scene.item()
    refused(scene.change(scene.coordinator, item, state=state), 422, "/reason")
    changed = scene.changed(scene.coordinator, item, state=state, reason="No budget.")
    assert changed["reason"] == "No budget."
    again = scene.changed(scene.coordinator, item, state=state, reason="No budget until May.")
    assert again["reason"] == "No budget until May."
    assert scene.changed(scene.coordinator, item, state="open")["reason"] is None


def test_what_came_of_it_is_said_once_it_is_done(scene: Scene) -> None:
    item = scene.item()
    early = scene.change(scene.unv.focal_point, item, result="All trained.")
    refused(early, 422, "/result")
    links = ["https://www.example.org/courses"]
    done = scene.changed(
        scene.unv.focal_point, item, state="done", result="All trained.", result_links=links
    )
    assert (done["result"], done["result_links"]) == ("All trained.", links)
    assert done["finished_at"] is not None
    better = scene.changed(scene.unv.focal_point, item, result="140 teachers trained.")
    assert better["result"] == "140 teachers trained."
    reopened = scene.changed(scene.unv.focal_point, item, state="in_progress")
    assert (reopened["result"], reopened["result_links"]) == (None, [])
    assert reopened["finished_at"] is None


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "example.org", "https://me:secret@example.org/", "ftp://a.org/"]
)
def test_a_result_links_to_whole_web_addresses_only(scene: Scene, link: str) -> None:
    answer = scene.change(scene.unv.focal_point, scene.item(), state="done", result_links=[link])
    refused(answer, 422, "/result_links/0")


def test_the_log_holds_every_change_with_what_was_before(scene: Scene) -> None:
    item = scene.item()
    scene.changed(scene.unv.focal_point, item, state="in_progress")
    scene.workgroups.made(
        scene.unv.focal_point, f"/action-items/{item['id']}/log", {"text": "Nine answered."}
    )
    scene.changed(scene.coordinator, item, due_date="2021-06-30", reason="Ten are missing.")

    log = scene.log(scene.coordinator, item)
    assert [(entry["kind"], entry["version"]) for entry in log] == [
        ("assigned", 1),
        ("changed", 2),
        ("note", 2),
        ("changed", 3),
    ]
    assert log[1]["changes"] == {"state": ["open", "in_progress"]}
    assert log[1]["by"]["id"] == str(scene.unv.focal_point.id)
    assert log[2]["text"] == "Nine answered."
    assert log[3]["changes"] == {"due_date": ["2021-03-31", "2021-06-30"]}
    assert log[3]["text"] == "Ten are missing."


def test_the_log_tells_how_an_action_item_stood_at_any_time(scene: Scene) -> None:
    item = scene.item(priority="low")
    scene.changed(scene.coordinator, item, priority="high", title="Do it now")
    scene.changed(scene.coordinator, item, state="blocked", reason="No budget.")
    scene.changed(scene.coordinator, item, title="Do it", state="done", result="Done.")
    now = scene.workgroups.read(scene.coordinator, f"/action-items/{item['id']}")

    value: dict[str, Any] = {}
    for entry in scene.log(scene.coordinator, item):
        for name, (before, after) in entry["changes"].items():
            assert value.get(name) == before
            value[name] = after
    assert {name: now[name] for name in value if name in now} == {
        name: found for name, found in value.items() if name in now
    }


def test_a_note_sent_twice_with_its_key_is_one_line(scene: Scene) -> None:
    item = scene.item()
    path = f"/action-items/{item['id']}/log"
    for _ in range(2):
        answer = scene.workgroups.send(
            scene.unv.focal_point, "POST", path, {"text": "Asked."}, idempotency_key="k"
        )
        assert answer.status_code == 201
    assert [entry["kind"] for entry in scene.log(None, item)] == ["assigned", "note"]


def test_who_has_no_part_in_it_writes_no_note(scene: Scene) -> None:
    item = scene.item()
    for person in (scene.fao.focal_point, scene.workgroups.person()):
        path = f"/action-items/{item['id']}/log"
        refused(scene.workgroups.send(person, "POST", path, {"text": "I was here."}), 404)


def test_people_belong_to_the_accountable_institution(scene: Scene) -> None:
    through_unv = scene.participant("member", scene.unv)
    through_fao = scene.participant("member", scene.fao)
    item = scene.item(person_ids=[str(through_unv.id)])
    for stranger in (through_fao.id, scene.fao.focal_point.id, new_id()):
        people = [str(through_unv.id), str(stranger)]
        answer = scene.change(scene.coordinator, item, person_ids=people)
        refused(answer, 422, "/person_ids/1")
    twice = [str(through_unv.id)] * 2
    refused(scene.change(scene.coordinator, item, person_ids=twice), 422, "/person_ids")


def test_a_responsible_person_moves_it_while_they_take_part(scene: Scene) -> None:
    person = scene.participant("member", scene.unv)
    item = scene.item(person_ids=[str(person.id)])
    assert scene.changed(person, item, state="in_progress")["state"] == "in_progress"
    refused(scene.change(person, item, due_date="2022-01-01"), 403)
    with scene.workgroups.database.write() as session:
        row = session.exec(select(Participant).where(Participant.person_id == person.id)).one()
        row.state = "suspended"
        session.add(row)
    refused(scene.change(person, item, state="done"), 404)


def test_the_institution_says_itself_who_sees_to_it(scene: Scene) -> None:
    item = scene.item()
    focal_point = scene.unv.focal_point
    changed = scene.changed(focal_point, item, person_ids=[str(focal_point.id)])
    assert [person["id"] for person in changed["people"]] == [str(focal_point.id)]
    scene.workgroups.tell(FocalPointRemoved(person_id=focal_point.id, institution_id=scene.unv.id))
    refused(scene.change(focal_point, item, state="done"), 404)
    shown = scene.workgroups.read(scene.coordinator, f"/action-items/{item['id']}")["people"]
    assert shown == [{"id": str(focal_point.id), "name": None}]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"start_date": "2021-04-01"}, "/start_date"),
        ({"priority": "urgent"}, "/priority"),
        ({"priority": None}, ""),
        ({"needs": ["018f4e2a-0000-7000-8000-00000000ffff"]}, "/needs/0"),
        ({"offers": ["018f4e2a-0000-7000-8000-00000000ffff"]}, "/offers/0"),
        ({"parent_id": "018f4e2a-0000-7000-8000-00000000ffff"}, "/parent_id"),
        ({"agreed_point_id": "018f4e2a-0000-7000-8000-00000000ffff"}, "/agreed_point_id"),
        ({"reason": "Because."}, ""),
    ],
)
def test_a_change_that_does_not_fit_is_named(
    scene: Scene, changes: dict[str, Any], pointer: str
) -> None:
    item = scene.item()
    before = scene.workgroups.everything()
    refused(scene.change(scene.coordinator, item, **changes), 422, pointer)
    assert scene.workgroups.everything() == before


def test_an_action_item_is_linked_to_what_was_agreed_later_on(scene: Scene) -> None:
    held = {**MEETING, "agreed_points": ["Listen."], "group_ids": [scene.group["id"]]}
    meeting = scene.workgroups.made(scene.coordinator, "/meetings", held)
    item = scene.item()
    point = meeting["agreed_points"][0]["id"]
    changed = scene.changed(scene.coordinator, item, agreed_point_id=point)
    assert (changed["agreed_point_id"], changed["meeting_id"]) == (point, meeting["id"])


def test_events_tell_what_came_of_it_and_name_nobody(scene: Scene) -> None:
    item = scene.item(person_ids=[str(scene.unv.focal_point.id)])
    scene.changed(scene.unv.focal_point, item, state="done", result="All trained.")
    event, told = scene.workgroups.published()[-1]
    assert isinstance(told, ActionItemChanged)
    assert told.action.result == "All trained."
    assert told.action.person_ids == (scene.unv.focal_point.id,)
    assert told.action.time_zone == "Asia/Bangkok"
    assert "Souza" not in event.to_json()


def test_what_is_owed_goes_on_while_the_group_rests_and_ends_with_it(scene: Scene) -> None:
    item = scene.item()
    for version, step in ((1, "rest"), (2, "conclude")):
        path = f"/groups/{scene.group['id']}/{step}"
        done = scene.workgroups.send(
            scene.coordinator, "POST", path, {"reason": "Quiet."}, if_match=f'"{version}"'
        )
        assert done.status_code == 200, done.text
        if step == "rest":
            scene.changed(scene.unv.focal_point, item, state="in_progress")
    refused(scene.change(scene.unv.focal_point, item, state="done"), 409)
    log = f"/action-items/{item['id']}/log"
    refused(scene.workgroups.send(scene.unv.focal_point, "POST", log, {"text": "Done."}), 409)
