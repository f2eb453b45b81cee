"""Action items within action items: no circle, and nothing is done while its parts are not."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.workgroups.sub_items import DEEPEST
from tests.workgroups.action_scene import Scene, refused


def parent_of(scene: Scene, item: dict[str, Any]) -> Any:
    return scene.workgroups.read(scene.coordinator, f"/action-items/{item['id']}")["parent_id"]


def test_a_parent_is_not_done_while_its_parts_are_open(scene: Scene) -> None:
    parent = scene.item()
    parts = [scene.item(parent_id=parent["id"]) for _ in range(2)]
    for state, reason in (("done", None), ("cancelled", "Not needed.")):
        changes = {"state": state} | ({"reason": reason} if reason else {})
        detail = refused(scene.change(scene.coordinator, parent, **changes), 409)
        assert "number 2, 3" in detail
    scene.changed(scene.coordinator, parts[0], state="done")
    scene.changed(scene.coordinator, parts[1], state="cancelled", reason="Not needed.")
    assert scene.changed(scene.coordinator, parent, state="done")["state"] == "done"


def test_nothing_unfinished_comes_under_what_is_finished(scene: Scene) -> None:
    parent = scene.item()
    part = scene.item(parent_id=parent["id"])
    scene.changed(scene.coordinator, part, state="done")
    scene.changed(scene.coordinator, parent, state="done")

    refused(scene.change(scene.coordinator, part, state="in_progress"), 409)
    refused(scene.change(scene.coordinator, scene.item(), parent_id=parent["id"]), 409)
    body = {"title": "Do it", "institution_id": str(scene.unv.id), "due_date": "2021-03-31"}
    path = f"/groups/{scene.group['id']}/action-items"
    body["parent_id"] = parent["id"]
    refused(scene.workgroups.send(scene.coordinator, "POST", path, body), 409)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_circle_is_refused(scene: Scene, length: int) -> None:
    first = last = scene.item()
    for _ in range(length - 1):
        last = scene.item(parent_id=last["id"])
    detail = refused(
        scene.change(scene.coordinator, first, parent_id=last["id"]), 422, "/parent_id"
    )
    assert "within itself" in detail


def test_a_parent_is_of_the_same_group(scene: Scene) -> None:
    other = scene.workgroups.group(scene.coordinator, "other")
    scene.workgroups.join(scene.unv, other)
    foreign = scene.workgroups.assign(scene.coordinator, other, scene.unv)
    refused(
        scene.change(scene.coordinator, scene.item(), parent_id=foreign["id"]), 422, "/parent_id"
    )


def test_there_are_only_so_many_levels(scene: Scene) -> None:
    chain = [scene.item()]
    for _ in range(DEEPEST - 1):
        chain.append(scene.item(parent_id=chain[-1]["id"]))
    above = scene.item()
    refused(scene.change(scene.coordinator, chain[0], parent_id=above["id"]), 422, "/parent_id")
    refused(scene.change(scene.coordinator, above, parent_id=chain[-1]["id"]), 422, "/parent_id")


def test_a_part_is_taken_out_again(scene: Scene) -> None:
    parent = scene.item()
    part = scene.item(parent_id=parent["id"])
    assert scene.changed(scene.coordinator, part, parent_id=None)["parent_id"] is None
    assert scene.changed(scene.coordinator, parent, state="done")["state"] == "done"


def test_two_that_become_part_of_each_other_at_once_make_no_circle(scene: Scene) -> None:
    for _ in range(4):
        pair = [scene.item(), scene.item()]
        with ThreadPoolExecutor(2) as pool:
            answers = list(
                pool.map(
                    lambda place, pair=pair: (
                        scene.change(
                            scene.coordinator, pair[place], parent_id=pair[1 - place]["id"]
                        ).status_code
                    ),
                    range(2),
                )
            )
        assert sorted(answers) == [200, 422]
        assert sum(parent_of(scene, item) is not None for item in pair) == 1


def test_a_part_that_opens_while_its_parent_is_finished_leaves_no_done_parent_with_open_parts(
    scene: Scene,
) -> None:
    for _ in range(4):
        parent = scene.item()
        part = scene.item(parent_id=parent["id"])
        scene.changed(scene.coordinator, part, state="done")
        with ThreadPoolExecutor(2) as pool:
            finished = pool.submit(scene.change, scene.coordinator, parent, state="done")
            opened = pool.submit(scene.change, scene.coordinator, part, state="in_progress")
        assert sorted([finished.result().status_code, opened.result().status_code]) == [200, 409]
