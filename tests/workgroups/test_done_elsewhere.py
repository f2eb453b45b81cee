"""What another request does is refused with that request's name, and changes nothing."""

from collections.abc import Callable

from tests.workgroups.action_scene import refused, set_scene
from tests.workgroups.world import Workgroups


def test_who_takes_the_wrong_way_is_told_the_right_one(embedded_workgroups: Workgroups) -> None:
    scene = set_scene(embedded_workgroups)
    item, group = scene.item(), f"/groups/{scene.group['id']}"
    before = embedded_workgroups.everything()

    def send(method: str, path: str, body: object = None) -> Callable[[int, str | None], str]:
        answer = embedded_workgroups.send(scene.coordinator, method, path, body, if_match='"1"')
        return lambda status, pointer: refused(answer, status, pointer)

    stated = send("PATCH", group, {"status": "concluded"})(422, "/status")
    assert "POST /groups/{id}/adopt" in stated
    given = send("PATCH", f"/action-items/{item['id']}", {"institution_id": str(scene.fao.id)})
    assert "/reassignments" in given(422, "/institution_id")
    left = send("DELETE", f"{group}/members/{scene.fao.id}")(403, None)
    assert f"POST {group}/members/{scene.fao.id}/remove" in left
    assert embedded_workgroups.everything() == before


def test_a_wrong_field_is_told_in_plain_words(embedded_workgroups: Workgroups) -> None:
    scene = set_scene(embedded_workgroups)
    path = f"/groups/{scene.group['id']}/action-items"
    good = {"title": "Do it", "institution_id": str(scene.unv.id), "due_date": "2021-03-31"}
    for wrong, words in (
        ({"due": "2021-03-31"}, "no such field"),
        ({"due_date": "tomorrow"}, "a day such as"),
        ({"institution_id": "UNV"}, "an id such as"),
    ):
        answer = embedded_workgroups.send(scene.coordinator, "POST", path, good | wrong)
        assert words in refused(answer, 422, f"/{next(iter(wrong))}")
    nothing = embedded_workgroups.send(scene.coordinator, "POST", path)
    assert "Send a body" in refused(nothing, 422)
