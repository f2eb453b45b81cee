"""Everything that a person owes, in one list: late things, answers, what is due soon, the rest."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.workgroups.owed import owed_by
from services.workgroups.tables import ActionItem
from shared.columns import utc_now
from shared.identity import Caller
from tests.effort import lines_run
from tests.workgroups.action_scene import Scene, refused, set_scene
from tests.workgroups.world import Person, Workgroups


def owed(scene: Scene, person: Person, query: str = "") -> dict[str, Any]:
    return scene.workgroups.read(person, f"/me/owed{query}")


def in_days(days: int) -> str:
    return (utc_now() + timedelta(days=days)).date().isoformat()


def test_late_things_come_first_then_answers_then_what_is_due(scene: Scene) -> None:
    later, soon = scene.item(due_date=in_days(30)), scene.item(due_date=in_days(1))
    late = scene.item(due_date="2021-03-31")
    mine = scene.item(due_date="2021-05-31", person_ids=[str(scene.unv.focal_point.id)])
    foreign = scene.workgroups.assign(scene.coordinator, scene.group, scene.fao)
    proposed = scene.propose(foreign, scene.unv, scene.fao.focal_point)

    found = owed(scene, scene.unv.focal_point)

    assert [(entry["kind"], entry["id"]) for entry in found["items"]] == [
        ("action_item_overdue", mine["id"]),
        ("action_item_overdue", late["id"]),
        ("reassignment_to_answer", proposed["id"]),
        ("action_item_due_soon", soon["id"]),
        ("action_item_later", later["id"]),
    ]
    assert found["counts"]["action_item_overdue"] == 2
    assert [entry["own"] for entry in found["items"]] == [True, False, False, False, False]
    assert found["items"][2]["path"] == f"/reassignments/{proposed['id']}/accept"
    assert owed(scene, scene.coordinator)["items"] == []


def test_what_is_done_or_given_away_is_owed_no_more(scene: Scene) -> None:
    done, given = scene.item(), scene.item()
    scene.changed(scene.unv.focal_point, done, state="done")
    proposed = scene.propose(given, scene.fao)
    assert scene.answer(scene.fao.focal_point, proposed, "accept").status_code == 200
    assert owed(scene, scene.unv.focal_point)["items"] == []
    assert [entry["id"] for entry in owed(scene, scene.fao.focal_point)["items"]] == [given["id"]]


def test_pages_hold_everything_once(scene: Scene) -> None:
    items = [scene.item(due_date="2021-03-31")["id"] for _ in range(5)]
    found, cursor = [], ""
    for _ in range(3):
        page = owed(scene, scene.unv.focal_point, f"?limit=2{cursor}")
        found += [entry["id"] for entry in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert page["next_cursor"] is None
    assert found == sorted(items)
    refused(scene.workgroups.send(scene.coordinator, "GET", "/me/owed?cursor=nonsense"), 422)
    refused(scene.workgroups.send(None, "GET", "/me/owed"), 401)


def test_pages_of_one_hold_what_waits_and_what_is_due_in_the_one_order(scene: Scene) -> None:
    person = scene.unv.focal_point
    for day in (in_days(30), in_days(1), "2021-03-31", "2021-03-31"):
        scene.item(due_date=day)
        scene.item(due_date=day, person_ids=[str(person.id)])
    for _ in range(2):
        foreign = scene.workgroups.assign(scene.coordinator, scene.group, scene.fao)
        scene.propose(foreign, scene.unv, scene.fao.focal_point)
    whole = owed(scene, person)
    assert [entry["own"] for entry in whole["items"]] == [
        *(True, True, False, False),
        *(False, False),
        *(True, False),
        *(True, False),
    ]

    found, cursor = [], ""
    while True:
        page = owed(scene, person, f"?limit=1{cursor}")
        assert page["counts"] == whole["counts"]
        found += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == whole["items"]


def test_a_page_is_as_much_work_however_much_is_owed(embedded_workgroups: Workgroups) -> None:
    scene = set_scene(embedded_workgroups)
    caller = Caller(id=scene.unv.focal_point.id, kind="person", scopes=frozenset({"act"}))

    def more(numbers: range) -> None:
        with embedded_workgroups.database.write() as session:
            session.add_all(
                ActionItem(
                    group_id=UUID(scene.group["id"]),
                    number=number,
                    title="Do it",
                    institution_id=scene.unv.id,
                    due_date=date(2021, 3, 31),
                    assigned_by=caller.id,
                )
                for number in numbers
            )

    def work() -> int:
        with embedded_workgroups.database.read() as session:
            return lines_run(lambda: owed_by(session, caller, utc_now(), after=None, limit=2))

    more(range(1, 5))
    work()
    few = work()
    more(range(5, 500))
    assert work() < 1.5 * few


def test_a_person_named_for_it_owes_it_while_they_take_part(scene: Scene) -> None:
    person = scene.participant("member", scene.unv)
    item = scene.item(person_ids=[str(person.id)])
    assert [entry["id"] for entry in owed(scene, person)["items"]] == [item["id"]]
    other = scene.participant("member", scene.unv)
    assert owed(scene, other)["items"] == []
