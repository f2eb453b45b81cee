"""A service under a prefix that a gateway strips: its answers lead back through the gateway."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tests.shared import ledger


@pytest.fixture
def behind_gateway(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The tiny service, which its users see under /ledger."""
    monkeypatch.setenv("ROOT_PATH", "/ledger")
    with TestClient(ledger.build(database_url), raise_server_exceptions=False) as client:
        yield client


def test_the_location_of_what_was_made_has_the_prefix(behind_gateway: TestClient) -> None:
    made = behind_gateway.post("/entries", json={"title": "x"})
    assert made.headers["location"] == f"/ledger/entries/{made.json()['id']}"


def test_a_repeated_creation_answers_the_same_location(behind_gateway: TestClient) -> None:
    key = {"Idempotency-Key": "once"}
    first, second = (
        behind_gateway.post("/entries", json={"title": "x"}, headers=key).headers["location"]
        for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nothing"), ("POST", "/entries"), ("POST", "/entries/broken")]
)
def test_the_type_of_a_problem_has_the_prefix_and_leads_to_its_page(
    behind_gateway: TestClient, method: str, path: str
) -> None:
    body = {"title": "x"} if path.endswith("broken") else {}
    kind = behind_gateway.request(method, path, json=body).json()["type"]
    assert kind.startswith("/ledger/problems/")
    page = behind_gateway.get(kind.removeprefix("/ledger"))
    assert page.headers["content-type"].startswith("text/html")


def test_a_body_over_the_limit_is_a_problem_with_the_prefix(behind_gateway: TestClient) -> None:
    answer = behind_gateway.post("/entries", content=b"x" * 3_000)
    assert answer.json()["type"] == "/ledger/problems/too-large"


def test_an_address_with_a_slash_too_many_leads_nowhere_rather_than_out_of_the_prefix(
    behind_gateway: TestClient,
) -> None:
    assert behind_gateway.get("/entries/", follow_redirects=False).status_code == 404
