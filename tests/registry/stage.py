"""A stage for bad requests: nothing that happens on it may change anything."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from httpx import Response
from sqlalchemy import select

from services.registry.tables import Table
from shared.database import Database
from tests.registry.journey import Person, Registry


@dataclass(frozen=True)
class Stage:
    """The service with those who make requests, and what they make them about."""

    registry: Registry
    coordinator: Person
    focal_point: Person
    own: dict[str, Any]
    foreign: dict[str, Any]
    foreign_key_id: str

    def send(self, method: str, path: str, **request: Any) -> Response:
        """Send a request."""
        response: Response = self.registry.client.request(method, path, **request)
        return response

    def path(self, template: str) -> str:
        """Return an address of the own or the foreign institution."""
        return template.format(
            own=self.own["id"], foreign=self.foreign["id"], key=self.foreign_key_id
        )


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    with database.read() as session:
        return {
            table.name: sorted(tuple(map(str, row)) for row in session.execute(select(table)))
            for table in Table.metadata.sorted_tables
        }


def assert_refused(
    stage: Stage, send: Callable[[], Response], status: int, slug: str, pointer: str | None = None
) -> None:
    """Send a request; it is refused as said, in words, and changes nothing."""
    before = everything(stage.registry.database)
    letters = len(stage.registry.mailbox.received)

    response = send()

    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == f"/problems/{slug}"
    assert problem["status"] == status
    assert problem["title"]
    assert len(problem["detail"]) > 20
    assert problem["instance"] == f"urn:southlink:request:{response.headers['x-request-id']}"
    if pointer is not None:
        assert pointer in [error["pointer"] for error in problem.get("errors", [])], problem
    assert everything(stage.registry.database) == before
    assert len(stage.registry.mailbox.received) == letters
