"""A group in which action items are assigned, changed and refused."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from httpx import Response

from services.workgroups import calendar
from services.workgroups.tables import Participant
from tests.workgroups.stage import MEETING
from tests.workgroups.world import Partner, Person, Workgroups


@dataclass(frozen=True)
class Scene:
    """A group that two institutions belong to, and who leads it."""

    workgroups: Workgroups
    coordinator: Person
    unv: Partner
    fao: Partner
    group: dict[str, Any]

    def participant(self, role: str, institution: Partner | None = None) -> Person:
        """Return somebody in the role in the group."""
        person = self.workgroups.person()
        with self.workgroups.database.write() as session:
            session.add(
                Participant(
                    group_id=UUID(self.group["id"]),
                    person_id=person.id,
                    role=role,
                    institution_id=institution.id if institution else None,
                )
            )
        return person

    def item(self, **other: Any) -> dict[str, Any]:
        """Assign an action item to UNV."""
        return self.workgroups.assign(self.coordinator, self.group, self.unv, **other)

    def change(self, person: Person, item: dict[str, Any], **changes: Any) -> Response:
        """Change the newest version of an action item."""
        path = f"/action-items/{item['id']}"
        version = self.workgroups.read(self.coordinator, path)["version"]
        return self.workgroups.send(person, "PATCH", path, changes, if_match=f'"{version}"')

    def changed(self, person: Person, item: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Change an action item and return it; anything but 200 is a failure."""
        answer = self.change(person, item, **changes)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def log(self, person: Person | None, item: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the log of an action item."""
        found: list[dict[str, Any]] = self.workgroups.read(
            person, f"/action-items/{item['id']}/log"
        )["items"]
        return found

    def propose(
        self, item: dict[str, Any], to: Partner, person: Person | None = None
    ) -> dict[str, Any]:
        """Propose that another institution answers for an action item."""
        return self.workgroups.made(
            person or self.unv.focal_point,
            f"/action-items/{item['id']}/reassignments",
            {"institution_id": str(to.id), "message": "You know them better."},
        )

    def answer(
        self, person: Person, proposed: dict[str, Any], step: str, reason: str | None = None
    ) -> Response:
        """Take a step with a reassignment that nobody has answered."""
        return self.workgroups.send(
            person,
            "POST",
            f"/reassignments/{proposed['id']}/{step}",
            {"reason": reason} if reason else None,
            if_match='"1"',
        )

    def meeting(self, *points: str) -> dict[str, Any]:
        """Record a meeting of the group that agreed on such points."""
        body = {**MEETING, "agreed_points": points, "group_ids": [self.group["id"]]}
        return self.workgroups.made(self.coordinator, "/meetings", body)

    def keep_calendar(self, now: datetime) -> dict[str, int]:
        """Take what is due by the calendar."""
        return calendar.keep(self.workgroups.database, now)


def set_scene(workgroups: Workgroups) -> Scene:
    """A group of UNV and FAO."""
    coordinator = workgroups.coordinator()
    unv, fao = workgroups.partner("UNV"), workgroups.partner("FAO")
    group = workgroups.group(coordinator, time_zone="Asia/Bangkok")
    for partner in (unv, fao):
        workgroups.join(partner, group)
    return Scene(workgroups, coordinator, unv, fao, group)


def refused(answer: Response, status: int, pointer: str | None = None) -> str:
    """Assert that the answer is such a problem; return what it says."""
    assert answer.status_code == status, answer.text
    problem = answer.json()
    if pointer is not None:
        assert pointer in [error["pointer"] for error in problem["errors"]], problem
    detail: str = problem["detail"]
    return detail


def every_step_of_an_action_item(workgroups: Workgroups) -> None:
    """Let every kind of event of action items and agreed points happen."""
    coordinator = workgroups.coordinator()
    unv, fao = workgroups.partner("UNV2"), workgroups.partner("FAO2")
    group = workgroups.group(coordinator, "steps")
    for partner in (unv, fao):
        workgroups.join(partner, group)
    scene = Scene(workgroups, coordinator, unv, fao, group)
    item = scene.item(due_date="2021-03-31")
    scene.keep_calendar(datetime(2021, 3, 29, tzinfo=UTC))
    scene.keep_calendar(datetime(2021, 4, 1, tzinfo=UTC))
    assert scene.answer(fao.focal_point, scene.propose(item, fao), "decline", "No.").is_success
    assert scene.answer(
        unv.focal_point, scene.propose(item, fao), "withdraw", "We do it."
    ).is_success
    assert scene.answer(fao.focal_point, scene.propose(item, fao), "accept").is_success
    point = workgroups.made(
        coordinator, f"/meetings/{scene.meeting()['id']}/agreed-points", {"text": "Listen."}
    )
    changed = workgroups.send(
        coordinator,
        "PATCH",
        f"/agreed-points/{point['id']}",
        {"outcome": "We listened."},
        if_match='"1"',
    )
    assert changed.status_code == 200, changed.text
