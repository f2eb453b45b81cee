"""The whole table over HTTP: each step, in each state, asked for by each kind of caller."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, func, select, update

from services.registry.settings import SERVICE
from services.registry.tables import HistoryEntry, Institution, Outbox
from services.registry.transitions import TRANSITIONS, Action, Role, Status
from tests.databases import SqliteServer
from tests.redis_server import RedisServer
from tests.registry.journey import FINDING, Person, Registry
from tests.registry.mailbox import Mailbox
from tests.registry.service import running_registry
from tests.registry.stage import everything

REASON = {"reason": "Because."}

COMMANDS: dict[str, tuple[dict[str, Any], tuple[Action, ...]]] = {
    "update": ({"acronym": None}, (Action.UPDATE,)),
    "submit": ({}, (Action.SUBMIT,)),
    "return": (REASON, (Action.RETURN,)),
    "verify": (FINDING, (Action.VERIFY, Action.RENEW)),
    "reject": (REASON, (Action.REJECT,)),
    "suspend": (REASON, (Action.SUSPEND,)),
    "reinstate": (REASON, (Action.REINSTATE,)),
    "withdraw": (REASON, (Action.WITHDRAW,)),
}
"""What can be asked for, with its body and the steps that may come of it."""

OTHERWISE = {Action.REGISTER, Action.CONFIRM, Action.EXPIRE, Action.IMPORT}
"""Steps for which nobody asks in this way: a form, a code, the calendar and a file take them."""


@dataclass(frozen=True)
class World:
    """The service with an institution, and everybody who may ask for something."""

    registry: Registry
    institution_id: str
    callers: dict[str, Person | None]

    def bring_to(self, status: Status) -> dict[str, Any]:
        """Put the institution into a state, whatever it was before."""
        with self.registry.database.write() as session:
            session.execute(
                update(Institution)
                .where(col(Institution.status) != "")
                .values(status=status, acronym="CIRDAP")
            )
        # To a coordinator it would look for possible duplicates as well.
        return self.registry.read(self.institution_id, self.callers["focal_point"])

    def told(self, session: Session) -> int:
        return session.exec(select(func.count()).select_from(Outbox)).one()


@pytest.fixture(scope="module")
def world(
    redis_server: RedisServer, sqlite_server: SqliteServer, signing_key_file: Path
) -> Iterator[World]:
    """One world for all: each test brings the institution to the state that it needs."""
    mailbox = Mailbox()
    mailbox.start()
    with running_registry(
        database_url=sqlite_server.migrated(SERVICE.migrations),
        redis_url=redis_server.url,
        signing_key_file=signing_key_file,
        mailbox=mailbox,
    ) as registry:
        coordinator = registry.coordinator()
        institution, focal_point = registry.submitted()
        _, stranger = registry.submitted(name="World Food Programme", acronym="WFP")
        callers = {
            "nobody": None,
            "a stranger": stranger,
            "focal_point": focal_point,
            "coordinator": coordinator,
        }
        yield World(registry, institution["id"], callers)
    mailbox.stop()


def expected(command: str, status: Status, caller: str) -> Action | tuple[int, str]:
    """Return the step that the table allows, or how it must be refused."""
    if caller == "nobody":
        return 401, "unauthenticated"
    if caller == "a stranger":
        return 404, "not-found"
    actions = COMMANDS[command][1]
    if Role(caller) not in TRANSITIONS[actions[0]].by:
        return 403, "forbidden"
    for action in actions:
        if status in TRANSITIONS[action].sources:
            return action
    return 409, "not-allowed-now"


def test_each_step_can_be_asked_for_or_is_taken_otherwise() -> None:
    asked_for = {action for _, actions in COMMANDS.values() for action in actions}

    assert asked_for | OTHERWISE >= set(Action) - {"merge", "unmerge", "absorb", "release"}
    assert not asked_for & OTHERWISE


@pytest.mark.parametrize("caller", ["nobody", "a stranger", "focal_point", "coordinator"])
@pytest.mark.parametrize("status", [status for status in Status if status != "merged"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_step_happens_as_the_table_says_or_nothing_does(
    world: World, command: str, status: Status, caller: str
) -> None:
    before = world.bring_to(status)
    rows = everything(world.registry.database)
    person = world.callers[caller]

    answer = world.registry.step(before, command, person, **COMMANDS[command][0])

    wanted = expected(command, status, caller)
    if not isinstance(wanted, Action):
        assert (answer.status_code, answer.json()["type"]) == (wanted[0], f"/problems/{wanted[1]}")
        assert everything(world.registry.database) == rows
        return
    assert answer.status_code == 200, answer.text
    target = TRANSITIONS[wanted].target or status
    assert (answer.json()["status"], answer.json()["version"]) == (target, before["version"] + 1)
    with world.registry.database.read() as session:
        entry = session.exec(
            select(HistoryEntry).order_by(col(HistoryEntry.id).desc()).limit(1)
        ).one()
        assert world.told(session) == len(rows["outbox"]) + 1
    assert person is not None
    assert (entry.action, entry.from_status, entry.to_status) == (wanted, status, target)
    assert (str(entry.actor_id), entry.version) == (person.id, answer.json()["version"])
    if "reason" in COMMANDS[command][0]:
        assert entry.reason == "Because."
    if "evidence" in COMMANDS[command][0]:
        assert entry.evidence == "Seen."


def test_the_table_is_published_with_the_reason_of_each_step(embedded_registry: Registry) -> None:
    answer = embedded_registry.client.get("/transitions")

    items = {item["action"]: item for item in answer.json()["items"]}
    assert items.keys() == set(Action)
    assert items["suspend"] == {
        "action": "suspend",
        "sources": ["verified"],
        "target": "suspended",
        "by": ["coordinator"],
        "why": TRANSITIONS[Action.SUSPEND].why,
    }
    assert items["expire"]["by"] == ["calendar"]
    assert all(len(item["why"]) > 30 and item["why"].endswith(".") for item in items.values())


def test_a_suspended_institution_is_shown_to_its_people_and_coordinators_alone(
    embedded_registry: Registry,
) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    institution, focal_point = registry.verified(coordinator)
    url = f"/institutions/{institution['id']}"

    suspended = registry.step(institution, "suspend", coordinator, reason="A concern.").json()

    assert registry.client.get(url).status_code == 404
    assert registry.read(institution["id"], focal_point)["status"] == "suspended"
    assert registry.read(institution["id"], coordinator)["status"] == "suspended"
    registry.step(suspended, "reinstate", coordinator, reason="It is settled.")
    assert registry.client.get(url).json()["status"] == "verified"


def test_a_withdrawn_institution_comes_back_through_the_queue_and_says_why(
    embedded_registry: Registry,
) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    institution, focal_point = registry.verified(coordinator)

    withdrawn = registry.step(institution, "withdraw", focal_point, reason="Dissolved.").json()
    again = registry.step(withdrawn, "submit", focal_point, note="Founded anew.").json()

    assert (withdrawn["status"], withdrawn["verified_until"]) == ("withdrawn", None)
    assert (again["status"], again["verified_until"]) == ("submitted", None)
    history = registry.client.get(
        f"/institutions/{institution['id']}/history", headers=focal_point.headers
    ).json()["items"]
    assert [step["reason"] for step in history[-2:]] == ["Dissolved.", "Founded anew."]


def test_a_suspension_does_not_lengthen_a_verification(embedded_registry: Registry) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    institution, _ = registry.verified(coordinator)

    suspended = registry.step(institution, "suspend", coordinator, reason="A concern.").json()
    back = registry.step(suspended, "reinstate", coordinator, reason="It is settled.").json()

    assert institution["verified_until"] == suspended["verified_until"] == back["verified_until"]
