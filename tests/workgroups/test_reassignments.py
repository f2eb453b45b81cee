"""Another institution answers for an action item once it has agreed to; until then the old does."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.workgroups.action_scene import Scene, refused


def accountable(scene: Scene, item: dict[str, Any]) -> str:
    found: str = scene.workgroups.read(scene.coordinator, f"/action-items/{item['id']}")[
        "institution_acronym"
    ]
    return found


def test_the_other_side_accepts_and_answers_from_then_on(scene: Scene) -> None:
    item = scene.item(person_ids=[str(scene.unv.focal_point.id)])
    proposed = scene.propose(item, scene.fao)
    assert (proposed["from_institution"], proposed["to_institution"]) == ("UNV", "FAO")
    assert accountable(scene, item) == "UNV"
    scene.changed(scene.unv.focal_point, item, state="in_progress")
    refused(scene.change(scene.fao.focal_point, item, state="open"), 404)

    accepted = scene.answer(scene.fao.focal_point, proposed, "accept")

    assert (accepted.status_code, accepted.headers["etag"]) == (200, '"2"')
    assert accountable(scene, item) == "FAO"
    shown = scene.workgroups.read(scene.coordinator, f"/action-items/{item['id']}")
    assert shown["people"] == [], "those of the old institution don't see to it any more"
    refused(scene.change(scene.unv.focal_point, item, state="done"), 404)
    assert scene.changed(scene.fao.focal_point, item, state="done")["state"] == "done"
    last = scene.log(scene.coordinator, item)[-2]
    assert last["kind"] == "reassigned"
    assert last["changes"]["institution_id"] == [str(scene.unv.id), str(scene.fao.id)]
    assert last["text"] == "You know them better."


@pytest.mark.parametrize(("step", "who"), [("decline", "fao"), ("withdraw", "unv")])
def test_declined_or_withdrawn_it_stays_where_it_was(scene: Scene, step: str, who: str) -> None:
    item = scene.item()
    proposed = scene.propose(item, scene.fao)
    person = getattr(scene, who).focal_point
    refused(scene.answer(person, proposed, step), 422)
    answered = scene.answer(person, proposed, step, "We are few.")
    assert answered.json()["reason"] == "We are few."
    assert accountable(scene, item) == "UNV"
    late = scene.workgroups.send(
        scene.fao.focal_point, "POST", f"/reassignments/{proposed['id']}/accept", if_match='"2"'
    )
    refused(late, 409)
    assert scene.propose(item, scene.fao)["state"] == "proposed", "and may be asked again"


def test_who_leads_the_group_proposes_and_withdraws_too(scene: Scene) -> None:
    item = scene.item()
    co_chair = scene.participant("co_chair")
    proposed = scene.propose(item, scene.fao, co_chair)
    assert scene.answer(co_chair, proposed, "withdraw", "Mistaken.").status_code == 200


def test_each_side_takes_its_own_steps_and_others_find_nothing(scene: Scene) -> None:
    item = scene.item()
    proposed = scene.propose(item, scene.fao)
    refused(scene.answer(scene.unv.focal_point, proposed, "accept"), 403)
    refused(scene.answer(scene.coordinator, proposed, "accept"), 403)
    refused(scene.answer(scene.fao.focal_point, proposed, "withdraw", "No."), 403)
    outsider = scene.workgroups.partner("ILO").focal_point
    refused(scene.answer(outsider, proposed, "accept"), 404)
    for path in (f"/reassignments/{proposed['id']}", f"/action-items/{item['id']}/reassignments"):
        refused(scene.workgroups.send(outsider, "GET", path), 404)
        assert scene.workgroups.read(scene.fao.focal_point, path)
    refused(
        scene.workgroups.send(
            scene.fao.focal_point,
            "POST",
            f"/action-items/{item['id']}/reassignments",
            {"institution_id": str(scene.fao.id)},
        ),
        404,
    )


def test_only_another_verified_member_is_asked_and_only_one_at_a_time(scene: Scene) -> None:
    item = scene.item()
    path = f"/action-items/{item['id']}/reassignments"
    outsider = scene.workgroups.partner("ILO")

    def ask(institution: object) -> Any:
        return scene.workgroups.send(
            scene.unv.focal_point, "POST", path, {"institution_id": str(institution)}
        )

    refused(ask(outsider.id), 409)
    refused(ask(scene.unv.id), 422, "/institution_id")
    refused(ask("018f4e2a-0000-7000-8000-00000000ffff"), 404, "/institution_id")
    scene.propose(item, scene.fao)
    assert "withdraw" in refused(ask(scene.fao.id), 409)


def test_who_left_the_group_meanwhile_does_not_take_it_over(scene: Scene) -> None:
    item = scene.item()
    proposed = scene.propose(item, scene.fao)
    members = f"/groups/{scene.group['id']}/members/{scene.fao.id}"
    left = scene.workgroups.send(scene.fao.focal_point, "DELETE", members)
    assert left.status_code == 204, left.text
    refused(scene.answer(scene.fao.focal_point, proposed, "accept"), 409)
    assert accountable(scene, item) == "UNV"


def test_what_is_finished_waits_for_no_answer(scene: Scene) -> None:
    item = scene.item()
    proposed = scene.propose(item, scene.fao)
    scene.changed(scene.unv.focal_point, item, state="done")
    found = scene.workgroups.read(scene.fao.focal_point, f"/reassignments/{proposed['id']}")
    assert (found["state"], found["reason"]) == ("withdrawn", "The action item is done.")


def test_of_an_acceptance_and_a_withdrawal_at_once_one_holds(scene: Scene) -> None:
    for _ in range(4):
        item = scene.item()
        proposed = scene.propose(item, scene.fao)
        with ThreadPoolExecutor(2) as pool:
            accepted = pool.submit(scene.answer, scene.fao.focal_point, proposed, "accept")
            withdrawn = pool.submit(
                scene.answer, scene.unv.focal_point, proposed, "withdraw", "We do it."
            )
        statuses = [accepted.result().status_code, withdrawn.result().status_code]
        assert sorted(statuses) in ([200, 404], [200, 412]), statuses
        assert accountable(scene, item) == ("FAO" if statuses[0] == 200 else "UNV")


def test_of_many_proposals_at_once_one_waits(scene: Scene) -> None:
    item = scene.item()
    path = f"/action-items/{item['id']}/reassignments"
    body = {"institution_id": str(scene.fao.id)}
    with ThreadPoolExecutor(6) as pool:
        answers = pool.map(
            lambda _: scene.workgroups.send(scene.unv.focal_point, "POST", path, body).status_code,
            range(6),
        )
        assert sorted(answers) == [201] + [409] * 5
