"""Whatever is wrong with a request: one clear problem of the right kind, and nothing changes."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, OKPKey

from services.notifier.app import app_of
from services.notifier.links import make_secret
from services.notifier.settings import SERVICE, Settings
from services.notifier.tables import Table
from shared.database import Database
from shared.identity import LocalKeySet, TokenVerifier
from shared.ids import new_id
from shared.problems import CONTENT_TYPE
from tests.databases import SqliteServer
from tests.notifier.callers import bearer, coordinator
from tests.notifier.mailbox import Mailbox
from tests.notifier.world import World
from tests.redis_server import RedisServer

GOOD = {"email": "ana@example.org", "frequency": "daily", "target": {"kind": "everything"}}
UNKNOWN = "018f4e2a-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Stage:
    """The service with its data, which no test here may change."""

    client: TestClient
    world: World
    coordinator: dict[str, str]
    key: OKPKey

    def rows(self) -> dict[str, list[tuple[str, ...]]]:
        """Return every row of every table."""
        with self.world.database.read() as session:
            return {
                table.name: sorted(tuple(map(repr, row)) for row in session.execute(table.select()))
                for table in Table.metadata.sorted_tables
            }


@pytest.fixture(scope="module")
def stage(
    redis_server: RedisServer, sqlite_server: SqliteServer, signing_key: OKPKey
) -> Iterator[Stage]:
    """One stage for all tests."""
    database = Database(sqlite_server.migrated(SERVICE.migrations))
    make_secret(database)
    world = World(database, Mailbox(), "https://south.example.org")
    world.open_group()
    world.subscribe("ana@example.org")
    verifier = TokenVerifier(LocalKeySet(KeySet([signing_key])))
    headers = coordinator(world, signing_key)
    settings = Settings(redis_url=redis_server.url, public_url=world.public_url)
    with TestClient(app_of(settings, database, verifier)) as client:
        yield Stage(client, world, headers, signing_key)


def assert_problem(
    stage: Stage, status: int, kind: str, method: str, path: str, **sent: Any
) -> Any:
    before = stage.rows()
    answer = stage.client.request(method, path, **sent)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == CONTENT_TYPE
    body = answer.json()
    assert body["type"] == f"/problems/{kind}"
    assert body["detail"].endswith((".", ")")) or ":" in body["detail"]
    assert stage.rows() == before
    return body


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"unknown": 1}, "/unknown"),
        ({"email": "nobody"}, "/email"),
        ({"email": "a\r\nBcc: b@example.org"}, "/email"),
        ({"email": "a@" + "x" * 300 + ".org"}, "/email"),
        ({"email": 7}, "/email"),
        ({"email": None}, "/email"),
        ({"frequency": "hourly"}, "/frequency"),
        ({"frequency": 1}, "/frequency"),
        ({"language": "tlh"}, "/language"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"time_zone": "../../etc/passwd"}, "/time_zone"),
        ({"hour": 24}, "/hour"),
        ({"hour": -1}, "/hour"),
        ({"hour": "8"}, "/hour"),
        ({"hour": True}, "/hour"),
        ({"weekday": 0}, "/weekday"),
        ({"weekday": 8}, "/weekday"),
        ({"target": None}, "/target"),
        ({"target": {"kind": "planet", "id": "x"}}, "/target/kind"),
        ({"target": {"kind": "theme"}}, "/target"),
        ({"target": {"kind": "everything", "id": "x"}}, "/target"),
        ({"target": {"kind": "theme", "id": "x" * 201}}, "/target/id"),
        ({"target": {"kind": "theme", "id": "a\nb"}}, "/target/id"),
        ({"target": {"kind": "theme", "id": "a\u202eb"}}, "/target/id"),
        ({"target": {"kind": "theme", "id": "a\u0000b"}}, "/target/id"),
        ({"target": {"kind": "theme", "id": "no-such-theme"}}, "/target/id"),
        ({"target": {"kind": "theme", "id": "x' OR '1'='1"}}, "/target/id"),
        ({"target": {"kind": "group", "id": "not-an-id"}}, "/target/id"),
        ({"target": {"kind": "group", "id": UNKNOWN}}, "/target/id"),
        ({"target": {"kind": "institution", "id": UNKNOWN}}, "/target/id"),
        ({"target": {"kind": "update_kind", "id": "gossip"}}, "/target/id"),
        ({"target": {"kind": "everything", "more": 1}}, "/target/more"),
    ],
)
def test_a_bad_subscription_names_the_field(
    stage: Stage, changes: dict[str, Any], pointer: str
) -> None:
    body = assert_problem(
        stage, 422, "invalid-input", "POST", "/subscriptions", json={**GOOD, **changes}
    )
    assert pointer in [error["pointer"] for error in body["errors"]]


@pytest.mark.parametrize("missing", ["email", "frequency", "target"])
def test_a_missing_field_is_named(stage: Stage, missing: str) -> None:
    sent = {name: value for name, value in GOOD.items() if name != missing}
    body = assert_problem(stage, 422, "invalid-input", "POST", "/subscriptions", json=sent)
    assert body["errors"][0]["pointer"] == f"/{missing}"


@pytest.mark.parametrize(
    ("status", "kind", "content", "media_type"),
    [
        (400, "malformed-request", b'{"email": ', "application/json"),
        (415, "unsupported-media-type", b"email=a", "application/x-www-form-urlencoded"),
        (413, "too-large", b'"' + b"x" * 300_000 + b'"', "application/json"),
        (422, "invalid-input", b"[]", "application/json"),
    ],
)
def test_a_body_that_cant_be_taken_is_refused(
    stage: Stage, status: int, kind: str, content: bytes, media_type: str
) -> None:
    assert_problem(
        stage,
        status,
        kind,
        "POST",
        "/subscriptions",
        content=content,
        headers={"Content-Type": media_type},
    )


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/digest-runs", {"frequency": "daily"}),
        ("GET", "/digest-runs", None),
        ("GET", f"/digest-runs/{UNKNOWN}", None),
        ("GET", "/deliveries", None),
    ],
)
def test_only_a_coordinator_may(stage: Stage, method: str, path: str, body: Any) -> None:
    sent = {"json": body} if body else {}
    assert_problem(stage, 401, "unauthenticated", method, path, **sent)
    stranger = bearer(stage.key, new_id())
    assert_problem(stage, 403, "forbidden", method, path, headers=stranger, **sent)


def test_a_bad_token_is_refused_however_it_is_bad(stage: Stage) -> None:
    person = new_id()
    foreign = bearer(OKPKey.generate_key("Ed25519", parameters={"kid": "test"}), person)
    expired = bearer(stage.key, person, seconds=-60)
    claims = {
        "iss": "southlink-registry",
        "aud": "southlink",
        "sub": str(person),
        "kind": "person",
        "exp": int(time.time()) + 600,
    }
    confused = jwt.encode(
        {"alg": "HS256", "kid": "test", "typ": "at+jwt"}, claims, OctKey.generate_key(256)
    )
    for headers in (
        foreign,
        expired,
        {"Authorization": f"Bearer {confused}"},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic YTpi"},
    ):
        assert_problem(stage, 401, "unauthenticated", "GET", "/me", headers=headers)


@pytest.mark.parametrize("frequency", ["immediate", "hourly", None, 1])
def test_windows_of_no_such_frequency_cant_be_closed(stage: Stage, frequency: Any) -> None:
    assert_problem(
        stage,
        422,
        "invalid-input",
        "POST",
        "/digest-runs",
        json={"frequency": frequency},
        headers=stage.coordinator,
    )


@pytest.mark.parametrize("run_id", ["not-an-id", UNKNOWN])
def test_an_unknown_run_is_not_found(stage: Stage, run_id: str) -> None:
    assert_problem(
        stage, 404, "not-found", "GET", f"/digest-runs/{run_id}", headers=stage.coordinator
    )


@pytest.mark.parametrize(
    "query", ["state=lost", "limit=0", "limit=201", "limit=x", "cursor=nonsense", "cursor=%00"]
)
def test_a_bad_query_is_refused(stage: Stage, query: str) -> None:
    assert_problem(
        stage, 422, "invalid-input", "GET", f"/deliveries?{query}", headers=stage.coordinator
    )


def test_a_bad_token_confirms_nothing(stage: Stage) -> None:
    path = f"/subscriptions/{new_id()}/confirm"
    assert_problem(stage, 422, "bad-link", "POST", path, json={"token": "forged.token"})
    assert_problem(stage, 422, "invalid-input", "POST", path, json={"token": ""})
    assert_problem(stage, 422, "invalid-input", "POST", path, json={"token": "x" * 201})
    assert_problem(stage, 404, "not-found", "POST", "/subscriptions/x/confirm", json={"token": "x"})


@pytest.mark.parametrize("page", ["confirm", "unsubscribe", "preferences"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["", "x", "a.b", "%00", "IjAxIg.c2ln", "%F0%9F%98%80"])
def test_a_page_with_a_bad_token_says_so_to_people(
    stage: Stage, page: str, method: str, token: str
) -> None:
    before = stage.rows()
    answer = stage.client.request(method, f"/{page}?token={token}")
    assert answer.status_code == 422
    assert "open it again from the e-mail, whole" in answer.text
    assert stage.rows() == before


def test_an_idempotency_key_with_another_request_is_refused(stage: Stage) -> None:
    headers = {"Idempotency-Key": str(new_id())}
    assert stage.client.post("/subscriptions", json=GOOD, headers=headers).status_code == 202
    other = {**GOOD, "frequency": "weekly"}
    assert_problem(
        stage, 422, "idempotency-mismatch", "POST", "/subscriptions", json=other, headers=headers
    )
    bad = {"Idempotency-Key": "x" * 201}
    assert_problem(stage, 422, "invalid-input", "POST", "/subscriptions", json=GOOD, headers=bad)


def test_an_unknown_address_or_method_is_refused(stage: Stage) -> None:
    assert_problem(stage, 404, "not-found", "GET", "/nothing")
    assert_problem(stage, 405, "method-not-allowed", "DELETE", "/subscriptions")
