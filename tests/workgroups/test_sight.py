"""Who sees a group sees what it does; for everybody else it does not exist."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from services.workgroups.tables import Participant
from shared.events.catalogue import InstitutionSuspended
from tests.workgroups.stage import MEETING, UPDATE
from tests.workgroups.world import Partner, Person, Workgroups, institution_facts

SEEN_BY = {
    "all": {"nobody", "somebody", "partner", "member", "adviser", "coordinator"},
    "partners": {"partner", "member", "adviser", "coordinator"},
    "members": {"member", "adviser", "coordinator"},
}


@dataclass(frozen=True)
class Scene:
    """A group of some visibility, what it holds, and everybody who may look."""

    group: dict[str, Any]
    paths: dict[str, str]
    people: dict[str, Person | None]
    partner: Partner


@pytest.fixture
def scene(workgroups: Workgroups) -> Callable[[str], Scene]:
    """A scene with a group that such people see."""

    def make(visibility: str) -> Scene:
        coordinator = workgroups.coordinator()
        member, partner = workgroups.partner("UNV"), workgroups.partner("FAO")
        group = workgroups.group(coordinator, visibility=visibility)
        workgroups.join(member, group)
        of_group = f"/groups/{group['id']}"
        update = workgroups.made(
            member.focal_point, f"{of_group}/updates", UPDATE | {"institution_id": str(member.id)}
        )
        meeting = workgroups.made(coordinator, "/meetings", {**MEETING, "group_ids": [group["id"]]})
        item = workgroups.assign(coordinator, group, member)
        adviser = workgroups.person()
        with workgroups.database.write() as session:
            session.add(
                Participant(group_id=UUID(group["id"]), person_id=adviser.id, role="adviser")
            )
        return Scene(
            group,
            {
                "group": of_group,
                "members": f"{of_group}/members",
                "member": f"{of_group}/members/{member.id}",
                "updates": f"{of_group}/updates",
                "update": f"/updates/{update['id']}",
                "meeting": f"/meetings/{meeting['id']}",
                "action items": f"{of_group}/action-items",
                "action item": f"/action-items/{item['id']}",
                "log of the action item": f"/action-items/{item['id']}/log",
                "feed": f"{of_group}/feed.atom",
                "report": f"{of_group}/report",
            },
            {
                "nobody": None,
                "somebody": workgroups.person(),
                "partner": partner.focal_point,
                "member": member.focal_point,
                "adviser": adviser,
                "coordinator": coordinator,
            },
            partner,
        )

    return make


@pytest.mark.parametrize("visibility", ["all", "partners", "members"])
def test_who_sees_a_group_reads_all_of_it_and_others_find_nothing(
    workgroups: Workgroups, scene: Callable[[str], Scene], visibility: str
) -> None:
    made = scene(visibility)
    for who, person in made.people.items():
        expected = 200 if who in SEEN_BY[visibility] else 404
        answers = {
            what: workgroups.send(person, "GET", path).status_code
            for what, path in made.paths.items()
        }
        assert answers == dict.fromkeys(made.paths, expected), who


@pytest.mark.parametrize("visibility", ["all", "partners", "members"])
def test_lists_hold_only_what_the_caller_sees(
    workgroups: Workgroups, scene: Callable[[str], Scene], visibility: str
) -> None:
    made = scene(visibility)
    for who, person in made.people.items():
        expected = 1 if who in SEEN_BY[visibility] else 0
        found = {
            path: len(workgroups.read(person, path)["items"]) for path in ("/groups", "/meetings")
        }
        assert found == {"/groups": expected, "/meetings": expected}, who


def test_a_partner_that_is_suspended_no_longer_sees_what_partners_see(
    workgroups: Workgroups, scene: Callable[[str], Scene]
) -> None:
    made = scene("partners")
    facts = institution_facts(
        institution_id=made.partner.id, acronym="FAO", status="suspended", version=9
    )
    workgroups.tell(InstitutionSuspended(institution=facts, reason="Under review."))

    answer = workgroups.send(made.partner.focal_point, "GET", made.paths["group"])

    assert answer.status_code == 404


def test_a_coordinator_hides_a_group_that_everybody_saw(
    workgroups: Workgroups, scene: Callable[[str], Scene]
) -> None:
    made = scene("all")
    changed = workgroups.send(
        made.people["coordinator"],
        "PATCH",
        made.paths["group"],
        {"visibility": "members"},
        if_match='"1"',
    )
    assert changed.json()["visibility"] == "members"

    assert workgroups.send(None, "GET", made.paths["group"]).status_code == 404
