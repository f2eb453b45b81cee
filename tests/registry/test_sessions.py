"""Where a person is signed in: seen, ended one by one or all, and after a time without use."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from services.registry import devices, sessions
from services.registry.forgetting import KEEP, forget
from services.registry.people import PersonDraft, person_named
from services.registry.tables import ApiKey, SignedInSession
from shared.columns import utc_now
from shared.problems import Problem
from tests.registry.journey import Person, Registry

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"


def listed(registry: Registry, by: Person) -> list[dict[str, Any]]:
    response = registry.client.get("/sessions", headers=by.headers)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def token_with(registry: Registry, key: str) -> int:
    response = registry.client.post("/tokens", headers={"Authorization": f"Bearer {key}"})
    status: int = response.status_code
    return status


def test_a_person_sees_where_they_are_signed_in_and_which_one_is_this(registry: Registry) -> None:
    _, ana = registry.submitted()
    registry.client.headers["User-Agent"] = FIREFOX
    second = registry.sign_in(ana.email)

    shown = listed(registry, second)

    assert [(item["device"], item["current"]) for item in shown] == [
        ("testclient", False),
        ("Firefox on Linux", True),
    ]
    assert shown[0].keys() == {
        "id", "device", "created_at", "last_used_at", "expires_at", "current"
    }  # fmt: skip


def test_one_session_is_ended_and_the_others_go_on(registry: Registry) -> None:
    _, ana = registry.submitted()
    second = registry.sign_in(ana.email)
    first_id = listed(registry, ana)[0]["id"]

    ended = registry.client.delete(f"/sessions/{first_id}", headers=second.headers)

    assert ended.status_code == 204
    assert token_with(registry, ana.session_key) == 401
    assert token_with(registry, second.session_key) == 200
    assert (
        registry.client.delete(f"/sessions/{first_id}", headers=second.headers).status_code == 404
    )


def test_all_other_sessions_are_ended_at_once(registry: Registry) -> None:
    _, ana = registry.submitted()
    others = [registry.sign_in(ana.email) for _ in range(2)]

    ended = registry.client.delete("/sessions", headers=ana.headers)

    assert ended.json() == {"ended": 2}
    assert [token_with(registry, other.session_key) for other in others] == [401, 401]
    assert token_with(registry, ana.session_key) == 200


def test_an_ended_session_cannot_do_what_needs_one_even_with_its_last_token(
    embedded_registry: Registry,
) -> None:
    _, ana = embedded_registry.submitted()
    second = embedded_registry.sign_in(ana.email)
    embedded_registry.client.delete("/sessions", headers=ana.headers)

    for method, path in (
        ("DELETE", "/sessions"),
        ("GET", "/me/export"),
        ("POST", "/me/erasure"),
    ):
        refused = embedded_registry.client.request(method, path, headers=second.headers)
        assert refused.status_code == 401, path


def test_a_session_of_somebody_else_is_not_there(embedded_registry: Registry) -> None:
    _, ana = embedded_registry.submitted()
    _, eve = embedded_registry.submitted(name="World Food Programme", acronym="WFP")
    foreign = listed(embedded_registry, ana)[0]["id"]

    refused = embedded_registry.client.delete(f"/sessions/{foreign}", headers=eve.headers)

    assert refused.status_code == 404
    assert token_with(embedded_registry, ana.session_key) == 200


def test_a_coordinator_signs_somebody_out_everywhere(embedded_registry: Registry) -> None:
    _, ana = embedded_registry.submitted()
    coordinator = embedded_registry.coordinator()
    path = f"/people/{ana.id}/sessions"

    assert embedded_registry.client.delete(path, headers=ana.headers).status_code == 403
    ended = embedded_registry.client.delete(path, headers=coordinator.headers)

    assert ended.json() == {"ended": 1}
    assert token_with(embedded_registry, ana.session_key) == 401


def test_a_session_ends_when_it_is_not_used_for_14_days(session: Session) -> None:
    ana = person_named(session, PersonDraft(name="Ana", email="ana@example.org"))
    now = utc_now()
    started = sessions.start(session, ana.id, now)

    almost = now + sessions.IDLE - timedelta(seconds=1)
    used = sessions.exchange(session, started.key, almost)
    assert used.note
    sessions.note_use(session, used, almost)
    session.expire_all()

    assert sessions.exchange(session, started.key, almost + timedelta(days=13)).caller
    with pytest.raises(Problem):
        sessions.exchange(session, started.key, almost + sessions.IDLE)


def test_a_session_from_before_uses_were_noted_goes_on(session: Session) -> None:
    ana = person_named(session, PersonDraft(name="Ana", email="ana@example.org"))
    now = utc_now()
    started = sessions.start(session, ana.id, now)
    kept = session.exec(select(SignedInSession)).one()
    kept.last_used_at = None
    session.add(kept)
    session.flush()

    assert sessions.exchange(session, started.key, now + timedelta(days=13)).note


def test_the_last_use_of_a_key_is_noted_once_a_minute(registry: Registry) -> None:
    _, ana = registry.submitted()
    made = registry.client.post(
        "/api-keys", json={"name": "CRM", "scopes": ["act"]}, headers=ana.headers
    ).json()
    assert made["last_used_at"] is None

    def last_used() -> datetime:
        shown = registry.client.get("/api-keys", headers=ana.headers).json()["items"][0]
        return datetime.fromisoformat(shown["last_used_at"])

    token_with(registry, made["key"])
    first = last_used()
    token_with(registry, made["key"])
    assert last_used() == first, "not at each use"
    with registry.database.write() as session:
        key = session.exec(select(ApiKey)).one()
        key.last_used_at = first - timedelta(minutes=2)
        session.add(key)
    token_with(registry, made["key"])
    assert last_used() >= first


def test_an_api_key_cannot_take_the_person_over(embedded_registry: Registry) -> None:
    _, ana = embedded_registry.submitted()
    key = embedded_registry.client.post(
        "/api-keys", json={"name": "CRM", "scopes": ["act"]}, headers=ana.headers
    ).json()["key"]
    token = embedded_registry.client.post(
        "/tokens", headers={"Authorization": f"Bearer {key}"}
    ).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    assert embedded_registry.client.get("/me", headers=headers).status_code == 200
    for method, path, body in (
        ("POST", "/me/address-changes", {"email": "eve@example.org"}),
        ("POST", "/me/erasure", None),
        ("GET", "/me/export", None),
        ("DELETE", "/sessions", None),
    ):
        refused = embedded_registry.client.request(method, path, headers=headers, json=body)
        assert refused.status_code == 403, path
        assert "Sign in yourself" in refused.json()["detail"]


def test_what_ended_long_ago_is_forgotten(session: Session) -> None:
    ana = person_named(session, PersonDraft(name="Ana", email="ana@example.org"))
    now = utc_now()
    old = sessions.start(session, ana.id, now - KEEP - timedelta(days=31))
    current = sessions.start(session, ana.id, now)

    assert forget(session, now) == 1
    assert forget(session, now) == 0
    assert session.exec(select(SignedInSession.id)).all() == [current.id]
    assert old.id != current.id


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X) Version/17.5 Safari/605.1", "Safari on macOS"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/139.0 Safari/537.36 Edg/139.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/139.0 Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; like Mac OS X) CriOS/139.0 Safari/604.1", "Chrome on iPhone"),
        ("python-httpx/0.28.1", "python-httpx"),
        ("curl/8.9.1", "curl"),
        ("<script>alert(1)</script>", None),
        ("", None),
        (None, None),
    ],
    ids=range(10),
)
def test_a_device_is_named_in_few_words(user_agent: str | None, label: str | None) -> None:
    assert devices.label(user_agent) == label


@given(st.text(max_size=500))
def test_no_header_makes_a_label_that_is_long_or_holds_markup(user_agent: str) -> None:
    label = devices.label(user_agent)

    assert label is None or (
        len(label) <= devices.LONGEST
        and all(
            character.isascii() and (character.isalnum() or character in " ._+-")
            for character in label
        )
    )


def test_many_keys_that_were_not_used_lately_are_exchanged_at_once(registry: Registry) -> None:
    _, ana = registry.submitted()
    keys = [
        registry.client.post(
            "/api-keys", json={"name": f"Key {n}", "scopes": ["act"]}, headers=ana.headers
        ).json()["key"]
        for n in range(24)
    ]

    with ThreadPoolExecutor(len(keys)) as threads:
        statuses = list(threads.map(lambda key: token_with(registry, key), keys))

    assert statuses == [200] * len(keys)
    shown = registry.client.get("/api-keys", headers=ana.headers).json()["items"]
    assert all(key["last_used_at"] for key in shown)
