"""The export of all that is stored of a person: complete, and without secrets."""

from typing import Any
from uuid import UUID

import pytest

from services.registry import personal_data
from services.registry.tables import Table as Registered
from tests.registry.journey import Person, Registry
from tests.registry.people import SOMCHAI, invite, joined


def export(registry: Registry, by: Person) -> dict[str, Any]:
    response = registry.client.get("/me/export", headers=by.headers)
    assert response.status_code == 200, response.text
    assert "attachment" in response.headers["content-disposition"]
    assert response.headers["cache-control"] == "no-store"
    body: dict[str, Any] = response.json()
    return body


def test_the_export_holds_everything_that_refers_to_the_person(registry: Registry) -> None:
    institution, ana = registry.submitted()
    key = registry.client.post(
        "/api-keys", json={"name": "CRM", "scopes": ["act"]}, headers=ana.headers
    ).json()
    registry.step(institution, "update", ana, acronym="CIRDAP-2")
    somchai = joined(registry, institution, ana, SOMCHAI["email"])

    told = export(registry, ana)

    assert told["person"]["email"] == ana.email
    assert set(told["records"]) == {table.name for table in personal_data.tables_of_people()}
    assert [row["name"] for row in told["records"]["api_key"]] == ["CRM"]
    assert [row["role"] for row in told["records"]["focal_point"]] == ["focal_point"]
    assert [row["action"] for row in told["records"]["institution_history"]] == [
        "confirm",
        "update",
    ]
    assert len(told["records"]["signed_in_session"]) == 1
    assert len(told["records"]["sign_in"]) == 1
    assert [event["type"] for event in told["events"]] == ["org.southlink.focal_point.confirmed.v1"]
    text = str(told)
    for secret in (key["key"], ana.session_key, "_digest"):
        assert secret not in text
    theirs = export(registry, somchai)
    assert theirs["records"]["invitation"][0]["email"] == SOMCHAI["email"]
    assert [row["action"] for row in theirs["records"]["role_change"]] == ["accepted"]


def test_what_a_record_tells_of_somebody_else_is_left_out(embedded_registry: Registry) -> None:
    institution, ana = embedded_registry.submitted()
    invite(embedded_registry, institution, ana)

    invitation = export(embedded_registry, ana)["records"]["invitation"][0]

    assert invitation["role"] == "alternate"
    assert SOMCHAI["email"] not in str(invitation)
    assert SOMCHAI["name"] not in str(invitation)


def test_nothing_of_another_person_is_in_the_export(embedded_registry: Registry) -> None:
    _, ana = embedded_registry.submitted()
    _, li = embedded_registry.submitted(name="World Food Programme", acronym="WFP")

    told = str(export(embedded_registry, ana))

    assert li.id not in told
    assert UUID(li.id).hex not in told
    assert li.email not in told


@pytest.mark.parametrize("table", [t.name for t in personal_data.tables_of_people()])
def test_no_column_of_an_exported_table_holds_a_secret_in_clear(table: str) -> None:
    columns = Registered.metadata.tables[table].columns
    suspicious = {"secret", "code", "key", "token", "password"}

    assert not [
        column.name
        for column in columns
        if suspicious & set(column.name.split("_"))
        and not column.name.endswith(personal_data.SECRETS)
        and column.name != "email_key"
    ]
