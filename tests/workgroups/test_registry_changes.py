"""Memberships and roles follow what the registry tells: once, and nothing is dropped silently."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import delete

from services.workgroups.projections import REGISTRY_PROJECTION
from shared.events.catalogue import (
    CoordinatorRemoved,
    FocalPointConfirmed,
    FocalPointRemoved,
    GroupLeftWithoutCoordinator,
    InstitutionMerged,
    InstitutionReinstated,
    InstitutionSuspended,
    InstitutionUnmerged,
    InstitutionVerified,
    InstitutionWithdrawn,
    MembershipMoved,
    MembershipSuspended,
    PersonErased,
    RoleEnded,
    RoleSuspended,
)
from shared.events.envelope import Event, EventData
from tests.workgroups.belonging import Door, door
from tests.workgroups.world import Partner, Workgroups, institution_facts


@dataclass
class Scene:
    """Two members of a group, and the history of the registry so far."""

    workgroups: Workgroups
    asked: Door
    unv: Partner
    fao: Partner
    history: list[Event]

    def tell(self, *told: EventData) -> None:
        events = [Event.of(data, subject="told/here") for data in told]
        self.history += events
        self._apply(events)

    def tell_all_again(self) -> None:
        """Build the read models anew, as `southlink rebuild` does."""
        with self.workgroups.database.write() as session:
            for model in REGISTRY_PROJECTION.read_models:
                session.execute(delete(model))
        self._apply(self.history)

    def _apply(self, events: list[Event]) -> None:
        for event in events:
            with self.workgroups.database.write() as session:
                REGISTRY_PROJECTION.apply(session, event)

    def states(self) -> tuple[str | None, str | None]:
        return self.asked.state_of(self.unv), self.asked.state_of(self.fao)

    def roles(self, state: str = "active") -> list[str]:
        path = f"{self.asked.path}/roles?state={state}"
        found = self.workgroups.read(self.asked.coordinator, path)["items"]
        return [each["role"] for each in found]

    def told(self, kind: type[Any]) -> list[Any]:
        return [data for _, data in self.workgroups.published() if isinstance(data, kind)]

    def facts(self, partner: Partner, status: str, version: int, **other: Any) -> Any:
        return institution_facts(
            institution_id=partner.id,
            acronym=partner.acronym,
            status=status,
            version=version,
            **other,
        )

    def merged(self) -> InstitutionMerged:
        return InstitutionMerged(
            institution=self.facts(self.unv, "merged", 10, merged_into=self.fao.id),
            into=self.facts(self.fao, "verified", 10),
            reason="They are one.",
        )

    def unmerged(self) -> InstitutionUnmerged:
        return InstitutionUnmerged(
            institution=self.facts(self.unv, "verified", 11),
            survivor=self.facts(self.fao, "verified", 11),
            reason="They are two.",
        )


@pytest.fixture
def scene(workgroups: Workgroups) -> Scene:
    """UNV is a member and its focal point coordinates the group; FAO is verified."""
    asked = door(workgroups, "open")
    unv, fao = workgroups.partner("UNV"), workgroups.partner("FAO")
    made = Scene(workgroups, asked, unv, fao, [])
    for version, partner in enumerate((unv, fao), 4):
        made.tell(
            InstitutionVerified(institution=made.facts(partner, "verified", version)),
            FocalPointConfirmed(
                person_id=partner.focal_point.id,
                institution_id=partner.id,
                person_name="Ana Souza",
                role="focal_point",
            ),
        )
    workgroups.join(unv, asked.group)
    assert asked.give(unv.focal_point, "coordinator").status_code == 201
    return made


def test_who_no_longer_speaks_for_the_institution_waits_to_be_confirmed(scene: Scene) -> None:
    person = scene.unv.focal_point
    scene.tell(FocalPointRemoved(person_id=person.id, institution_id=scene.unv.id))

    assert scene.roles("suspended") == ["coordinator"]
    assert [data.role for data in scene.told(RoleSuspended)] == ["coordinator"]
    assert len(scene.told(GroupLeftWithoutCoordinator)) == 1
    assert scene.states() == ("active", None), "the institution stays"
    waiting = scene.workgroups.read(scene.asked.coordinator, "/me/waiting")["items"]
    assert [each["kind"] for each in waiting] == ["role_to_confirm"]


def test_a_removed_coordinator_of_the_platform_keeps_no_active_role(scene: Scene) -> None:
    other = scene.workgroups.coordinator()
    scene.asked.give(other, "rapporteur")
    scene.tell(CoordinatorRemoved(person_id=other.id))
    assert scene.roles("suspended") == ["rapporteur"]
    assert scene.roles() == ["coordinator"]


def test_an_erased_person_has_no_role_any_more(scene: Scene) -> None:
    person = scene.unv.focal_point
    scene.asked.give(person, "rapporteur")
    scene.tell(PersonErased(person_id=person.id))
    assert scene.roles("ended") == ["coordinator", "rapporteur"]
    assert len(scene.told(RoleEnded)) == 2
    assert len(scene.told(GroupLeftWithoutCoordinator)) == 1


def test_a_suspended_institution_is_back_as_it_was_once_it_is_reinstated(scene: Scene) -> None:
    scene.tell(
        InstitutionSuspended(institution=scene.facts(scene.unv, "suspended", 8), reason="Why.")
    )
    assert scene.states() == ("suspended", None)
    assert scene.roles("suspended") == ["coordinator"]
    assert len(scene.told(MembershipSuspended)) == 1
    confirm = f"{scene.asked.path}/members/{scene.unv.id}/confirm"
    refused = scene.workgroups.send(scene.asked.coordinator, "POST", confirm)
    assert refused.status_code == 409, "while it is suspended there is nothing to confirm"

    scene.tell(
        InstitutionReinstated(institution=scene.facts(scene.unv, "verified", 9), reason="Settled.")
    )

    assert scene.states() == ("active", None)
    assert scene.roles() == ["coordinator"]


def test_an_institution_that_withdrew_and_came_back_waits_to_be_confirmed(scene: Scene) -> None:
    scene.tell(
        InstitutionWithdrawn(institution=scene.facts(scene.unv, "withdrawn", 8), reason="Why."),
        InstitutionVerified(institution=scene.facts(scene.unv, "verified", 9)),
    )
    assert scene.states() == ("suspended", None)
    confirm = f"{scene.asked.path}/members/{scene.unv.id}/confirm"
    assert scene.workgroups.send(scene.asked.coordinator, "POST", confirm).status_code == 200


def test_a_reinstatement_gives_back_nothing_that_something_else_took(scene: Scene) -> None:
    person = scene.unv.focal_point
    scene.tell(
        FocalPointRemoved(person_id=person.id, institution_id=scene.unv.id),
        InstitutionSuspended(institution=scene.facts(scene.unv, "suspended", 8), reason="Why."),
        InstitutionReinstated(institution=scene.facts(scene.unv, "verified", 9), reason="Done."),
    )
    assert scene.states() == ("active", None)
    assert scene.roles("suspended") == ["coordinator"]


def accountable(scene: Scene, item: dict[str, Any]) -> str:
    found = scene.workgroups.read(scene.asked.coordinator, f"/action-items/{item['id']}")
    acronym: str = found["institution_acronym"]
    return acronym


def test_a_merge_moves_places_roles_and_what_is_owed_and_its_end_moves_them_back(
    scene: Scene,
) -> None:
    item = scene.workgroups.assign(scene.asked.coordinator, scene.asked.group, scene.unv)
    scene.tell(scene.merged())

    assert scene.states() == (None, "active")
    assert accountable(scene, item) == "FAO"
    roles = scene.workgroups.read(scene.asked.coordinator, f"{scene.asked.path}/roles")["items"]
    assert [role["institution_id"] for role in roles] == [str(scene.fao.id)]
    scene.tell(FocalPointRemoved(person_id=scene.unv.focal_point.id, institution_id=scene.unv.id))
    assert scene.roles() == ["coordinator"], "they speak for the survivor now"

    scene.tell(scene.unmerged())

    assert scene.states() == ("active", None)
    assert accountable(scene, item) == "UNV"
    moved = scene.told(MembershipMoved)
    assert [(data.institution_id, data.into_id) for data in moved] == [
        (scene.unv.id, scene.fao.id),
        (scene.fao.id, scene.unv.id),
    ]


def test_a_survivor_that_is_a_member_stays_one_after_the_merge_is_undone(scene: Scene) -> None:
    scene.workgroups.join(scene.fao, scene.asked.group)
    mine = scene.workgroups.assign(scene.asked.coordinator, scene.asked.group, scene.fao)
    scene.tell(scene.merged())
    assert scene.states() == (None, "active")
    scene.tell(scene.unmerged())
    assert scene.states() == ("active", "active")
    assert accountable(scene, mine) == "FAO"


def test_a_place_that_the_survivor_gave_up_comes_back_to_be_confirmed(scene: Scene) -> None:
    scene.tell(scene.merged())
    path = f"{scene.asked.path}/members/{scene.fao.id}"
    assert scene.workgroups.send(scene.fao.focal_point, "DELETE", path).status_code == 204
    scene.tell(scene.unmerged())
    assert scene.states() == ("suspended", None)


def test_what_waits_for_an_answer_goes_to_the_survivor_and_back(scene: Scene) -> None:
    other = door(scene.workgroups, "invitation")
    asked = other.invite(scene.unv).json()
    scene.tell(scene.merged())
    path = f"/admissions/{asked['id']}"
    assert scene.workgroups.read(scene.fao.focal_point, path)["institution_acronym"] == "FAO"
    scene.tell(scene.unmerged())
    assert scene.workgroups.read(scene.unv.focal_point, path)["state"] == "invited"


def test_done_work_stays_with_who_did_it(scene: Scene) -> None:
    item = scene.workgroups.assign(scene.asked.coordinator, scene.asked.group, scene.unv)
    done = scene.workgroups.send(
        scene.unv.focal_point,
        "PATCH",
        f"/action-items/{item['id']}",
        {"state": "done"},
        if_match='"1"',
    )
    assert done.status_code == 200
    scene.tell(scene.merged())
    assert accountable(scene, item) == "UNV"


def test_a_rebuild_takes_no_effect_again(scene: Scene) -> None:
    person = scene.unv.focal_point
    scene.tell(
        InstitutionSuspended(institution=scene.facts(scene.unv, "suspended", 6), reason="Why."),
        InstitutionReinstated(institution=scene.facts(scene.unv, "verified", 7), reason="Done."),
        scene.merged(),
        scene.unmerged(),
        FocalPointRemoved(person_id=person.id, institution_id=scene.unv.id),
        FocalPointConfirmed(
            person_id=person.id,
            institution_id=scene.unv.id,
            person_name="Ana Souza",
            role="focal_point",
        ),
    )
    role = scene.workgroups.read(scene.asked.coordinator, f"{scene.asked.path}/roles")["items"][0]
    confirm = f"{scene.asked.path}/roles/{role['id']}/confirm"
    assert scene.workgroups.send(scene.asked.coordinator, "POST", confirm).status_code == 200
    scene.workgroups.join(scene.fao, scene.asked.group)
    ours = [
        "membership",
        "participant",
        "membership_history",
        "membership_move",
        "action_item",
        "outbox",
        "followed_event",
    ]
    before = scene.workgroups.everything()

    for _ in range(2):
        scene.tell_all_again()

    after = scene.workgroups.everything()
    assert {name: after[name] for name in ours} == {name: before[name] for name in ours}


def test_a_group_that_is_closed_follows_too(scene: Scene) -> None:
    scene.workgroups.send(
        scene.asked.coordinator,
        "POST",
        f"{scene.asked.path}/conclude",
        {"reason": "Done."},
        if_match='"1"',
    )
    scene.tell(scene.merged())
    assert scene.states() == (None, "active")
