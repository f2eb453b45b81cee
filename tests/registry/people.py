"""What people do with each other in an institution, in the steps that many tests begin with."""

import json
import re
from email.message import EmailMessage
from typing import Any

from httpx import Response
from sqlmodel import col, select

from services.registry.tables import Outbox
from tests.registry.journey import Person, Registry
from tests.registry.mailbox import text_of
from tests.waiting import wait_until

LINK = re.compile(r"^\S+/invitations/(\S+)/page\?code=(\S+)$", re.MULTILINE)
SOMCHAI = {"name": "Somchai Prasert", "email": "somchai@example.org", "role": "alternate"}


def invite(
    registry: Registry, institution: dict[str, Any], by: Person, **changed: Any
) -> dict[str, Any]:
    """Invite somebody and return the invitation."""
    response = try_to_invite(registry, institution, by, **changed)
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


def try_to_invite(
    registry: Registry, institution: dict[str, Any], by: Person, **changed: Any
) -> Response:
    """Ask for an invitation."""
    response: Response = registry.client.post(
        f"/institutions/{institution['id']}/invitations",
        json={**SOMCHAI, **changed},
        headers=by.headers,
    )
    return response


def letters_to(registry: Registry, address: str, kind: str) -> list[EmailMessage]:
    """Return the e-mails of a kind that came to an address, oldest first."""
    return [
        message for message in registry.mailbox.to(address) if message["X-Southlink-Kind"] == kind
    ]


def letter_to(registry: Registry, address: str, kind: str, number: int = 1) -> EmailMessage:
    """Return the newest e-mail of a kind to an address once there are ``number``."""
    wait_until(
        lambda: len(letters_to(registry, address, kind)) >= number,
        f"{number} letters of the kind {kind} came to {address}",
    )
    return letters_to(registry, address, kind)[-1]


def secret_for(registry: Registry, address: str, number: int = 1) -> tuple[str, str]:
    """Return the id and the secret in the newest invitation to an address."""
    found = LINK.search(text_of(letter_to(registry, address, "invitation", number)))
    assert found, "The e-mail has no link."
    return found.group(1), found.group(2)


def answer(registry: Registry, invitation_id: str, code: str, how: str = "accept") -> Response:
    """Accept or decline an invitation."""
    response: Response = registry.client.post(
        f"/invitations/{invitation_id}/{how}", json={"code": code}
    )
    return response


def joined(
    registry: Registry, institution: dict[str, Any], by: Person, email: str, **changed: Any
) -> Person:
    """Invite somebody, accept for them and sign them in."""
    invite(registry, institution, by, email=email, **changed)
    invitation_id, code = secret_for(registry, email)
    response = answer(registry, invitation_id, code)
    assert response.status_code == 200, response.text
    return registry.sign_in(email)


def people_of(registry: Registry, institution: dict[str, Any], by: Person) -> dict[str, str]:
    """Return the role of each person of an institution, by address."""
    response = registry.client.get(f"/institutions/{institution['id']}/people", headers=by.headers)
    assert response.status_code == 200, response.text
    return {item["email"]: item["role"] for item in response.json()["items"]}


def remove(
    registry: Registry, institution: dict[str, Any], person_id: str, by: Person, **body: Any
) -> Response:
    """Take somebody's role."""
    response: Response = registry.client.post(
        f"/institutions/{institution['id']}/people/{person_id}/remove",
        json={"reason": "Left the house.", **body},
        headers=by.headers,
    )
    return response


def hand_over(registry: Registry, institution: dict[str, Any], by: Person, to: str) -> Response:
    """Hand one's place over."""
    response: Response = registry.client.post(
        f"/institutions/{institution['id']}/hand-over",
        json={"to": to, "reason": "I retire."},
        headers=by.headers,
    )
    return response


def change_role(
    registry: Registry,
    institution: dict[str, Any],
    person_id: str,
    by: Person,
    *,
    role: str,
    version: int = 1,
) -> Response:
    """Give somebody another role."""
    response: Response = registry.client.patch(
        f"/institutions/{institution['id']}/people/{person_id}",
        json={"role": role},
        headers={**by.headers, "If-Match": f'"{version}"'},
    )
    return response


def events(registry: Registry, *names: str) -> list[dict[str, Any]]:
    """Return the data of the stored events of those names, oldest first."""
    types = [f"org.southlink.{name}.v1" for name in names]
    with registry.database.read() as session:
        rows = session.exec(
            select(Outbox.event).where(col(Outbox.type).in_(types)).order_by(col(Outbox.id))
        ).all()
    return [json.loads(row)["data"] for row in rows]
