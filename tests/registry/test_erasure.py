"""Erasing a person: what goes, what stays without a name, and what is refused."""

from typing import Any

import pytest
from httpx import Response
from sqlalchemy import Table, select
from sqlmodel import col

from services.registry import erasure, personal_data
from services.registry.tables import Outbox, StreamRedaction
from services.registry.tables import Table as Registered
from shared.database import Database
from tests.registry.journey import Person, Registry
from tests.registry.mailbox import CODE, text_of
from tests.registry.people import (
    SOMCHAI,
    events,
    hand_over,
    invite,
    joined,
    letter_to,
    people_of,
    remove,
    secret_for,
)

NAME = "Somchai Prasert"
EMAIL = SOMCHAI["email"]


def ask(registry: Registry, by: Person) -> dict[str, Any]:
    response = registry.client.post("/me/erasure", headers=by.headers)
    assert response.status_code == 202, response.text
    body: dict[str, Any] = response.json()
    return body


def confirm(registry: Registry, by: Person, asked: dict[str, Any], number: int = 1) -> Response:
    found = CODE.search(text_of(letter_to(registry, by.email, "erasure-code", number)))
    assert found
    response: Response = registry.client.post(
        f"/me/erasure/{asked['id']}/confirm",
        json={"code": found.group(), "challenge": asked["challenge"]},
        headers=by.headers,
    )
    return response


def erase(registry: Registry, person: Person, by: Person, **body: Any) -> Response:
    response: Response = registry.client.post(
        f"/people/{person.id}/erasure", json={"reason": "By letter.", **body}, headers=by.headers
    )
    return response


def where(database: Database, *texts: str) -> set[str]:
    """Return the tables in which a row holds one of the texts, in any column."""
    with database.read() as session:
        return {
            table.name
            for table in Registered.metadata.sorted_tables
            for row in session.execute(select(table))
            if any(text.casefold() in str(tuple(row)).casefold() for text in texts)
        }


def test_nothing_of_the_name_and_address_remains(registry: Registry) -> None:
    institution, ana = registry.submitted()
    registry.client.headers["Idempotency-Key"] = "invite"
    somchai = joined(registry, institution, ana, EMAIL)
    del registry.client.headers["Idempotency-Key"]
    other, li = registry.submitted(name="World Food Programme", acronym="WFP")
    invite(registry, other, li, email=EMAIL)
    secret_for(registry, EMAIL, 2)
    registry.client.post(
        "/api-keys", json={"name": "CRM", "scopes": ["act"]}, headers=somchai.headers
    )
    registry.client.patch(
        "/me", json={"name": f"{NAME} Jr"}, headers={**somchai.headers, "If-Match": '"1"'}
    )
    assert where(registry.database, NAME, EMAIL) >= {"person", "outbox", "invitation"}

    confirmed = confirm(registry, somchai, ask(registry, somchai))

    assert confirmed.status_code == 204, confirmed.text
    assert where(registry.database, NAME, EMAIL) == set()
    letter_to(registry, EMAIL, "erased")
    with registry.database.read() as session:
        for name in erasure.DELETED:
            table = Registered.metadata.tables[name]
            columns = personal_data.columns_of_people(table)
            rows = session.execute(select(table)).mappings().all()
            assert not [row for row in rows if somchai.id in {str(row[c.name]) for c in columns}]
    assert events(registry, "person.erased") == [{"person_id": somchai.id}]


def test_an_erased_person_can_do_nothing_and_comes_back_as_somebody_else(
    registry: Registry,
) -> None:
    institution, ana = registry.submitted()
    somchai = joined(registry, institution, ana, EMAIL)
    confirm(registry, somchai, ask(registry, somchai))

    for method, path, body in (
        ("GET", "/me", None),
        ("PATCH", "/me", {"name": NAME}),
        ("POST", "/api-keys", {"name": "X", "scopes": ["act"]}),
        ("GET", "/me/export", None),
        ("POST", "/me/erasure", None),
    ):
        headers = {**somchai.headers, "If-Match": '"2"'}
        refused = registry.client.request(method, path, json=body, headers=headers)
        assert refused.status_code == 401, path
    key = {"Authorization": f"Bearer {somchai.session_key}"}
    assert registry.client.post("/tokens", headers=key).status_code == 401
    back = joined(registry, institution, ana, "somchai2@example.org")
    assert back.id != somchai.id


def test_the_history_still_says_that_it_was_one_person(registry: Registry) -> None:
    institution, ana = registry.submitted()
    registry.step(institution, "update", ana, acronym="CIRDAP-2")
    somchai = joined(registry, institution, ana, EMAIL)
    hand_over(registry, institution, ana, somchai.id)
    chanda = registry.coordinator()

    assert erase(registry, ana, chanda).status_code == 204

    history = registry.client.get(
        f"/institutions/{institution['id']}/history", headers=chanda.headers
    ).json()["items"]
    assert [entry["by"] for entry in history] == [
        None,
        {"id": ana.id, "name": ""},
        {"id": ana.id, "name": ""},
    ]
    changes = registry.client.get(
        f"/institutions/{institution['id']}/role-changes", headers=chanda.headers
    ).json()["items"]
    assert changes[-1]["person"] == {"id": ana.id, "name": ""}


def test_events_keep_their_place_and_lose_the_name(registry: Registry) -> None:
    institution, ana = registry.submitted()
    somchai = joined(registry, institution, ana, EMAIL)
    with registry.database.read() as session:
        before = [
            (row.event_id, row.type)
            for row in session.execute(select(Outbox).order_by(col(Outbox.id))).scalars()
        ]

    confirm(registry, somchai, ask(registry, somchai))

    with registry.database.read() as session:
        rows = list(session.execute(select(Outbox).order_by(col(Outbox.id))).scalars())
        assert [(row.event_id, row.type) for row in rows][: len(before)] == before
        assert len(list(session.execute(select(StreamRedaction)))) == 1
    confirmed = events(registry, "focal_point.confirmed")
    assert [event["person_name"] for event in confirmed] == ["Ana Souza", ""]
    assert confirmed[1]["person_id"] == somchai.id
    assert events(registry, "focal_point.removed")[-1]["person_id"] == somchai.id


def test_the_last_focal_point_and_the_last_coordinator_are_not_erased(registry: Registry) -> None:
    institution, ana = registry.submitted()
    chanda = registry.coordinator()

    alone = confirm(registry, ana, ask(registry, ana))
    last = confirm(registry, chanda, ask(registry, chanda))

    assert [alone.status_code, last.status_code] == [409, 409]
    assert institution["name"] in alone.json()["detail"]
    assert "last coordinator" in last.json()["detail"]
    assert people_of(registry, institution, ana) == {ana.email: "focal_point"}
    retried = confirm(registry, ana, ask(registry, ana), number=2)
    assert retried.status_code == 409


def test_a_coordinator_who_has_a_colleague_can_be_erased(registry: Registry) -> None:
    chanda = registry.coordinator()
    other = registry.coordinator("other.coordinator@example.org")

    assert confirm(registry, other, ask(registry, other)).status_code == 204

    assert events(registry, "coordinator.removed") == [{"person_id": other.id}]
    names = [event["person_name"] for event in events(registry, "coordinator.appointed")]
    assert names == ["Chanda Mwila", ""]
    assert registry.client.get("/me", headers=chanda.headers).json()["roles"] == ["coordinator"]


def test_a_coordinator_erases_the_last_focal_point_by_saying_so(registry: Registry) -> None:
    institution, ana = registry.submitted()
    chanda = registry.coordinator()

    assert erase(registry, ana, chanda).status_code == 409
    assert erase(registry, ana, chanda, leave_without_focal_point=True).status_code == 204

    assert events(registry, "institution.left_without_focal_point")
    letter = letter_to(registry, chanda.email, "left-without-focal-point")
    assert "By letter." in text_of(letter)
    assert people_of(registry, institution, chanda) == {}
    assert erase(registry, ana, chanda).status_code == 404, "there is nobody any more"


def test_only_a_coordinator_erases_somebody_else(embedded_registry: Registry) -> None:
    _, ana = embedded_registry.submitted()
    _, eve = embedded_registry.submitted(name="World Food Programme", acronym="WFP")

    assert erase(embedded_registry, ana, eve).status_code == 403
    assert embedded_registry.client.get("/me", headers=ana.headers).status_code == 200


def test_who_was_only_invited_leaves_nothing_behind_either(embedded_registry: Registry) -> None:
    institution, ana = embedded_registry.submitted()
    other, li = embedded_registry.submitted(name="World Food Programme", acronym="WFP")
    somchai = joined(embedded_registry, institution, ana, EMAIL)
    invite(embedded_registry, other, li, email=EMAIL.upper().replace("EXAMPLE.ORG", "example.org"))
    secret_for(embedded_registry, "SOMCHAI@example.org")
    remove(embedded_registry, institution, somchai.id, somchai)

    assert confirm(embedded_registry, somchai, ask(embedded_registry, somchai)).status_code == 204

    assert where(embedded_registry.database, NAME, EMAIL) == set()


TABLES = [table.name for table in personal_data.tables_of_people()]


@pytest.mark.parametrize("name", TABLES)
def test_what_becomes_of_each_table_that_refers_to_a_person_is_decided(name: str) -> None:
    decided = [*erasure.DELETED, *erasure.KEPT]

    assert decided.count(name) == 1, f"Say in erasure.py what becomes of {name}."


def test_each_column_that_names_a_person_is_a_foreign_key() -> None:
    def is_meant(table: Table, name: str) -> bool:
        words = name.split("_")
        return table.name != "person" and (
            name in {"person_id", "actor_id", "owner_id"} or words[-1] == "by"
        )

    loose = [
        f"{table.name}.{column.name}"
        for table in Registered.metadata.sorted_tables
        for column in table.columns
        if is_meant(table, column.name) and column not in personal_data.columns_of_people(table)
    ]
    assert loose == [], "make them foreign keys, so that the export and the erasure find them"
