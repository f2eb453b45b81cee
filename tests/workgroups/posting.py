"""Updates of a member institution, posted and changed as its people do."""

from dataclasses import dataclass
from typing import Any

from httpx import Response

from tests.workgroups.world import Partner, Person, Workgroups


@dataclass(frozen=True)
class Desk:
    """A group with a member that posts, a foreign institution, and a coordinator."""

    workgroups: Workgroups
    coordinator: Person
    member: Partner
    other: Partner
    group: dict[str, Any]

    def post(self, **changes: Any) -> dict[str, Any]:
        """Post an update in the member's name."""
        return self.workgroups.made(
            self.member.focal_point, f"/groups/{self.group['id']}/updates", self.body(**changes)
        )

    def body(self, **changes: Any) -> dict[str, Any]:
        """Return a good body of an update."""
        said = {"kind": "news", "title": "News", "text": "We *start* in May."}
        return {"institution_id": str(self.member.id), **said, **changes}

    def change(self, update: dict[str, Any], by: Person | None = None, **changes: Any) -> Response:
        """Change an update as of the version that is given."""
        return self.workgroups.send(
            by or self.member.focal_point,
            "PATCH",
            f"/updates/{update['id']}",
            changes,
            if_match=f'"{update["version"]}"',
        )

    def step(
        self, update: dict[str, Any], step: str, by: Person | None = None, body: Any = None
    ) -> Response:
        """Publish or withdraw an update as of the version that is given."""
        return self.workgroups.send(
            by or self.member.focal_point,
            "POST",
            f"/updates/{update['id']}/{step}",
            body,
            if_match=f'"{update["version"]}"',
        )

    def withdraw(self, update: dict[str, Any], by: Person | None = None) -> Response:
        """Take an update back."""
        return self.step(update, "withdraw", by, {"reason": "It was cancelled."})

    def pin(self, update: dict[str, Any], by: Person | None = None) -> Response:
        """Pin an update."""
        return self.workgroups.send(by or self.coordinator, "PUT", f"/updates/{update['id']}/pin")

    def comment(
        self, update: dict[str, Any], by: Person | None = None, **changes: Any
    ) -> dict[str, Any]:
        """Comment on an update."""
        return self.workgroups.made(
            by or self.member.focal_point,
            f"/updates/{update['id']}/comments",
            {"text": "Good *news*.", **changes},
        )

    def change_comment(
        self, comment: dict[str, Any], by: Person | None = None, **changes: Any
    ) -> Response:
        """Change a comment as of the version that is given."""
        return self.workgroups.send(
            by or self.member.focal_point,
            "PATCH",
            f"/comments/{comment['id']}",
            changes,
            if_match=f'"{comment["version"]}"',
        )

    def withdraw_comment(self, comment: dict[str, Any], by: Person | None = None) -> Response:
        """Take a comment back."""
        return self.workgroups.send(
            by or self.member.focal_point,
            "POST",
            f"/comments/{comment['id']}/withdraw",
            {"reason": "Off topic."},
            if_match=f'"{comment["version"]}"',
        )

    def status(self, person: Person | None, update: dict[str, Any]) -> int:
        """Return how the reading of an update is answered."""
        return self.workgroups.send(person, "GET", f"/updates/{update['id']}").status_code

    def listed(self, person: Person | None = None, query: str = "") -> list[str]:
        """Return the titles of the group's updates in a list."""
        found = self.workgroups.read(person, f"/groups/{self.group['id']}/updates{query}")
        return [update["title"] for update in found["items"]]


def desk_of(workgroups: Workgroups, **group: Any) -> Desk:
    """A desk in a new group."""
    coordinator = workgroups.coordinator()
    member, other = workgroups.partner("UNV"), workgroups.partner("FAO")
    opened = workgroups.group(coordinator, **group)
    workgroups.join(member, opened)
    return Desk(workgroups, coordinator, member, other, opened)
