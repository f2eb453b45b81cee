"""Keys with which systems call."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import Session, select

from services.registry import api_keys
from services.registry.api_keys import register_feed_key
from services.registry.people import PersonDraft, appoint_coordinator, person_named
from services.registry.scopes import Scope
from services.registry.tables import ApiKey, Coordinator
from shared.columns import utc_now
from shared.problems import Problem
from tests.registry.journey import Person, Registry

SECRET = "a-feed-key-of-an-installation-0001"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def made(registry: Registry, by: Person, *scopes: str) -> dict[str, str]:
    response = registry.client.post(
        "/api-keys", json={"name": "Our CRM", "scopes": list(scopes)}, headers=by.headers
    )
    assert response.status_code == 201, response.text
    body: dict[str, str] = response.json()
    assert response.headers["location"] == f"/api-keys/{body['id']}"
    return body


def test_a_key_acts_for_its_person_until_it_is_revoked(registry: Registry) -> None:
    _, person = registry.submitted()
    key = made(registry, person, "act")

    token = registry.client.post("/tokens", headers=bearer(key["key"])).json()["access_token"]
    assert registry.client.get("/me", headers=bearer(token)).json()["id"] == person.id

    revoked = registry.client.delete(f"/api-keys/{key['id']}", headers=person.headers)
    assert revoked.status_code == 204
    assert registry.client.post("/tokens", headers=bearer(key["key"])).status_code == 401
    again = registry.client.delete(f"/api-keys/{key['id']}", headers=person.headers)
    assert again.status_code == 204


def test_the_secret_of_a_key_is_shown_once_and_kept_nowhere(registry: Registry) -> None:
    _, person = registry.submitted()
    key = made(registry, person, "act")

    listed = registry.client.get("/api-keys", headers=person.headers).json()["items"]

    assert [item["id"] for item in listed] == [key["id"]]
    assert "key" not in listed[0]
    with registry.database.read() as session:
        kept = session.exec(select(ApiKey)).one().model_dump()
    assert key["key"] not in map(str, kept.values())


def test_a_key_that_only_reads_the_feed_has_none_of_its_persons_rights(registry: Registry) -> None:
    coordinator = registry.coordinator()
    institution, _ = registry.submitted()
    key = made(registry, coordinator, "feed:read")
    token = registry.client.post("/tokens", headers=bearer(key["key"])).json()["access_token"]

    assert registry.client.get("/feed", headers=bearer(token)).status_code == 200
    assert registry.client.get("/me", headers=bearer(token)).status_code == 403
    system = Person("", "", "", token)
    refused = registry.step(institution, "verify", system, evidence="Seen.")
    assert refused.status_code == 404


def test_a_feed_key_of_a_former_coordinator_reads_nothing(registry: Registry) -> None:
    key = made(registry, registry.coordinator(), "feed:read")
    with registry.database.write() as session:
        session.delete(session.exec(select(Coordinator)).one())

    token = registry.client.post("/tokens", headers=bearer(key["key"])).json()["access_token"]

    assert registry.client.get("/feed", headers=bearer(token)).status_code == 403


def test_an_expired_key_is_no_key(session: Session) -> None:
    person, _ = appoint_coordinator(session, "ana@example.org", "Ana Souza")
    now = utc_now()
    _, secret = api_keys.create(
        session,
        name="Short",
        scopes=frozenset({Scope.ACT}),
        owner_id=person.id,
        expires_at=now + timedelta(hours=1),
    )

    assert api_keys.caller_with(session, secret, now) is not None
    assert api_keys.caller_with(session, secret, now + timedelta(hours=1)) is None


def test_a_key_of_the_installation_cannot_act(session: Session) -> None:
    with pytest.raises(Problem):
        api_keys.create(session, name="Root", scopes=frozenset({Scope.ACT}), owner_id=None)


def test_only_its_owner_revokes_a_key(session: Session) -> None:
    ana = person_named(session, PersonDraft(name="Ana", email="ana@example.org"))
    eve = person_named(session, PersonDraft(name="Eve", email="eve@example.org"))
    key, _ = api_keys.create(session, name="X", scopes=frozenset({Scope.ACT}), owner_id=ana.id)

    with pytest.raises(Problem) as refused:
        api_keys.revoke(session, key.id, eve.id)

    assert refused.value.kind.status == 404
    assert key.revoked_at is None


def test_the_configured_feed_key_is_registered_once(session: Session) -> None:
    assert register_feed_key(session, SECRET)
    assert not register_feed_key(session, SECRET)

    caller = api_keys.caller_with(session, SECRET, utc_now())
    assert caller is not None
    assert caller.kind == "system"
    assert caller.scopes == {"feed:read"}
    assert isinstance(caller.id, UUID)


def test_a_feed_key_that_is_changed_replaces_the_one_before(session: Session) -> None:
    other = SECRET[::-1]
    register_feed_key(session, SECRET)
    register_feed_key(session, other)
    assert api_keys.caller_with(session, SECRET, utc_now()) is None
    assert api_keys.caller_with(session, other, utc_now()) is not None

    register_feed_key(session, SECRET)
    assert api_keys.caller_with(session, SECRET, utc_now()) is not None, "it may come back"
    assert api_keys.caller_with(session, other, utc_now()) is None


def test_a_feed_key_that_can_be_guessed_is_refused(session: Session) -> None:
    with pytest.raises(ValueError, match="at least 24"):
        register_feed_key(session, "feed")
    assert session.exec(select(ApiKey)).all() == []


def test_a_service_reads_the_feed_with_the_configured_key(registry: Registry) -> None:
    with registry.database.write() as session:
        register_feed_key(session, SECRET)
    token = registry.client.post("/tokens", headers=bearer(SECRET)).json()["access_token"]

    feed = registry.client.get("/feed", headers=bearer(token))

    assert feed.status_code == 200
    assert feed.headers["content-type"].startswith("application/cloudevents-batch+json")
