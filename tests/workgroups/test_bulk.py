"""Many action items or members in one file: all of them or none, by the rules of a single one."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from httpx import Response

from services.workgroups.bulk import MAX_BYTES, MAX_ROWS
from shared.events.catalogue import ActionItemAssigned, MembershipJoined
from tests.workgroups.action_scene import Scene, refused, set_scene
from tests.workgroups.stage import UNKNOWN
from tests.workgroups.world import Partner, Person, Workgroups

CSV = "text/csv"
JSONL = "application/jsonl"


def sent(
    scene: Scene,
    what: str,
    content: str | bytes,
    media_type: str = CSV,
    by: Person | None = None,
    **headers: str,
) -> Response:
    """Send a file about the group."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    person = by or scene.coordinator
    path, _, query = what.partition("?")
    response: Response = scene.workgroups.client.post(
        f"/groups/{scene.group['id']}/{path}/bulk{'?' + query if query else ''}",
        content=content.encode() if isinstance(content, str) else content,
        headers={**person.headers, "Content-Type": media_type, **named},
    )
    return response


def taken(answer: Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def lines(*rows: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def items_of(scene: Scene) -> list[dict[str, Any]]:
    path = f"/groups/{scene.group['id']}/action-items"
    found: list[dict[str, Any]] = scene.workgroups.read(scene.coordinator, path)["items"]
    return found


def pointers(problem: dict[str, Any]) -> list[str]:
    return [error["pointer"] for error in problem["errors"]]


def test_a_table_from_a_spreadsheet_assigns_all_that_it_says(scene: Scene) -> None:
    both = f"{scene.unv.focal_point.id}"
    table = (
        "\ufeffTitle;Institution_ID;Due_date;Priority;Person_ids;Description\r\n"
        f'Train teachers;{scene.unv.id};2021-06-30;high;{both};"Online,\r\nin Thai; twice"\r\n'
        f"Find the funds;{scene.fao.id};2021-05-31;;;'=not a formula\r\n"
        ";;;;;\r\n"
    )
    answer = taken(sent(scene, "action-items", table.encode()))

    assert (answer["dry_run"], answer["created"], answer["refused"]) == (False, 2, 0)
    assert [(row["line"], row["outcome"], row["number"]) for row in answer["rows"]] == [
        (2, "create", 1),
        (4, "create", 2),
    ]
    first, second = items_of(scene)
    assert [first["id"], second["id"]] == [row["action_item_id"] for row in answer["rows"]]
    assert (first["priority"], first["description"]) == ("high", "Online,\nin Thai; twice")
    assert [person["name"] for person in first["people"]] == ["Ana Souza"]
    assert (second["priority"], second["description"]) == ("normal", "=not a formula")


def test_many_are_told_logged_and_found_like_one(scene: Scene) -> None:
    single = scene.item(title="Singled out")
    row = {"title": "Together", "institution_id": str(scene.unv.id), "due_date": "2021-03-31"}
    answer = taken(sent(scene, "action-items", lines(row, row), JSONL))

    told = [data for _, data in scene.workgroups.published() if type(data) is ActionItemAssigned]
    assert [data.action.number for data in told] == [1, 2, 3]
    one, many = (
        scene.log(scene.coordinator, {"id": item_id})
        for item_id in (single["id"], answer["rows"][1]["action_item_id"])
    )
    assert [(entry["kind"], entry["by"]) for entry in one] == [
        (entry["kind"], entry["by"]) for entry in many
    ]
    found = scene.workgroups.read(scene.coordinator, "/search?q=together&kind=action_item")
    assert len(found["items"]) == 2


def test_one_wrong_row_refuses_all_and_every_fault_is_named(scene: Scene) -> None:
    other = scene.workgroups.partner("ILO")
    good = {"title": "Fine", "institution_id": str(scene.unv.id), "due_date": "2021-03-31"}
    before = scene.workgroups.everything()
    answer = sent(
        scene,
        "action-items",
        lines(
            good,
            {**good, "due_date": "31.3.2021", "title": ""},
            {**good, "institution_id": UNKNOWN},
            {**good, "institution_id": str(other.id)},
            {**good, "start_date": "2021-04-01"},
            {**good, "person_ids": [str(other.focal_point.id)]},
        ),
        JSONL,
    )
    assert "5 of the 6 rows" in refused(answer, 422)
    assert sorted(pointers(answer.json())) == [
        "/lines/2/due_date",
        "/lines/2/title",
        "/lines/3/institution_id",
        "/lines/4",
        "/lines/5/start_date",
        "/lines/6/person_ids/0",
    ]
    assert "not a member" in str(answer.json()["errors"])
    assert scene.workgroups.everything() == before


def test_a_cell_that_a_spreadsheet_would_compute_is_refused_once(scene: Scene) -> None:
    table = f"title,institution_id,due_date\n=1+1,{scene.unv.id},2021-03-31\n"
    answer = sent(scene, "action-items", table)
    assert "apostrophe" in answer.json()["errors"][0]["detail"]
    assert pointers(answer.json()) == ["/lines/2/title"]


@pytest.mark.parametrize("what", ["action-items", "members"])
def test_a_dry_run_shows_each_row_and_changes_nothing(scene: Scene, what: str) -> None:
    joining = scene.workgroups.partner("ILO")
    rows: dict[str, list[dict[str, Any]]] = {
        "action-items": [
            {"title": "Fine", "institution_id": str(scene.unv.id), "due_date": "2021-03-31"},
            {"title": "Whose?", "institution_id": UNKNOWN, "due_date": "2021-03-31"},
        ],
        "members": [{"institution_id": str(joining.id)}, {"institution_id": UNKNOWN}],
    }
    before = scene.workgroups.everything()
    answer = sent(scene, f"{what}?dry_run=true", lines(*rows[what]), JSONL)

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["dry_run"], told["created"], told["refused"]) == (True, 1, 1)
    assert [row["outcome"] for row in told["rows"]] == ["create", "refused"]
    assert told["rows"][0]["institution_name"] == "United Nations Volunteers"
    assert [error["pointer"] for error in told["rows"][1]["errors"]] == ["/institution_id"]
    assert scene.workgroups.everything() == before


def test_the_same_file_with_the_same_key_is_taken_once(scene: Scene) -> None:
    table = f"title,institution_id,due_date\nDo it,{scene.unv.id},2021-03-31\n"
    first = sent(scene, "action-items", table, Idempotency_Key="retreat-1")
    again = sent(scene, "action-items", table, Idempotency_Key="retreat-1")
    assert taken(again) == taken(first)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(items_of(scene)) == 1
    refused(sent(scene, "action-items", table + table[31:], Idempotency_Key="retreat-1"), 422)


def test_two_files_at_once_take_their_numbers_in_turn(
    scene: Scene, at_once: Callable[..., list[Any]]
) -> None:
    row = {"title": "Do it", "institution_id": str(scene.unv.id), "due_date": "2021-03-31"}
    answers = at_once(
        *(lambda: sent(scene, "action-items", lines(*[row] * 5), JSONL) for _ in range(2))
    )
    numbers = [[row["number"] for row in taken(answer)["rows"]] for answer in answers]
    assert sorted(numbers) == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]


def test_who_may_not_do_one_may_not_do_many(scene: Scene) -> None:
    row = {"title": "Do it", "institution_id": str(scene.unv.id), "due_date": "2021-03-31"}
    member = scene.fao.focal_point
    refused(sent(scene, "action-items", lines(row), JSONL, by=member), 403)
    outsider = scene.workgroups.partner("ILO").focal_point
    hidden = scene.workgroups.group(scene.coordinator, "hidden", visibility="members")
    unseen = Scene(scene.workgroups, scene.coordinator, scene.unv, scene.fao, hidden)
    for what in ("action-items", "members"):
        refused(sent(unseen, what, lines({}), JSONL, by=outsider), 404)
    assert scene.workgroups.send(
        scene.coordinator,
        "POST",
        f"/groups/{scene.group['id']}/conclude",
        {"reason": "It is done."},
        if_match='"1"',
    ).is_success
    for what in ("action-items", "members"):
        assert "concluded" in refused(sent(scene, what, lines(row), JSONL), 409)


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        pytest.param("institution_id\n", CSV, 422, id="no rows"),
        pytest.param("institution_id,colour\na,b\n", CSV, 422, id="an unknown column"),
        pytest.param("{}\n" * (MAX_ROWS + 1), JSONL, 422, id="too many rows"),
        pytest.param(b"institution_id\n\xe9\n", CSV, 400, id="Latin-1"),
        pytest.param("{", JSONL, 400, id="cut off"),
        pytest.param("[]", "application/json", 415, id="JSON"),
        pytest.param(b" " * (MAX_BYTES + 1), JSONL, 413, id="too large"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    embedded_scene: Scene, content: str | bytes, media_type: str, status: int
) -> None:
    for what in ("action-items", "members"):
        refused(sent(embedded_scene, what, content, media_type), status)


def test_a_coordinator_enrols_many_and_those_who_take_part_stay_as_they_are(scene: Scene) -> None:
    ilo, who = scene.workgroups.partner("ILO"), scene.workgroups.partner("WHO")
    path = f"/groups/{scene.group['id']}/members"
    before = scene.workgroups.read(scene.coordinator, path)["items"]
    table = f"institution_id\r\n{scene.unv.id}\r\n{ilo.id}\r\n{who.id}\r\n"
    answer = taken(sent(scene, "members", table))
    assert [row["outcome"] for row in answer["rows"]] == ["unchanged", "create", "create"]
    after = scene.workgroups.read(scene.coordinator, path)["items"]
    assert after[: len(before)] == before
    assert [member["institution_id"] for member in after[2:]] == [str(ilo.id), str(who.id)]
    joined = [data for _, data in scene.workgroups.published() if type(data) is MembershipJoined]
    assert [data.institution_id for data in joined[2:]] == [ilo.id, who.id]
    again = taken(sent(scene, "members", table))
    assert (again["created"], again["unchanged"]) == (0, 3)


def test_a_focal_point_lets_only_their_own_institutions_join(scene: Scene) -> None:
    own, foreign = scene.workgroups.partner("ILO"), scene.workgroups.partner("WHO")

    def joined(*partners: Partner) -> Response:
        rows = [{"institution_id": str(partner.id)} for partner in partners]
        return sent(scene, "members", lines(*rows), JSONL, by=own.focal_point)

    answer = joined(own, foreign)
    refused(answer, 422)
    assert pointers(answer.json()) == ["/lines/2/institution_id"]
    assert taken(joined(own))["created"] == 1


@pytest.fixture
def embedded_scene(embedded_workgroups: Workgroups) -> Scene:
    """A group on SQLite alone."""
    return set_scene(embedded_workgroups)
