"""What every service answers to good and to bad requests, on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from shared.identity import Caller, sign_token
from shared.ids import new_id
from tests.redis_server import free_port
from tests.shared.ledger import KEY
from tests.waiting import wait_until


def titles(client: TestClient) -> list[str]:
    return [item["title"] for item in client.get("/entries").json()["items"]]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"title": "x", "unknown": 1}, "/unknown"),
        ({"title": 7}, "/title"),
        ({}, "/title"),
        ({"title": "x" * 21}, "/title"),
        ({"title": "a\nb"}, "/title"),
        ({"title": "x", "email": "nobody"}, "/email"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_made(
    client: TestClient, body: dict[str, object], where: str
) -> None:
    answer = client.post("/entries", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "/problems/invalid-input"
    assert [error["pointer"] for error in problem["errors"]] == [where]
    assert where in problem["detail"]
    assert titles(client) == []


def test_broken_json_is_said_to_be_broken_json(client: TestClient) -> None:
    answer = client.post(
        "/entries", content=b'{"title": ', headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed-request")


def test_another_media_type_is_refused_by_its_name(client: TestClient) -> None:
    answer = client.post(
        "/entries",
        content=b"title=x",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/unsupported-media-type")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused_whatever_length_it_declares(
    client: TestClient, chunked: bool
) -> None:
    body = b'{"title": "' + b"x" * 3_000 + b'"}'
    content = iter([body[:1_500], body[1_500:]]) if chunked else body
    answer = client.post("/entries", content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")
    assert titles(client) == []


def test_an_unknown_address_and_a_wrong_method_say_so(client: TestClient) -> None:
    assert client.get("/nothing").json()["type"] == "/problems/not-found"
    assert client.delete("/entries").json()["type"] == "/problems/method-not-allowed"
    assert (
        client.patch(
            "/entries/not-an-id", json={"title": "x"}, headers={"If-Match": '"1"'}
        ).status_code
        == 404
    )


def test_our_own_fault_changes_nothing_and_gives_an_id_to_report(
    client: TestClient, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = client.post("/entries/broken", json={"title": "x"})
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal-error")
    assert answer.json()["instance"].endswith(answer.headers["X-Request-Id"])
    assert "broken on purpose" not in answer.text
    assert titles(client) == []


def test_every_problem_type_has_a_page(client: TestClient) -> None:
    kind = client.get("/nothing").json()["type"]
    page = client.get(kind)
    assert page.status_code == 200
    assert "Not found" in page.text


def test_the_first_of_two_edits_wins_and_the_second_is_told(client: TestClient) -> None:
    made = client.post("/entries", json={"title": "first"})
    address, seen = f"/entries/{made.json()['id']}", made.headers["ETag"]
    assert (
        client.patch(address, json={"title": "mine"}, headers={"If-Match": seen}).status_code == 200
    )
    late = client.patch(address, json={"title": "late"}, headers={"If-Match": seen})
    assert (late.status_code, late.json()["type"]) == (412, "/problems/version-conflict")
    assert client.patch(address, json={"title": "x"}).status_code == 428
    assert client.patch(address, json={"title": "x"}, headers={"If-Match": "*"}).status_code == 422
    assert titles(client) == ["mine"]


def test_a_creation_asked_twice_with_one_key_happens_once(client: TestClient) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first = client.post("/entries", json={"title": "once"}, headers=key)
    again = client.post("/entries", json={"title": "once"}, headers=key)
    assert first.json() == again.json()
    assert (again.status_code, again.headers["ETag"]) == (201, '"1"')
    other = client.post("/entries", json={"title": "other"}, headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-mismatch")
    assert titles(client) == ["once"]


def test_the_same_key_from_two_callers_is_two_creations(client: TestClient) -> None:
    for _ in range(2):
        token = sign_token(KEY, Caller(new_id()), 60)
        headers = {"Idempotency-Key": "1", "Authorization": f"Bearer {token}"}
        assert client.post("/entries", json={"title": "mine"}, headers=headers).status_code == 201
    assert titles(client) == ["mine", "mine"]


def test_one_key_sent_many_times_at_once_creates_one(client: TestClient) -> None:
    key = {"Idempotency-Key": str(uuid4())}

    def create(_: int) -> httpx.Response:
        answer: httpx.Response = client.post("/entries", json={"title": "once"}, headers=key)
        return answer

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert titles(client) == ["once"]


@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("listed", ["/entries", "/entries-by-name"])
def test_pages_show_each_entry_once_while_others_are_added(
    client: TestClient, listed: str, newest: bool
) -> None:
    for number in range(5):
        client.post("/entries", json={"title": str(number)})
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "2", "newest": str(newest), **({"cursor": cursor} if cursor else {})}
        page = client.get(listed, params=query).json()
        seen += [item["title"] for item in page["items"]]
        client.post("/entries", json={"title": "later"})
        cursor = page["next_cursor"]
        if cursor is None or len(seen) > 20:
            break
    before = [title for title in seen if title != "later"]
    assert before == (list("43210") if newest else list("01234"))


@pytest.mark.parametrize("query", ["cursor=!!", "cursor=AAAA", "limit=0", "limit=201", "limit=x"])
def test_a_bad_cursor_or_limit_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/entries?{query}").status_code == 422


@pytest.mark.parametrize("cursor", ["!!", "AA", "/w", "a"])
def test_a_cursor_of_a_list_by_text_that_is_not_ours_is_refused(
    client: TestClient, cursor: str
) -> None:
    assert client.get("/entries-by-name", params={"cursor": cursor}).status_code == 422


def test_an_answer_carries_the_headers_that_protect_its_reader(client: TestClient) -> None:
    headers = client.get("/entries").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert "server" not in headers


def test_a_request_id_is_kept_when_it_is_harmless_and_replaced_when_not(client: TestClient) -> None:
    assert client.get("/entries", headers={"X-Request-Id": "a-1"}).headers["X-Request-Id"] == "a-1"
    odd = client.get("/entries", headers={"X-Request-Id": 'x" onload='}).headers["X-Request-Id"]
    assert odd.isalnum()


def test_what_was_answered_is_already_committed(ledger_app: FastAPI) -> None:
    server = uvicorn.Server(
        uvicorn.Config(ledger_app, port=free_port(), log_level="warning", lifespan="on")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started, "the server answers")
    base = f"http://127.0.0.1:{server.config.port}"
    try:
        with httpx.Client(base_url=base) as writer, httpx.Client(base_url=base) as reader:
            for number in range(100):
                made = writer.post("/entries", json={"title": str(number)}).json()
                newest = reader.get("/entries?newest=true&limit=1").json()["items"][0]
                assert newest["id"] == made["id"]
    finally:
        server.should_exit = True
        thread.join()


def test_metrics_count_requests_by_their_route(client: TestClient) -> None:
    client.get("/entries")
    text = client.get("/metrics").text
    assert 'southlink_http_requests_total{method="GET",route="/entries",status="200"} 1.0' in text
    assert "southlink_figures_readable 1.0" in text


def test_the_docs_page_needs_no_foreign_server(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "swagger" in page
    assert "cdn" not in page
