"""Who may do what with whose people, and what is wrong with a request: one problem, no change."""

# A table reads best with a case a line.
# ruff: noqa: E501

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from services.registry.permissions import MAY, PeopleTask, Standing
from tests.registry.journey import Person
from tests.registry.people import SOMCHAI, invite, joined, secret_for
from tests.registry.stage import Stage, assert_refused, everything
from tests.waiting import wait_until


@dataclass(frozen=True)
class Cast:
    """Those who make requests: on the stage, and an alternate, an invited person, nobody."""

    stage: Stage
    focal_point: Person
    alternate: Person
    coordinator: Person
    invitation: str
    stranger: str

    def path(self, template: str) -> str:
        """Return an address."""
        return template.format(
            own=self.stage.own["id"],
            foreign=self.stage.foreign["id"],
            ana=self.focal_point.id,
            alternate=self.alternate.id,
            invitation=self.invitation,
            stranger=self.stranger,
            nobody=uuid4(),
        )


@pytest.fixture(scope="module")
def cast(stage: Stage) -> Cast:
    """The stage with an alternate and an open invitation."""
    registry = stage.registry
    alternate = joined(registry, stage.own, stage.focal_point, "alternate@example.org")
    invitation = invite(registry, stage.own, stage.focal_point)
    secret_for(registry, SOMCHAI["email"])
    wait_until(lambda: not everything(registry.database)["outgoing_letter"], "letters are noted")
    people = registry.client.get(
        f"/institutions/{stage.foreign['id']}/people", headers=stage.coordinator.headers
    ).json()["items"]
    return Cast(
        stage,
        stage.focal_point,
        alternate,
        stage.coordinator,
        invitation["id"],
        people[0]["id"],
    )


@dataclass(frozen=True)
class Case:
    """A request, and how it must be refused."""

    name: str
    method: str
    path: str
    by: str
    status: int
    slug: str
    body: dict[str, Any] | None = None
    pointer: str | None = None
    if_match: str | None = '"1"'


REASON = {"reason": "Because."}
DRAFT = {"name": "Li Wei", "email": "li@example.org", "role": "alternate"}
ALTERNATE = {"role": "alternate"}
OWN, FOREIGN = "/institutions/{own}", "/institutions/{foreign}"

CASES = [
    Case("see a foreign institution's people", "GET", f"{FOREIGN}/people", "focal_point", 404, "not-found"),
    Case("see a foreign person", "GET", f"{FOREIGN}/people/{{stranger}}", "focal_point", 404, "not-found"),
    Case("see foreign role changes", "GET", f"{FOREIGN}/role-changes", "focal_point", 404, "not-found"),
    Case("see foreign invitations", "GET", f"{FOREIGN}/invitations", "focal_point", 404, "not-found"),
    Case("invite to a foreign institution", "POST", f"{FOREIGN}/invitations", "focal_point", 404, "not-found", DRAFT),
    Case("remove a foreign person", "POST", f"{FOREIGN}/people/{{stranger}}/remove", "focal_point", 404, "not-found", REASON),
    Case("change a foreign role", "PATCH", f"{FOREIGN}/people/{{stranger}}", "focal_point", 404, "not-found", ALTERNATE),
    Case("hand over a foreign institution", "POST", f"{FOREIGN}/hand-over", "focal_point", 404, "not-found", {"to": str(uuid4()), **REASON}),
    Case("resend an own invitation elsewhere", "POST", f"{FOREIGN}/invitations/{{invitation}}/resend", "coordinator", 404, "not-found"),
    Case("revoke an own invitation elsewhere", "DELETE", f"{FOREIGN}/invitations/{{invitation}}", "coordinator", 404, "not-found"),
    Case("see people of nothing", "GET", "/institutions/{nobody}/people", "coordinator", 404, "not-found"),
    Case("see a stranger as one's own", "GET", f"{OWN}/people/{{stranger}}", "focal_point", 404, "not-found"),
    Case("remove a stranger as one's own", "POST", f"{OWN}/people/{{stranger}}/remove", "focal_point", 404, "not-found", REASON),
    Case("remove nobody", "POST", f"{OWN}/people/{{nobody}}/remove", "coordinator", 404, "not-found", REASON),
    Case("an alternate invites", "POST", f"{OWN}/invitations", "alternate", 403, "forbidden", DRAFT),
    Case("an alternate revokes", "DELETE", f"{OWN}/invitations/{{invitation}}", "alternate", 403, "forbidden"),
    Case("an alternate resends", "POST", f"{OWN}/invitations/{{invitation}}/resend", "alternate", 403, "forbidden"),
    Case("an alternate removes the focal point", "POST", f"{OWN}/people/{{ana}}/remove", "alternate", 403, "forbidden", REASON),
    Case("an alternate promotes themself", "PATCH", f"{OWN}/people/{{alternate}}", "alternate", 403, "forbidden", {"role": "focal_point"}),
    Case("an alternate hands over", "POST", f"{OWN}/hand-over", "alternate", 403, "forbidden", {"to": str(uuid4()), **REASON}),
    Case("a coordinator hands over", "POST", f"{OWN}/hand-over", "coordinator", 403, "forbidden", {"to": str(uuid4()), **REASON}),
    Case("a focal point leaves it without", "POST", f"{OWN}/people/{{ana}}/remove", "focal_point", 403, "forbidden", {**REASON, "leave_without_focal_point": True}),
    Case("the last focal point leaves", "POST", f"{OWN}/people/{{ana}}/remove", "focal_point", 409, "conflict", REASON),
    Case("the last focal point steps back", "PATCH", f"{OWN}/people/{{ana}}", "focal_point", 409, "conflict", ALTERNATE),
    Case("a coordinator removes the last one", "POST", f"{OWN}/people/{{ana}}/remove", "coordinator", 409, "conflict", REASON),
    Case("invite who is there", "POST", f"{OWN}/invitations", "focal_point", 409, "conflict", {**DRAFT, "email": "ALTERNATE@example.org"}, "/email"),
    Case("invite who is invited", "POST", f"{OWN}/invitations", "focal_point", 409, "conflict", SOMCHAI, "/email"),
    Case("resend at once", "POST", f"{OWN}/invitations/{{invitation}}/resend", "focal_point", 429, "too-many-requests"),
    Case("change an old version of a role", "PATCH", f"{OWN}/people/{{alternate}}", "focal_point", 412, "version-conflict", {"role": "focal_point"}, if_match='"9"'),
    Case("change no version of a role", "PATCH", f"{OWN}/people/{{alternate}}", "focal_point", 428, "version-required", {"role": "focal_point"}, if_match=None),
    Case("an unknown role", "PATCH", f"{OWN}/people/{{alternate}}", "focal_point", 422, "invalid-input", {"role": "king"}, "/role"),
    Case("remove without a reason", "POST", f"{OWN}/people/{{alternate}}/remove", "focal_point", 422, "invalid-input", {}, "/reason"),
    Case("remove with a blank reason", "POST", f"{OWN}/people/{{alternate}}/remove", "focal_point", 422, "invalid-input", {"reason": " \n"}, "/reason"),
    Case("hand over to oneself", "POST", f"{OWN}/hand-over", "focal_point", 422, "invalid-input", None, "/to"),
    Case("hand over to nobody", "POST", f"{OWN}/hand-over", "focal_point", 422, "invalid-input", {"to": str(uuid4()), **REASON}, "/to"),
    Case("hand over to a name", "POST", f"{OWN}/hand-over", "focal_point", 422, "invalid-input", {"to": "Li", **REASON}, "/to"),
    Case("invite no address", "POST", f"{OWN}/invitations", "focal_point", 422, "invalid-input", {**DRAFT, "email": "li"}, "/email"),
    Case("invite a deceiving name", "POST", f"{OWN}/invitations", "focal_point", 422, "invalid-input", {**DRAFT, "name": "Li\u202eieW"}, "/name"),
    Case("invite an invisible name", "POST", f"{OWN}/invitations", "focal_point", 422, "invalid-input", {**DRAFT, "name": "Li\u200bWei"}, "/name"),
    Case("invite a header", "POST", f"{OWN}/invitations", "focal_point", 422, "invalid-input", {**DRAFT, "name": "Li\r\nBcc: x@example.org"}, "/name"),
    Case("invite to no role", "POST", f"{OWN}/invitations", "focal_point", 422, "invalid-input", {"name": "Li", "email": "li@example.org"}, "/role"),
    Case("invite to coordinate", "POST", f"{OWN}/invitations", "focal_point", 422, "invalid-input", {**DRAFT, "role": "coordinator"}, "/role"),
    Case("invite to an unknown zone", "POST", f"{OWN}/invitations", "focal_point", 422, "invalid-input", {**DRAFT, "time_zone": "Mars"}, "/time_zone"),
    Case("invite with a field too many", "POST", f"{OWN}/invitations", "focal_point", 422, "invalid-input", {**DRAFT, "admin": True}, "/admin"),
    Case("accept with a wrong code", "POST", "/invitations/{invitation}/accept", "focal_point", 404, "not-found", {"code": "x"}),
    Case("accept what is none", "POST", "/invitations/{nobody}/accept", "focal_point", 404, "not-found", {"code": "x"}),
    Case("accept without a code", "POST", "/invitations/{invitation}/accept", "focal_point", 422, "invalid-input", {}, "/code"),
    Case("accept with a long code", "POST", "/invitations/{invitation}/accept", "focal_point", 422, "invalid-input", {"code": "x" * 101}, "/code"),
    Case("decline with a wrong code", "POST", "/invitations/{invitation}/decline", "focal_point", 404, "not-found", {"code": "x"}),
    Case("erase somebody", "POST", "/people/{alternate}/erasure", "focal_point", 403, "forbidden", REASON),
    Case("erase nobody", "POST", "/people/{nobody}/erasure", "coordinator", 404, "not-found", REASON),
    Case("erase without a reason", "POST", "/people/{alternate}/erasure", "coordinator", 422, "invalid-input", {}, "/reason"),
    Case("erase the last focal point", "POST", "/people/{ana}/erasure", "coordinator", 409, "conflict", REASON),
    Case("end somebody's sessions", "DELETE", "/people/{ana}/sessions", "alternate", 403, "forbidden"),
    Case("end nobody's sessions", "DELETE", "/people/{nobody}/sessions", "coordinator", 404, "not-found"),
    Case("end no session of one's own", "DELETE", "/sessions/{nobody}", "focal_point", 404, "not-found"),
    Case("ask for no address", "POST", "/me/address-changes", "focal_point", 422, "invalid-input", {"email": "ana@"}, "/email"),
    Case("confirm an address nobody asked for", "POST", "/me/address-changes/{nobody}/confirm", "focal_point", 404, "not-found", {"code": "123456", "challenge": "x"}),
    Case("confirm with a code of letters", "POST", "/me/address-changes/{nobody}/confirm", "focal_point", 422, "invalid-input", {"code": "abcdef", "challenge": "x"}, "/code"),
    Case("confirm an erasure nobody asked for", "POST", "/me/erasure/{nobody}/confirm", "focal_point", 404, "not-found", {"code": "123456", "challenge": "x"}),
    Case("a page of sessions from nowhere", "GET", "/sessions?cursor=%00", "focal_point", 422, "invalid-input", pointer="cursor"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_cannot_be_done_with_people_is_refused(cast: Cast, case: Case) -> None:
    person: Person = getattr(cast, case.by)
    headers = {**person.headers, **({"If-Match": case.if_match} if case.if_match else {})}
    body = case.body
    if case.name == "hand over to oneself":
        body = {"to": cast.focal_point.id, **REASON}

    assert_refused(
        cast.stage,
        lambda: cast.stage.send(case.method, cast.path(case.path), headers=headers, json=body),
        case.status,
        case.slug,
        case.pointer,
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{OWN}/people"),
        ("GET", f"{OWN}/invitations"),
        ("POST", f"{OWN}/invitations"),
        ("POST", f"{OWN}/hand-over"),
        ("GET", "/sessions"),
        ("DELETE", "/sessions"),
        ("PATCH", "/me"),
        ("GET", "/me/export"),
        ("POST", "/me/erasure"),
        ("POST", "/people/{ana}/erasure"),
    ],
)
def test_nobody_does_it_without_signing_in(cast: Cast, method: str, path: str) -> None:
    assert_refused(
        cast.stage,
        lambda: cast.stage.send(method, cast.path(path), headers={"If-Match": '"1"'}, json=DRAFT),
        401,
        "unauthenticated",
    )


def test_every_task_is_decided_and_none_is_for_everybody() -> None:
    assert set(MAY) == set(PeopleTask)
    for task, may in MAY.items():
        assert may, task
        assert may <= set(Standing)
    assert Standing.ALTERNATE not in MAY[PeopleTask.REMOVE_OTHERS]
