"""Minutes are drafted, circulated, agreed; every version stays."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from httpx import Response

from tests.workgroups.meeting_steps import in_role, scheduled
from tests.workgroups.stage import UNKNOWN, Stage, assert_refused
from tests.workgroups.world import Person, Workgroups


def agenda(
    workgroups: Workgroups, person: Person, meeting: dict[str, Any], *items: Any
) -> Response:
    path = f"/meetings/{meeting['id']}/agenda"
    return workgroups.send(person, "PUT", path, {"items": list(items)}, if_match='"1"')


def written(
    workgroups: Workgroups, person: Person, meeting: dict[str, Any], seen: int, **body: Any
) -> Response:
    path = f"/meetings/{meeting['id']}/minutes"
    body = {"text": "All took part.", **body}
    return workgroups.send(person, "PUT", path, body, if_match=f'"{seen}"')


def step(
    workgroups: Workgroups, person: Person, meeting: dict[str, Any], name: str, seen: int
) -> Response:
    path = f"/meetings/{meeting['id']}/minutes/{name}"
    return workgroups.send(person, "POST", path, if_match=f'"{seen}"')


def test_minutes_reach_more_readers_as_they_go_from_draft_to_agreed(
    workgroups: Workgroups,
) -> None:
    coordinator = workgroups.coordinator()
    member = workgroups.partner()
    group = workgroups.group(coordinator)
    workgroups.join(member, group)
    rapporteur = in_role(workgroups, group, "rapporteur")
    meeting = scheduled(workgroups, coordinator, group)
    topics = [{"title": "Needs", "presenting_institution_id": str(member.id)}, {"title": "Offers"}]
    assert agenda(workgroups, rapporteur, meeting, *topics).status_code == 200
    path = f"/meetings/{meeting['id']}"
    listed = workgroups.send(None, "GET", f"{path}/agenda").json()
    assert [(item["number"], item["title"]) for item in listed] == [(1, "Needs"), (2, "Offers")]

    text = "**All** <script>alert(1)</script>"
    draft = written(workgroups, rapporteur, meeting, 0, text=text, items={"1": "*Water.*"})
    assert (draft.status_code, draft.headers["etag"]) == (200, '"1"'), draft.text
    assert "<script" not in draft.json()["html"]
    assert "<strong>All</strong>" in draft.json()["html"]
    assert "<em>Water.</em>" in draft.json()["items_html"]["1"]

    def readers() -> list[int]:
        people = (rapporteur, member.focal_point, None)
        return [workgroups.send(who, "GET", f"{path}/minutes").status_code for who in people]

    assert readers() == [200, 404, 404]
    assert step(workgroups, rapporteur, meeting, "circulate", 1).json()["state"] == "circulated"
    assert readers() == [200, 200, 404]
    assert step(workgroups, rapporteur, meeting, "agree", 2).json()["state"] == "agreed"
    assert readers() == [200, 200, 200]

    assert written(workgroups, rapporteur, meeting, 3).status_code == 422, "say why"
    fixed = written(workgroups, rapporteur, meeting, 3, text="Most.", reason="One left early.")
    assert fixed.json()["state"] == "drafted"
    assert workgroups.read(None, f"{path}/minutes")["text"] == text, "what was agreed stays"
    versions = workgroups.read(rapporteur, f"{path}/minutes/versions")["items"]
    assert [each["state"] for each in versions] == ["drafted", "circulated", "agreed", "drafted"]
    assert len(workgroups.read(None, f"{path}/minutes/versions")["items"]) == 1


def test_of_many_who_edit_the_same_minutes_one_is_taken(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    meeting = scheduled(workgroups, coordinator, workgroups.group(coordinator))

    def edit(number: int) -> int:
        return written(workgroups, coordinator, meeting, 0, text=f"Text {number}").status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(edit, range(6))) == [200] + [412] * 5


def test_bad_minutes_and_agendas_are_refused_in_words(fresh_stage: Stage) -> None:
    workgroups, coordinator = fresh_stage.workgroups, fresh_stage.coordinator
    meeting = scheduled(workgroups, coordinator, fresh_stage.group)

    def refused(send: Any, status: int, slug: str, pointer: str | None = None) -> None:
        assert_refused(fresh_stage, send, status, slug, pointer)

    invalid = (422, "invalid-input")
    topic = {"title": "Needs", "presenter_id": UNKNOWN}
    refused(
        lambda: agenda(workgroups, coordinator, meeting, topic), *invalid, "/items/0/presenter_id"
    )
    both = {**topic, "presenting_institution_id": UNKNOWN}
    refused(lambda: agenda(workgroups, coordinator, meeting, both), *invalid, "/items/0")
    refused(lambda: written(workgroups, coordinator, meeting, 0, items={"1": "X"}), *invalid)
    refused(lambda: step(workgroups, coordinator, meeting, "agree", 0), 404, "not-found")
    nobody = fresh_stage.nobody
    refused(lambda: written(workgroups, nobody, meeting, 0), 403, "forbidden")
    assert written(workgroups, coordinator, meeting, 0).status_code == 200
    refused(lambda: step(workgroups, coordinator, meeting, "agree", 1), 409, "not-allowed-now")
    refused(lambda: agenda(workgroups, coordinator, meeting), 409, "not-allowed-now")
