"""The registry as its users meet it, in the steps that many tests begin with."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from services.registry.people import appoint_coordinator
from shared.database import Database
from tests.registry.mailbox import Mailbox

CIRDAP = {
    "name": "Centre on Integrated Rural Development for Asia and the Pacific",
    "acronym": "CIRDAP",
    "organisation_type": "40",
    "subtype": "intergovernmental",
    "country": "BD",
    "website": "https://www.cirdap.org/",
}
CHECKLIST = [
    {"item": item, "outcome": "confirmed"}
    for item in ("contact_confirmed", "mandate", "official_domain")
]
"""Enough to verify an institution of any type."""
FINDING = {"evidence": "Seen.", "checklist": CHECKLIST}
COORDINATOR = "coordinator@example.org"


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    email: str
    id: str
    session_key: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What shows who calls."""
        return {"Authorization": f"Bearer {self.token}"}


@dataclass
class Registry:
    """The running service with its mailbox, and what a user does with it."""

    app: FastAPI
    client: TestClient
    mailbox: Mailbox
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def database(self) -> Database:
        """The database of the service."""
        database: Database = self.app.state.database
        return database

    def registration(self, email: str, **changed: Any) -> dict[str, Any]:
        """Return a registration that is right, but for what is changed."""
        person = {"name": "Ana Souza", "email": email}
        return {**CIRDAP, "focal_point": person, **changed}

    def new_address(self) -> str:
        """Return an address that nobody has used."""
        return f"focal.point.{next(self._numbers)}@example.org"

    def register(self, email: str, **changed: Any) -> dict[str, Any]:
        """Register an institution and return the answer."""
        response = self.client.post("/institutions", json=self.registration(email, **changed))
        assert response.status_code == 201, response.text
        body: dict[str, Any] = response.json()
        return body

    def confirm(self, sign_in: dict[str, Any], code: str, **changed: Any) -> Response:
        """Send a code."""
        response: Response = self.client.post(
            f"/sign-ins/{sign_in['id']}/confirm",
            json={"code": code, "challenge": sign_in["challenge"], **changed},
        )
        return response

    def ask_for_code(self, email: str) -> dict[str, Any]:
        """Ask for a code and return the answer."""
        response = self.client.post("/sign-ins", json={"email": email})
        assert response.status_code == 202, response.text
        body: dict[str, Any] = response.json()
        return body

    def sign_in(self, email: str) -> Person:
        """Sign in somebody who is registered."""
        before = len(self.mailbox.to(email))
        sign_in = self.ask_for_code(email)
        return self.signed_in(email, sign_in, number=before + 1)

    def signed_in(self, email: str, sign_in: dict[str, Any], number: int = 1) -> Person:
        """Use the code that came for a sign-in."""
        response = self.confirm(sign_in, self.mailbox.code_for(email, number))
        assert response.status_code == 200, response.text
        body = response.json()
        return Person(email, body["person"]["id"], body["session_key"], body["access_token"])

    def coordinator(self, email: str = COORDINATOR) -> Person:
        """Appoint a coordinator and sign them in."""
        with self.database.write() as session:
            appoint_coordinator(session, email, "Chanda Mwila")
        return self.sign_in(email)

    def submitted(self, **changed: Any) -> tuple[dict[str, Any], Person]:
        """Register an institution, confirm it, and return it with its focal point."""
        email = self.new_address()
        registered = self.register(email, **changed)
        person = self.signed_in(email, registered["sign_in"])
        return self.read(registered["institution"]["id"], person), person

    def verified(self, by: Person, **changed: Any) -> tuple[dict[str, Any], Person]:
        """Register, confirm and verify an institution; return it with its focal point."""
        institution, person = self.submitted(**changed)
        response = self.step(institution, "verify", by, **FINDING)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body, person

    def read(self, institution_id: str, by: Person | None = None) -> dict[str, Any]:
        """Read an institution."""
        response = self.client.get(
            f"/institutions/{institution_id}", headers=by.headers if by else {}
        )
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    def step(
        self, institution: dict[str, Any], action: str, by: Person | None, **body: Any
    ) -> Response:
        """Take a step in the life of a registration, on the version in ``institution``.

        A verification gets a checklist that suffices unless the body has one.
        """
        if action == "verify":
            body.setdefault("checklist", CHECKLIST)
        headers = {"If-Match": f'"{institution["version"]}"', **(by.headers if by else {})}
        url = f"/institutions/{institution['id']}"
        response: Response = (
            self.client.patch(url, json=body, headers=headers)
            if action == "update"
            else self.client.post(f"{url}/{action}", json=body, headers=headers)
        )
        return response
