"""Minutes are drafted, circulated, agreed; every version stays."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from httpx import Response

from services.workgroups.tables import Participant
from shared.events.catalogue import AgreedPointChanged, MinutesAgreed, MinutesCirculated
from shared.events.minutes import MinutesEvent
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


def test_circulated_minutes_are_owed_by_who_is_to_agree_them(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    first, second = workgroups.group(coordinator), workgroups.group(coordinator, "second")
    of_both, of_one = in_role(workgroups, first, "rapporteur"), in_role(workgroups, first, "member")
    with workgroups.database.write() as session:
        session.add(Participant(group_id=UUID(second["id"]), person_id=of_both.id, role="co_chair"))
    meeting = scheduled(workgroups, coordinator, first, second)
    written(workgroups, coordinator, meeting, 0)

    def owing(*people: Person) -> list[list[str]]:
        found = [workgroups.read(person, "/me/owed")["items"] for person in people]
        return [[entry["path"] for entry in entries] for entries in found]

    everybody = (of_both, of_one, coordinator)
    assert owing(*everybody) == [[], [], []]
    step(workgroups, coordinator, meeting, "circulate", 1)
    agree = f"/meetings/{meeting['id']}/minutes/agree"
    assert owing(*everybody) == [[agree], [], []]
    assert step(workgroups, of_both, meeting, "agree", 2).status_code == 200
    assert owing(*everybody) == [[], [], []]

    alone = scheduled(workgroups, coordinator, workgroups.group(coordinator, "without-leaders"))
    written(workgroups, coordinator, alone, 0)
    step(workgroups, coordinator, alone, "circulate", 1)
    assert owing(*everybody) == [[], [], [f"/meetings/{alone['id']}/minutes/agree"]]
    told = [each for _, each in workgroups.published() if isinstance(each, MinutesEvent)]
    assert [(type(each), each.minutes_version) for each in told] == [
        (MinutesCirculated, 2),
        (MinutesAgreed, 3),
        (MinutesCirculated, 2),
    ]


def test_agreed_minutes_and_the_agenda_are_found_and_drafts_are_not(
    workgroups: Workgroups,
) -> None:
    coordinator = workgroups.coordinator()
    group = workgroups.group(coordinator)
    hidden = workgroups.group(coordinator, "hidden", visibility="members")
    meeting, secret = (scheduled(workgroups, coordinator, each) for each in (group, hidden))

    def found(words: str) -> list[str]:
        hits = workgroups.read(None, f"/search?q={words}")["items"]
        return [hit["id"] for hit in hits]

    for each in (meeting, secret):
        agenda(workgroups, coordinator, each, {"title": "Desalination"})
        written(workgroups, coordinator, each, 0, text="Mangroves.", items={"1": "Pipelines."})
    assert found("desalination") == [meeting["id"]]
    assert found("mangroves") == []
    for each in (meeting, secret):
        step(workgroups, coordinator, each, "circulate", 1)
        assert found("mangroves") == []
    for each in (meeting, secret):
        step(workgroups, coordinator, each, "agree", 2)
    assert found("mangroves") == found("pipelines") == [meeting["id"]]
    written(workgroups, coordinator, meeting, 3, text="Coral reefs.", reason="A mistake.")
    assert found("mangroves") == [meeting["id"]], "what was agreed stays"
    assert found("coral") == []


def test_an_agreed_point_comes_from_an_item_of_its_meetings_agenda(fresh_stage: Stage) -> None:
    workgroups, coordinator = fresh_stage.workgroups, fresh_stage.coordinator
    meeting, other = (scheduled(workgroups, coordinator, fresh_stage.group) for _ in range(2))
    topics = [{"title": "Needs"}, {"title": "Offers"}]
    agenda(workgroups, coordinator, other, *topics)
    items = agenda(workgroups, coordinator, meeting, *topics).json()
    [foreign, _] = workgroups.send(None, "GET", f"/meetings/{other['id']}/agenda").json()
    path = f"/meetings/{meeting['id']}/agreed-points"
    body = {"text": "Listen.", "agenda_item_id": items[1]["id"]}
    point = workgroups.made(coordinator, path, body)
    assert (point["agenda_item_id"], point["agenda_item_number"]) == (items[1]["id"], 2)
    workgroups.made(coordinator, path, {"text": "Speak."})

    def under(item: dict[str, Any]) -> list[str]:
        found = workgroups.read(None, f"{path}?agenda_item={item['id']}")["items"]
        return [each["text"] for each in found]

    assert (under(items[0]), under(items[1])) == ([], ["Listen."])
    bad = {"text": "Guess.", "agenda_item_id": foreign["id"]}
    assert_refused(
        fresh_stage,
        lambda: workgroups.send(coordinator, "POST", path, bad),
        422,
        "invalid-input",
        "/agenda_item_id",
    )
    assert_refused(
        fresh_stage,
        lambda: agenda(workgroups, coordinator, meeting, *topics),
        409,
        "not-allowed-now",
    )
    moved = workgroups.send(
        coordinator,
        "PATCH",
        f"/agreed-points/{point['id']}",
        {"agenda_item_id": items[0]["id"]},
        if_match='"1"',
    )
    assert moved.json()["agenda_item_number"] == 1
    recorded = [each for _, each in workgroups.published() if isinstance(each, AgreedPointChanged)]
    assert recorded[0].point.agenda_item_id == UUID(items[0]["id"])
