"""People whom the registry knows choose what comes, through the API."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import OKPKey
from sqlmodel import select

from services.notifier.tables import Delivery, Subscriber
from services.notifier.vocabulary import Frequency
from shared.columns import utc_now
from shared.events.catalogue import PersonReachable
from shared.ids import new_id
from tests.notifier.callers import bearer, person
from tests.notifier.world import THEME, World

SOON = (utc_now() + timedelta(days=10)).date().isoformat()


@pytest.fixture
def ana() -> UUID:
    return new_id()


@pytest.fixture
def headers(world: World, signing_key: OKPKey, ana: UUID) -> dict[str, str]:
    world.open_group()
    world.tell(
        PersonReachable(
            person_id=ana,
            email="ana@example.org",
            language="fr",
            time_zone="Asia/Bangkok",
            contact_version=1,
        )
    )
    return person(signing_key, ana)


def follow(client: TestClient, headers: dict[str, str], **changes: Any) -> Any:
    body = {"target": {"kind": "theme", "id": THEME}, "frequency": "daily", **changes}
    return client.post("/me/subscriptions", json=body, headers=headers)


def test_a_person_follows_something_without_confirming_the_address_again(
    world: World, client: TestClient, headers: dict[str, str]
) -> None:
    made = follow(client, headers, paused_until=SOON)
    assert made.status_code == 201, made.text
    shown = client.get(made.headers["Location"], headers=headers)
    assert shown.json() == made.json()
    assert shown.headers["ETag"] == made.headers["ETag"] == '"1"'
    assert made.json()["name"] == "the theme Digital transformation"
    assert made.json()["paused_until"] == SOON
    assert client.get("/me/subscriptions", headers=headers).json()["items"] == [made.json()]
    assert follow(client, headers).status_code == 409
    reading = client.get("/me/reading", headers=headers).json()
    assert reading["email"] == "ana@example.org"
    assert reading["time_zone"] == "Asia/Bangkok"
    with world.database.read() as session:
        assert session.exec(select(Delivery)).all() == []


def test_a_subscription_is_changed_ended_and_taken_up_again(
    client: TestClient, headers: dict[str, str]
) -> None:
    path = follow(client, headers).headers["Location"]
    changed = client.patch(
        path, json={"frequency": "monthly"}, headers={**headers, "If-Match": '"1"'}
    )
    assert (changed.status_code, changed.json()["frequency"]) == (200, "monthly")
    stale = client.patch(path, json={"frequency": "daily"}, headers={**headers, "If-Match": '"1"'})
    assert stale.status_code == 412
    assert client.patch(path, json={"frequency": "daily"}, headers=headers).status_code == 428
    ended = client.delete(path, headers={**headers, "If-Match": changed.headers["ETag"]})
    assert ended.json()["ended_at"] is not None
    assert client.get("/me/subscriptions", headers=headers).json()["items"] == []
    with_ended = client.get("/me/subscriptions?ended=true", headers=headers).json()["items"]
    assert [each["id"] for each in with_ended] == [ended.json()["id"]]
    late = client.patch(
        path, json={"frequency": "daily"}, headers={**headers, "If-Match": ended.headers["ETag"]}
    )
    assert late.status_code == 409
    again = follow(client, headers)
    assert (again.status_code, again.json()["id"]) == (201, ended.json()["id"])
    assert client.get("/me/reading", headers=headers).json()["receives"] is True


def test_hours_are_changed_by_who_saw_them(client: TestClient, headers: dict[str, str]) -> None:
    follow(client, headers)
    seen = client.get("/me/reading", headers=headers)
    change = {"hour": 6, "time_zone": "America/Lima", "language": "es"}
    match = {**headers, "If-Match": seen.headers["ETag"]}
    changed = client.patch("/me/reading", json=change, headers=match)
    assert changed.status_code == 200, changed.text
    assert changed.json() == {
        **seen.json(),
        **change,
        "version": seen.json()["version"] + 1,
    }
    assert client.patch("/me/reading", json={"hour": 7}, headers=match).status_code == 412


def test_an_address_that_subscribed_before_is_the_same_reader(
    world: World, client: TestClient, headers: dict[str, str]
) -> None:
    world.subscribe("ana@example.org", Frequency.WEEKLY)
    assert client.get("/me/reading", headers=headers).status_code == 404
    assert follow(client, headers).status_code == 201
    items = client.get("/me/subscriptions", headers=headers).json()["items"]
    assert [each["frequency"] for each in items] == ["weekly", "daily"]
    with world.database.read() as session:
        assert len(session.exec(select(Subscriber)).all()) == 1


def test_what_is_somebody_elses_is_not_found(
    world: World, client: TestClient, headers: dict[str, str], signing_key: OKPKey
) -> None:
    path = follow(client, headers).headers["Location"]
    other = person(signing_key, new_id())
    match = {**other, "If-Match": '"1"'}
    assert client.get(path, headers=other).status_code == 404
    assert client.patch(path, json={"frequency": "never"}, headers=match).status_code == 404
    assert client.delete(path, headers=match).status_code == 404
    assert follow(client, other).status_code == 409, "their address is not known"
    assert client.get("/me/subscriptions", headers=bearer(signing_key, new_id())).status_code == 403
    assert client.get("/me/subscriptions").status_code == 401


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"paused_until": utc_now().date().isoformat()}, "/paused_until"),
        ({"paused_until": "2099-01-01"}, "/paused_until"),
        ({"paused_until": "soon"}, "/paused_until"),
        ({"frequency": "hourly"}, "/frequency"),
        ({"target": {"kind": "theme", "id": "gone"}}, "/target/id"),
    ],
)
def test_a_bad_wish_is_refused_and_changes_nothing(
    client: TestClient, headers: dict[str, str], change: dict[str, Any], pointer: str
) -> None:
    refused = follow(client, headers, **change)
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json()["errors"]] == [pointer]
    assert client.get("/me/subscriptions", headers=headers).json()["items"] == []
