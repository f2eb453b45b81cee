"""Workgroups with people in it: what the registry told, and requests in their names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response
from joserfc.jwk import OKPKey
from sqlalchemy import select as select_columns
from sqlmodel import col, select

from services.workgroups.projections import REGISTRY_PROJECTION
from services.workgroups.tables import Outbox, Table
from shared.database import Database
from shared.events.catalogue import (
    CATALOGUE,
    CoordinatorAppointed,
    FocalPointConfirmed,
    InstitutionFacts,
    InstitutionVerified,
    SupportFacts,
)
from shared.events.envelope import Event, EventData
from shared.identity import Caller, sign_token
from shared.ids import new_id

Dump = dict[str, list[tuple[str, ...]]]


@dataclass(frozen=True)
class Person:
    """Somebody with a token."""

    id: UUID
    headers: dict[str, str]


@dataclass(frozen=True)
class Partner:
    """An institution and its focal point."""

    id: UUID
    acronym: str
    focal_point: Person


@dataclass(frozen=True)
class Workgroups:
    """The service, running, with requests and what they left behind."""

    app: FastAPI
    client: TestClient
    database: Database
    key: OKPKey

    def tell(self, *told: EventData) -> None:
        """Apply events of the registry, as the consumer does."""
        for data in told:
            with self.database.write() as session:
                REGISTRY_PROJECTION.apply(session, Event.of(data, subject="told/here"))

    def person(self, *, scopes: Sequence[str] = ("act",)) -> Person:
        """Return somebody without any role."""
        caller = Caller(id=new_id(), kind="person", scopes=frozenset(scopes))
        return Person(caller.id, self.headers_of(caller))

    def headers_of(self, caller: Caller, seconds: int = 600) -> dict[str, str]:
        """Return the headers with which the caller calls."""
        return {"Authorization": f"Bearer {sign_token(self.key, caller, seconds)}"}

    def coordinator(self) -> Person:
        """Return a coordinator."""
        person = self.person()
        self.tell(CoordinatorAppointed(person_id=person.id, person_name="Chanda Mwila"))
        return person

    def partner(self, acronym: str = "UNV") -> Partner:
        """Return a verified institution with its focal point."""
        facts = institution_facts(acronym=acronym)
        person = self.person()
        self.tell(
            InstitutionVerified(institution=facts),
            FocalPointConfirmed(
                person_id=person.id,
                institution_id=facts.institution_id,
                person_name="Ana Souza",
                role="focal_point",
            ),
        )
        return Partner(facts.institution_id, acronym, person)

    def send(
        self, person: Person | None, method: str, path: str, body: Any = None, **headers: str
    ) -> Response:
        """Send a request in the person's name; ``if_match`` becomes ``If-Match`` and so on."""
        sent = dict(person.headers) if person else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        response: Response = self.client.request(method, path, json=body, headers=sent)
        return response

    def made(self, person: Person, path: str, body: Any) -> dict[str, Any]:
        """Create something and return it; anything but 201 is a failure."""
        response = self.send(person, "POST", path, body)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    def read(self, person: Person | None, path: str) -> dict[str, Any]:
        """Read something; anything but 200 is a failure."""
        response = self.send(person, "GET", path)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    def group(self, coordinator: Person, slug: str = "digital", **other: Any) -> dict[str, Any]:
        """Open a group, under a theme of its own."""
        theme = self.made(coordinator, "/themes", {"slug": f"{slug}-theme", "title": "A theme"})
        body = {"slug": slug, "title": f"Group {slug}", "purpose": "Follow up."}
        return self.made(coordinator, "/groups", {**body, "theme_slug": theme["slug"], **other})

    def join(self, partner: Partner, group: dict[str, Any]) -> None:
        """Let the institution join the group; a coordinator enrols it where it sees no group."""
        hidden = group["visibility"] == "members"
        self.made(
            self.coordinator() if hidden else partner.focal_point,
            f"/groups/{group['id']}/members",
            {"institution_id": str(partner.id)},
        )

    def assign(
        self, coordinator: Person, group: dict[str, Any], partner: Partner, **other: Any
    ) -> dict[str, Any]:
        """Assign an action item."""
        body = {"title": "Do it", "institution_id": str(partner.id), "due_date": "2021-03-31"}
        return self.made(coordinator, f"/groups/{group['id']}/action-items", {**body, **other})

    def published(self) -> list[tuple[Event, EventData]]:
        """Return every event in the outbox with its data, in order."""
        with self.database.read() as session:
            rows = session.exec(select(Outbox.event).order_by(col(Outbox.id))).all()
        events = [Event.model_validate_json(row) for row in rows]
        return [(event, CATALOGUE[event.type].model_validate(event.data)) for event in events]

    def everything(self) -> Dump:
        """Return every row of every table."""
        return everything(self.database)


def everything(database: Database) -> Dump:
    """Return every row of every table."""
    with database.read() as session:
        return {
            table.name: sorted(
                tuple(map(str, row)) for row in session.execute(select_columns(table))
            )
            for table in Table.metadata.sorted_tables
        }


def institution_facts(**changes: Any) -> InstitutionFacts:
    """Return the facts of an institution, verified unless said otherwise."""
    facts: dict[str, Any] = {
        "institution_id": new_id(),
        "name": "United Nations Volunteers",
        "acronym": "UNV",
        "organisation_type": "40",
        "subtype": "un_entity",
        "status": "verified",
        "version": 3,
    }
    return InstitutionFacts.model_validate({**facts, **changes})


def support_facts(institution_id: UUID, **changes: Any) -> SupportFacts:
    """Return the facts of a need or an offer, published unless said otherwise."""
    facts: dict[str, Any] = {
        "item_id": new_id(),
        "institution_id": institution_id,
        "institution_name": "United Nations Volunteers",
        "title": "Teachers online",
        "text": "Three hundred volunteers.",
        "kind": "training",
        "state": "published",
        "version": 2,
    }
    return SupportFacts.model_validate({**facts, **changes})
