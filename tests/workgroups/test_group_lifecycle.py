"""The life of a group: the whole table over HTTP, who may take a step, and what it leaves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, update

from services.workgroups.group_lifecycle import TRANSITIONS, Action, Role, Status
from services.workgroups.tables import Group, Participant
from shared.events.catalogue import GroupCreated, GroupUpdated
from tests.workgroups.stage import UNKNOWN, Stage, assert_refused
from tests.workgroups.world import Person, Workgroups

WHY = {"reason": "Because."}
CHARTER = {"purpose": "A second phase.", **WHY}

COMMANDS: dict[str, tuple[Action, dict[str, Any]]] = {
    "adopt": (Action.ADOPT, {}),
    "rest": (Action.REST, WHY),
    "resume": (Action.RESUME, {}),
    "conclude": (Action.CONCLUDE, WHY),
    "abandon": (Action.ABANDON, WHY),
    "replace": (Action.REPLACE, WHY),
    "recharter": (Action.RECHARTER, CHARTER),
}


@dataclass(frozen=True)
class World:
    """The service with a group, one to replace it, and everybody who may take a step."""

    workgroups: Workgroups
    group: dict[str, Any]
    successor: dict[str, Any]
    callers: dict[str, Person]

    def bring_to(self, status: Status) -> dict[str, Any]:
        """Put the group into a state, whatever it was before."""
        replaced_by = UUID(self.successor["id"]) if status == Status.REPLACED else None
        with self.workgroups.database.write() as session:
            session.execute(
                update(Group)
                .where(col(Group.id) == UUID(self.group["id"]))
                .values(status=status, replaced_by=replaced_by, purpose="Follow up.")
            )
        return self.workgroups.read(None, f"/groups/{self.group['id']}")

    def ask(self, who: str, command: str, version: int) -> Any:
        body = COMMANDS[command][1]
        if command == "replace":
            body = {**body, "replaced_by": self.successor["id"]}
        path = f"/groups/{self.group['id']}/{command}"
        return self.workgroups.send(self.callers[who], "POST", path, body, if_match=f'"{version}"')


def _world(workgroups: Workgroups) -> World:
    coordinator = workgroups.coordinator()
    group, successor = workgroups.group(coordinator), workgroups.group(coordinator, "next")
    people = {role: workgroups.person() for role in ("coordinator", "co_chair", "rapporteur")}
    with workgroups.database.write() as session:
        session.add_all(
            Participant(group_id=UUID(group["id"]), person_id=person.id, role=role)
            for role, person in people.items()
        )
    return World(
        workgroups,
        group,
        successor,
        {
            "platform coordinator": coordinator,
            "group coordinator": people["coordinator"],
            "co-chair": people["co_chair"],
            "rapporteur": people["rapporteur"],
            "nobody": workgroups.person(),
        },
    )


@pytest.fixture
def world(workgroups: Workgroups) -> World:
    """The scene, on SQLite and on PostgreSQL."""
    return _world(workgroups)


@pytest.fixture
def embedded_world(embedded_workgroups: Workgroups) -> World:
    """The scene on SQLite alone."""
    return _world(embedded_workgroups)


ROLES = {
    "platform coordinator": frozenset(Role),
    "group coordinator": frozenset({Role.LEADER}),
    "co-chair": frozenset({Role.LEADER}),
    "rapporteur": frozenset[Role](),
    "nobody": frozenset[Role](),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_service_obeys_the_table_in_every_state_for_every_caller(
    embedded_world: World, command: str
) -> None:
    action = COMMANDS[command][0]
    transition = TRANSITIONS[action]
    for status in Status:
        for who, roles in ROLES.items():
            before = embedded_world.bring_to(status)

            answer = embedded_world.ask(who, command, before["version"])

            after = embedded_world.workgroups.read(None, f"/groups/{before['id']}")
            expected: tuple[int, Status | None, int]
            if not roles & transition.by:
                expected = (403, status, before["version"])
            elif status not in transition.sources:
                expected = (409, status, before["version"])
            else:
                expected = (200, transition.target, before["version"] + 1)
            found = (answer.status_code, after["status"], after["version"])
            assert found == expected, f"{who} asks to {command} a group that is {status}"


def test_each_state_can_be_reached_and_only_replaced_is_final() -> None:
    reached = {transition.target for transition in TRANSITIONS.values()}
    assert set(Status) <= reached
    for status in Status:
        left = [
            action
            for action, transition in TRANSITIONS.items()
            if status in transition.sources and transition.target not in (None, status)
        ]
        assert bool(left) == (status != Status.REPLACED), status


def test_a_step_is_told_and_stays_in_the_history_with_who_and_why(world: World) -> None:
    assert world.ask("group coordinator", "rest", 1).headers["etag"] == '"2"'
    assert world.ask("platform coordinator", "resume", 2).json()["status"] == "active"

    told = [data for _, data in world.workgroups.published() if isinstance(data, GroupUpdated)]
    assert [(data.group.status, data.action, data.reason) for data in told] == [
        ("dormant", "rest", "Because."),
        ("active", "resume", None),
    ]
    path = f"/groups/{world.group['id']}/history"
    entries = world.workgroups.read(world.callers["nobody"], path)["items"]
    assert [
        (entry["version"], entry["action"], entry["from_status"], entry["to_status"])
        for entry in entries
    ] == [
        (1, "open", None, "active"),
        (2, "rest", "active", "dormant"),
        (3, "resume", "dormant", "active"),
    ]
    assert entries[1]["by"] == {
        "id": str(world.callers["group coordinator"].id),
        "name": None,
    }
    assert entries[2]["by"]["name"] == "Chanda Mwila"
    assert (entries[1]["reason"], entries[2]["reason"]) == ("Because.", None)


def test_a_change_of_the_charter_says_what_was_before_and_who_changed_it(world: World) -> None:
    changed = world.workgroups.send(
        world.callers["co-chair"],
        "PATCH",
        f"/groups/{world.group['id']}",
        {"title": "Another title", "reason": "Agreed."},
        if_match='"1"',
    )
    assert changed.status_code == 200, changed.text

    path = f"/groups/{world.group['id']}/history?limit=1"
    first = world.workgroups.read(world.callers["nobody"], path)
    assert first["items"][0]["action"] == "open"
    second = world.workgroups.read(
        world.callers["nobody"], f"{path}&cursor={first['next_cursor']}"
    )["items"][0]
    assert (second["action"], second["reason"]) == ("change", "Agreed.")
    assert second["changes"] == {"title": ["Group digital", "Another title"]}


def test_a_concluded_group_returns_only_with_a_new_charter(world: World) -> None:
    ended = world.ask("platform coordinator", "conclude", 1)
    assert ended.json()["status"] == "concluded"
    path = f"/groups/{world.group['id']}/recharter"
    by = world.callers["platform coordinator"]

    same = world.workgroups.send(by, "POST", path, {"purpose": "Follow up.", **WHY}, if_match='"2"')

    assert same.status_code == 422
    assert same.json()["errors"][0]["pointer"] == "/purpose"
    assert "the charter that the group had" in same.json()["detail"]
    anew = world.workgroups.send(by, "POST", path, CHARTER, if_match='"2"')
    assert (anew.json()["status"], anew.json()["purpose"]) == ("active", "A second phase.")


def test_a_replaced_group_names_its_successor_in_what_it_answers(world: World) -> None:
    replaced = world.ask("platform coordinator", "replace", 1)
    assert replaced.json()["replaced_by"] == world.successor["id"]
    told = world.workgroups.published()[-1][1]
    assert isinstance(told, GroupUpdated)
    assert str(told.group.replaced_by) == world.successor["id"]

    refused = world.workgroups.send(
        world.callers["platform coordinator"],
        "POST",
        "/meetings",
        {
            "title": "Again",
            "date": "2021-01-01",
            "time_zone": "UTC",
            "mode": "online",
            "participants_in_person": 0,
            "participants_online": 2,
            "group_ids": [world.group["id"]],
        },
    )

    assert refused.status_code == 409
    assert f"Go on in the group {world.successor['id']}" in refused.json()["detail"]


@pytest.mark.parametrize("named", ["itself", "unknown", "closed"])
def test_a_group_is_replaced_by_another_that_is_open(stage: Stage, named: str) -> None:
    successor = {
        "itself": stage.group["id"],
        "unknown": UNKNOWN,
        "closed": stage.archived["id"],
    }[named]
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            stage.coordinator,
            "POST",
            f"/groups/{stage.group['id']}/replace",
            {"replaced_by": successor, **WHY},
            if_match='"1"',
        ),
        422,
        "invalid-input",
        "/replaced_by",
    )


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"adopt", "resume"}))
@pytest.mark.parametrize("reason", [None, "", "  ", "a\x00b", 7])
def test_a_step_that_needs_a_reason_is_not_taken_without(
    stage: Stage, command: str, reason: Any
) -> None:
    body = {**COMMANDS[command][1], "replaced_by": stage.archived["id"], "reason": reason}
    if command != "replace":
        del body["replaced_by"]
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            stage.coordinator,
            "POST",
            f"/groups/{stage.group['id']}/{command}",
            body,
            if_match='"1"',
        ),
        422,
        "invalid-input",
        "/reason",
    )


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("if_match", "status"), [('"9"', 412), (None, 428)])
def test_a_step_of_another_version_is_refused(
    stage: Stage, command: str, if_match: str | None, status: int
) -> None:
    body = {**COMMANDS[command][1]}
    if command == "replace":
        body["replaced_by"] = stage.archived["id"]
    headers = {"if_match": if_match} if if_match else {}
    path = f"/groups/{stage.group['id']}/{command}"
    slug = "version-conflict" if status == 412 else "version-required"
    assert_refused(
        stage,
        lambda: stage.workgroups.send(stage.coordinator, "POST", path, body, **headers),
        status,
        slug,
    )


def test_a_closed_group_is_not_changed_but_may_be_hidden(world: World) -> None:
    world.ask("platform coordinator", "conclude", 1)
    path = f"/groups/{world.group['id']}"
    by = world.callers["platform coordinator"]

    title = world.workgroups.send(by, "PATCH", path, {"title": "New"}, if_match='"2"')
    hidden = world.workgroups.send(by, "PATCH", path, {"visibility": "members"}, if_match='"2"')

    assert title.status_code == 409
    assert "A group that is concluded can't be changed" in title.json()["detail"]
    assert "POST /groups" in title.json()["detail"]
    assert hidden.json()["visibility"] == "members"


def test_a_proposed_group_is_made_by_a_coordinator_and_lists_find_it_by_state(
    world: World,
) -> None:
    by = world.callers["platform coordinator"]
    proposed = world.workgroups.group(by, "idea", status="proposed")
    assert proposed["status"] == "proposed"
    told = world.workgroups.published()[-1][1]
    assert isinstance(told, GroupCreated)
    assert told.group.status == "proposed"

    listed = world.workgroups.read(None, "/groups?status=proposed&status=dormant")["items"]
    assert [group["id"] for group in listed] == [proposed["id"]]
    assert world.workgroups.send(by, "GET", "/groups?status=asleep").status_code == 422


def test_who_does_not_see_a_group_takes_no_step_and_reads_no_history(world: World) -> None:
    world.workgroups.send(
        world.callers["platform coordinator"],
        "PATCH",
        f"/groups/{world.group['id']}",
        {"visibility": "members"},
        if_match='"1"',
    )
    for command in COMMANDS:
        assert world.ask("nobody", command, 2).status_code == 404
    path = f"/groups/{world.group['id']}/history"
    assert world.workgroups.send(world.callers["nobody"], "GET", path).status_code == 404
    assert world.workgroups.send(world.callers["rapporteur"], "GET", path).status_code == 200
    assert world.workgroups.send(None, "GET", path).status_code == 404
    seen = f"/groups/{world.successor['id']}/history"
    assert world.workgroups.send(None, "GET", seen).status_code == 401, "it names people"


def test_the_table_is_shown_to_everybody(embedded_workgroups: Workgroups) -> None:
    items = embedded_workgroups.read(None, "/transitions/groups")["items"]
    assert {item["action"]: item["target"] for item in items} == {
        action: transition.target for action, transition in TRANSITIONS.items()
    }
    assert all(len(item["why"]) > 15 for item in items)


def test_of_two_who_close_a_group_at_the_same_time_one_does(
    world: World, at_once: Callable[..., list[Any]]
) -> None:
    answers = at_once(
        lambda: world.ask("platform coordinator", "conclude", 1).status_code,
        lambda: world.ask("platform coordinator", "abandon", 1).status_code,
    )
    assert sorted(answers) == [200, 412]
