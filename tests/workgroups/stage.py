"""A stage for bad requests: nothing that happens on it may change anything."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from httpx import Response

from shared.events.catalogue import InstitutionSubmitted
from shared.ids import new_id
from tests.workgroups.world import Partner, Person, Workgroups, institution_facts

UNKNOWN = str(new_id())


@dataclass(frozen=True)
class Stage:
    """The service with people, and things to make bad requests about."""

    workgroups: Workgroups
    coordinator: Person
    member: Partner
    outsider: Partner
    nobody: Person
    group: dict[str, Any]
    archived: dict[str, Any]
    meeting: dict[str, Any]
    other_meeting: dict[str, Any]
    item: dict[str, Any]
    unverified: str

    def path(self, template: str) -> str:
        """Return an address about the things on the stage."""
        return template.format(
            group=self.group["id"],
            archived=self.archived["id"],
            item=self.item["id"],
            member=self.member.id,
            outsider=self.outsider.id,
            unknown=UNKNOWN,
        )


def set_stage(workgroups: Workgroups) -> Stage:
    """A group with a member, an archived one, a meeting of each, and an action item."""
    coordinator = workgroups.coordinator()
    member, outsider = workgroups.partner("UNV"), workgroups.partner("FAO")
    group, archived = workgroups.group(coordinator), workgroups.group(coordinator, "old")
    workgroups.join(member, group)
    workgroups.join(member, archived)
    held = {**MEETING, "agreed_points": ["Listen."]}
    meeting = workgroups.made(coordinator, "/meetings", {**held, "group_ids": [group["id"]]})
    other = workgroups.made(coordinator, "/meetings", {**held, "group_ids": [archived["id"]]})
    ended = workgroups.send(
        coordinator,
        "POST",
        f"/groups/{archived['id']}/conclude",
        {"reason": "It is done."},
        if_match='"1"',
    )
    assert ended.status_code == 200
    unverified = institution_facts(status="submitted", version=2, acronym="NEW")
    workgroups.tell(InstitutionSubmitted(institution=unverified))
    return Stage(
        workgroups=workgroups,
        coordinator=coordinator,
        member=member,
        outsider=outsider,
        nobody=workgroups.person(),
        group=group,
        archived=archived,
        meeting=meeting,
        other_meeting=other,
        item=workgroups.assign(coordinator, group, member),
        unverified=str(unverified.institution_id),
    )


def assert_refused(
    stage: Stage, send: Callable[[], Response], status: int, slug: str, pointer: str | None = None
) -> dict[str, Any]:
    """Send a request; it is refused as said, in words, and changes nothing."""
    before = stage.workgroups.everything()

    response = send()

    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["type"] == f"/problems/{slug}"
    assert problem["status"] == status
    assert problem["title"]
    assert len(problem["detail"]) > 15
    assert problem["instance"] == f"urn:southlink:request:{response.headers['x-request-id']}"
    if pointer is not None:
        assert pointer in [error["pointer"] for error in problem.get("errors", [])], problem
    assert stage.workgroups.everything() == before
    return problem


THEME = {"slug": "trade", "title": "Trade"}
GROUP = {"slug": "trade", "title": "Trade", "purpose": "Follow up.", "theme_slug": "digital-theme"}
UPDATE = {"kind": "news", "title": "News", "text": "Text."}
ITEM = {"title": "Do it", "due_date": "2021-03-31"}
MEETING: dict[str, Any] = {
    "title": "Retreat",
    "date": "2020-12-15",
    "time_zone": "Asia/Bangkok",
    "mode": "hybrid",
    "participants_in_person": 19,
    "participants_online": 16,
}


def creation(stage: Stage, what: str) -> tuple[Person, str, dict[str, Any]]:
    """Return who makes such a thing, where, and a good body."""
    member = {"institution_id": str(stage.member.id)}
    of_group = f"/groups/{stage.group['id']}"
    creations: dict[str, tuple[Person, str, dict[str, Any]]] = {
        "theme": (stage.coordinator, "/themes", THEME),
        "group": (stage.coordinator, "/groups", GROUP),
        "member": (
            stage.outsider.focal_point,
            f"{of_group}/members",
            {"institution_id": str(stage.outsider.id)},
        ),
        "update": (stage.member.focal_point, f"{of_group}/updates", UPDATE | member),
        "meeting": (stage.coordinator, "/meetings", {**MEETING, "group_ids": [stage.group["id"]]}),
        "item": (stage.coordinator, f"{of_group}/action-items", ITEM | member),
    }
    return creations[what]
