"""What meetings agreed: numbered, with what it answers, how far it has come, and its history."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.workgroups.progress import Stage, progress
from services.workgroups.transitions import State
from shared.events.catalogue import NeedPublished
from tests.workgroups.action_scene import Scene, refused
from tests.workgroups.world import Person, support_facts


def points_of(scene: Scene, meeting: dict[str, Any]) -> str:
    return f"/meetings/{meeting['id']}/agreed-points"


def recorded(scene: Scene, meeting: dict[str, Any], **other: Any) -> dict[str, Any]:
    body = {"text": "Listen.", **other}
    return scene.workgroups.made(scene.coordinator, points_of(scene, meeting), body)


def change(scene: Scene, point: dict[str, Any], person: Person | None = None, **to: Any) -> Any:
    path = f"/agreed-points/{point['id']}"
    version = scene.workgroups.read(scene.coordinator, path)["version"]
    return scene.workgroups.send(
        person or scene.coordinator, "PATCH", path, to, if_match=f'"{version}"'
    )


def challenge(scene: Scene, kind: str = "challenge") -> dict[str, Any]:
    body = {
        "institution_id": str(scene.fao.id),
        "kind": kind,
        "title": "No teachers",
        "text": "We find none.",
    }
    path = f"/groups/{scene.group['id']}/updates"
    return scene.workgroups.made(scene.fao.focal_point, path, body)


def test_a_point_gets_the_next_number_of_its_meeting(scene: Scene) -> None:
    meeting = scene.meeting("One.", "Two.")
    assert recorded(scene, meeting)["number"] == 3
    assert recorded(scene, scene.meeting())["number"] == 1
    listed = scene.workgroups.read(None, points_of(scene, meeting))["items"]
    assert [point["number"] for point in listed] == [1, 2, 3]


def test_points_recorded_at_once_get_numbers_of_their_own(scene: Scene) -> None:
    meeting = scene.meeting()
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: recorded(scene, meeting)["number"], range(12)))
    assert sorted(made) == list(range(1, 13))


def test_a_point_answers_a_challenge_or_a_need_of_who_raised_it(scene: Scene) -> None:
    meeting = scene.meeting()
    update = challenge(scene)
    need = support_facts(scene.fao.id)
    scene.workgroups.tell(NeedPublished(need=need))

    answering = recorded(scene, meeting, update_id=update["id"])
    assert (answering["raised_by"], answering["raised_by_name"]) == (str(scene.fao.id), "FAO")
    other = recorded(scene, meeting, need_id=str(need.item_id))
    assert other["raised_by"] == str(scene.fao.id)
    alone = recorded(scene, meeting, raised_by=str(scene.unv.id))
    assert alone["raised_by"] == str(scene.unv.id)
    by_fao = scene.workgroups.read(None, f"{points_of(scene, meeting)}?raised_by={scene.fao.id}")[
        "items"
    ]
    assert [point["id"] for point in by_fao] == [answering["id"], other["id"]]


def test_what_a_point_can_not_answer_is_named(scene: Scene) -> None:
    meeting = scene.meeting()
    unknown = "018f4e2a-0000-7000-8000-00000000ffff"
    update, news = challenge(scene), challenge(scene, "news")
    for body, pointer in (
        ({"update_id": unknown}, "/update_id"),
        ({"update_id": news["id"]}, "/update_id"),
        ({"need_id": unknown}, "/need_id"),
        ({"update_id": update["id"], "need_id": unknown}, "/need_id"),
        ({"update_id": update["id"], "raised_by": str(scene.unv.id)}, "/raised_by"),
        ({"text": ""}, "/text"),
    ):
        answer = scene.workgroups.send(
            scene.coordinator, "POST", points_of(scene, meeting), {"text": "Listen.", **body}
        )
        refused(answer, 422, pointer)
    answer = scene.workgroups.send(
        scene.coordinator,
        "POST",
        points_of(scene, meeting),
        {"text": "Listen.", "raised_by": unknown},
    )
    refused(answer, 404, "/raised_by")


def test_a_challenge_of_another_group_is_not_answered_here(scene: Scene) -> None:
    other = scene.workgroups.group(scene.coordinator, "other", visibility="members")
    meeting = scene.workgroups.made(
        scene.coordinator,
        "/meetings",
        {**MEETING_OF_OTHER, "group_ids": [other["id"]]},
    )
    answer = scene.workgroups.send(
        scene.coordinator,
        "POST",
        points_of(scene, meeting),
        {"text": "Listen.", "update_id": challenge(scene)["id"]},
    )
    refused(answer, 422, "/update_id")


MEETING_OF_OTHER: dict[str, Any] = {
    "title": "Another",
    "date": "2020-12-15",
    "time_zone": "UTC",
    "mode": "online",
    "participants_in_person": 0,
    "participants_online": 3,
}


def test_every_change_is_kept_with_what_was_before(scene: Scene) -> None:
    point = recorded(scene, scene.meeting())
    assert change(scene, point, outcome="We listened.").json()["version"] == 2
    assert change(scene, point, outcome="We listened.").json()["version"] == 2
    assert change(scene, point, text="Listen closely.", outcome=None).status_code == 200
    path = f"/agreed-points/{point['id']}/history"
    history = scene.workgroups.read(scene.fao.focal_point, path)["items"]
    assert [step["changes"] for step in history] == [
        {"text": [None, "Listen."]},
        {"outcome": [None, "We listened."]},
        {"text": ["Listen.", "Listen closely."], "outcome": ["We listened.", None]},
    ]
    assert {step["by"]["name"] for step in history} == {"Chanda Mwila"}
    assert [step["by"] for step in scene.workgroups.read(None, path)["items"]] == [None] * 3


def test_an_old_version_is_not_edited_and_nothing_is_no_edit(scene: Scene) -> None:
    point = recorded(scene, scene.meeting())
    path = f"/agreed-points/{point['id']}"
    stale = scene.workgroups.send(scene.coordinator, "PATCH", path, {"text": "B"}, if_match='"7"')
    refused(stale, 412)
    refused(change(scene, point), 422)
    refused(change(scene, point, text=None), 422)


def test_who_records_for_a_group_of_the_meeting_records_points(scene: Scene) -> None:
    meeting = scene.meeting()
    body = {"text": "Listen."}
    rapporteur = scene.participant("rapporteur")
    point = scene.workgroups.made(rapporteur, points_of(scene, meeting), body)
    assert change(scene, point, rapporteur, outcome="Done.").status_code == 200
    for person in (scene.unv.focal_point, scene.participant("adviser"), scene.workgroups.person()):
        refused(scene.workgroups.send(person, "POST", points_of(scene, meeting), body), 403)
        refused(change(scene, point, person, outcome="Mine."), 403)


def test_points_of_a_hidden_meeting_are_not_there_for_others(scene: Scene) -> None:
    hidden = scene.workgroups.group(scene.coordinator, "hidden", visibility="members")
    meeting = scene.workgroups.made(
        scene.coordinator, "/meetings", {**MEETING_OF_OTHER, "group_ids": [hidden["id"]]}
    )
    point = recorded(scene, meeting)
    for path in (
        points_of(scene, meeting),
        f"/agreed-points/{point['id']}",
        f"/agreed-points/{point['id']}/history",
    ):
        for person in (None, scene.fao.focal_point):
            refused(scene.workgroups.send(person, "GET", path), 404)
    posted = scene.workgroups.send(
        scene.fao.focal_point, "POST", points_of(scene, meeting), {"text": "Mine."}
    )
    refused(posted, 404)


def test_a_closed_group_takes_no_points(scene: Scene) -> None:
    meeting = scene.meeting("Listen.")
    concluded = scene.workgroups.send(
        scene.coordinator,
        "POST",
        f"/groups/{scene.group['id']}/conclude",
        {"reason": "Over."},
        if_match='"1"',
    )
    assert concluded.status_code == 200
    refused(
        scene.workgroups.send(
            scene.coordinator, "POST", points_of(scene, meeting), {"text": "More."}
        ),
        409,
    )
    refused(change(scene, meeting["agreed_points"][0], outcome="Over."), 409)


def test_progress_follows_the_action_items_that_the_reader_sees(scene: Scene) -> None:
    hidden = scene.workgroups.group(scene.coordinator, "hidden", visibility="members")
    scene.workgroups.join(scene.fao, hidden)
    meeting = scene.workgroups.made(
        scene.coordinator,
        "/meetings",
        {
            **MEETING_OF_OTHER,
            "group_ids": [scene.group["id"], hidden["id"]],
            "agreed_points": ["Listen."],
        },
    )
    path = f"/agreed-points/{meeting['agreed_points'][0]['id']}"
    point = {"agreed_point_id": meeting["agreed_points"][0]["id"]}

    def stage(person: Person | None) -> str:
        found: str = scene.workgroups.read(person, path)["progress"]["stage"]
        return found

    assert stage(None) == "none"
    item = scene.item(**point)
    scene.workgroups.assign(scene.coordinator, hidden, scene.fao, **point)
    assert stage(None) == "open"
    scene.changed(scene.unv.focal_point, item, state="done")
    assert stage(None) == "done"
    assert stage(scene.fao.focal_point) == "under_way"
    counts = scene.workgroups.read(scene.coordinator, path)["progress"]["counts"]
    assert (counts["open"], counts["done"]) == (1, 1)


counted = st.dictionaries(st.sampled_from(State), st.integers(0, 5))


@given(counted)
def test_a_point_is_done_when_something_was_and_nothing_is_left(counts: dict[State, int]) -> None:
    left = sum(counts.get(state, 0) for state in (State.OPEN, State.IN_PROGRESS, State.BLOCKED))
    assert (progress(counts).stage == Stage.DONE) == (counts.get(State.DONE, 0) > 0 and not left)


@given(counted, st.integers(0, 5))
def test_what_was_cancelled_moves_no_point(counts: dict[State, int], cancelled: int) -> None:
    assert progress(counts).stage == progress({**counts, State.CANCELLED: cancelled}).stage
