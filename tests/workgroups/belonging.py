"""Asking to belong to a group, and giving roles in it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from httpx import Response

from services.workgroups import group_roles, groups, membership
from services.workgroups.calendar import keep
from services.workgroups.membership_lifecycle import REGISTRY
from services.workgroups.tables import Participant
from shared.columns import utc_now
from shared.events.catalogue import InstitutionMerged
from tests.workgroups.world import Partner, Person, Workgroups, institution_facts

WHY = {"reason": "Because."}


@dataclass(frozen=True)
class Door:
    """A group, who leads it, and how others come to belong to it."""

    workgroups: Workgroups
    coordinator: Person
    group: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/groups/{self.group['id']}"

    def request(self, partner: Partner, **other: Any) -> Response:
        return self.workgroups.send(
            partner.focal_point,
            "POST",
            f"{self.path}/requests",
            {"institution_id": str(partner.id), **other},
        )

    def invite(self, partner: Partner, by: Person | None = None) -> Response:
        return self.workgroups.send(
            by or self.coordinator,
            "POST",
            f"{self.path}/invitations",
            {"institution_id": str(partner.id)},
        )

    def answer(self, by: Person | None, admission: dict[str, Any], how: str) -> Response:
        body = WHY if how == "decline" else None
        return self.workgroups.send(by, "POST", f"/admissions/{admission['id']}/{how}", body)

    def give(self, person: Person, role: str, by: Person | None = None, **other: Any) -> Response:
        return self.workgroups.send(
            by or self.coordinator,
            "POST",
            f"{self.path}/roles",
            {"person_id": str(person.id), "role": role, **other},
        )

    def end(
        self, role: dict[str, Any], by: Person | None = None, body: dict[str, Any] | None = None
    ) -> Response:
        return self.workgroups.send(
            by or self.coordinator,
            "POST",
            f"{self.path}/roles/{role['id']}/end",
            WHY if body is None else body,
        )

    def suspend(self, partner: Partner) -> None:
        """Suspend the membership as an event of the registry does."""
        with self.workgroups.database.write() as session:
            group = groups.lock(session, UUID(self.group["id"]))
            member = membership.read(session, group.id, partner.id)
            membership.suspend(session, group, member, REGISTRY, "It was suspended.")

    def suspend_role(self, role: dict[str, Any]) -> None:
        """Suspend the role as an event of the registry does."""
        with self.workgroups.database.write() as session:
            group = groups.lock(session, UUID(self.group["id"]))
            participant = session.get_one(Participant, UUID(role["id"]))
            group_roles.suspend(session, group, participant, REGISTRY, "She has left it.")

    def state_of(self, partner: Partner) -> str | None:
        found = self.workgroups.send(self.coordinator, "GET", f"{self.path}/members/{partner.id}")
        return found.json()["state"] if found.status_code == 200 else None


def door(workgroups: Workgroups, admission: str = "on_request", **other: Any) -> Door:
    """A group that institutions come to belong to in such a way."""
    coordinator = workgroups.coordinator()
    slug = other.pop("slug", f"by-{admission.replace('_', '-')}")
    group = workgroups.group(coordinator, slug, admission=admission, **other)
    return Door(workgroups, coordinator, group)


def every_step(workgroups: Workgroups) -> None:
    """Let everything happen that is told of memberships and roles."""
    asked = door(workgroups)
    unv, fao = workgroups.partner("UNV"), workgroups.partner("FAO")
    assert asked.answer(asked.coordinator, asked.request(unv).json(), "decline").is_success
    assert asked.answer(asked.coordinator, asked.request(unv).json(), "approve").is_success
    assert asked.answer(asked.coordinator, asked.invite(fao).json(), "withdraw").is_success
    role = asked.give(unv.focal_point, "coordinator").json()
    asked.suspend(unv)
    asked.suspend_role(role)
    confirm = f"{asked.path}/members/{unv.id}/confirm"
    assert workgroups.send(asked.coordinator, "POST", confirm).is_success
    confirm = f"{asked.path}/roles/{role['id']}/confirm"
    assert workgroups.send(asked.coordinator, "POST", confirm).is_success
    assert asked.end(role, body={**WHY, "leave_without_coordinator": True}).is_success
    door(workgroups, "open", review_date="2021-01-01")
    keep(workgroups.database, utc_now() + timedelta(days=91))
    for slug in ("one", "other"):
        workgroups.made(asked.coordinator, "/themes", {"slug": slug, "title": slug})
    renamed = workgroups.send(
        asked.coordinator, "PATCH", "/themes/one", {"title": "One"}, if_match='"1"'
    )
    assert renamed.is_success
    merged = workgroups.send(
        asked.coordinator,
        "POST",
        "/themes/one/merge",
        {"into": "other", **WHY},
        if_match='"2"',
    )
    assert merged.is_success
    workgroups.tell(
        InstitutionMerged(
            institution=institution_facts(institution_id=unv.id, status="merged", version=9),
            into=institution_facts(institution_id=fao.id, acronym="FAO", version=9),
            reason="They are one.",
        )
    )
