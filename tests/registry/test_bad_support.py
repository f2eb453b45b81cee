"""Whatever is wrong with a need or an offer: its field is named, and nothing changes."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.registry.partners import NEED, Partners, meet
from tests.registry.stage import Stage, everything

Written = tuple[Partners, dict[str, Any], dict[str, Any]]

BAD = [
    ("an unknown field", {"state": "published"}, "/state"),
    ("no title", {"title": None}, "/title"),
    ("an empty title", {"title": " "}, "/title"),
    ("a title too long", {"title": "x" * 201}, "/title"),
    ("a line break in the title", {"title": "A\nB"}, "/title"),
    ("a right-to-left override", {"title": "A\u202eB"}, "/title"),
    ("a zero-width space in the text", {"text": "A\u200bB"}, "/text"),
    ("a text too long", {"text": "x" * 20_001}, "/text"),
    ("an unknown kind", {"kind": "wishes"}, "/kind"),
    ("a kind as a list", {"kind": ["training"]}, "/kind"),
    ("an unknown theme", {"themes": ["digital-transformation", "x"]}, "/themes/1"),
    ("a theme twice", {"themes": ["entrepreneurship"] * 2}, "/themes"),
    ("themes as text", {"themes": "entrepreneurship"}, "/themes"),
    ("an unknown goal", {"sdgs": ["18"]}, "/sdgs/0"),
    ("a goal as number", {"sdgs": [2]}, "/sdgs/0"),
    ("an unknown country", {"countries": ["BD", "XX"]}, "/countries/1"),
    ("a country in small letters", {"countries": ["bd"]}, "/countries/0"),
    ("too many countries", {"countries": [f"A{n}" for n in range(51)]}, "/countries"),
    ("a language by name", {"languages": ["English"]}, "/languages/0"),
    ("a language with a line break", {"languages": ["e\nn"]}, "/languages/0"),
    ("a day that isn't", {"starts_on": "2027-02-30"}, "/starts_on"),
    ("a day beyond all years", {"ends_on": "9999-01-01"}, "/ends_on"),
    ("an end before the start", {"starts_on": "2027-02-02", "ends_on": "2027-02-01"}, "/ends_on"),
    ("a volume of nothing", {"volume": {"amount": 0, "unit": "people"}}, "/volume/amount"),
    ("a volume in words", {"volume": {"amount": "40", "unit": "people"}}, "/volume/amount"),
    ("a volume without end", {"volume": {"amount": 10**13, "unit": "people"}}, "/volume/amount"),
    ("an unknown unit", {"volume": {"amount": 1, "unit": "wishes"}}, "/volume/unit"),
    ("money without currency", {"volume": {"amount": 1, "unit": "money"}}, "/volume/currency"),
    (
        "an unknown currency",
        {"volume": {"amount": 1, "unit": "money", "currency": "XXZ"}},
        "/volume/currency",
    ),
    (
        "people in dollars",
        {"volume": {"amount": 1, "unit": "people", "currency": "USD"}},
        "/volume/currency",
    ),
    ("a need that facilitates", {"facilitates": True}, "/facilitates"),
    ("an institution that is no id", {"institution_id": "WFP"}, "/institution_id"),
]


@pytest.fixture(scope="module")
def bad_stage(stage: Stage) -> Written:
    """Partners with a draft and a published need that no test changes."""
    partners = meet(stage.registry, stage.coordinator)
    return partners, partners.draft_need(), partners.need()


def assert_refused(
    partners: Partners, method: str, path: str, *, pointer: str | None, status: int, **request: Any
) -> None:
    before = everything(partners.registry.database)
    answer = partners.send(method, path, partners.recipient, **request)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 20
    if pointer is not None:
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert everything(partners.registry.database) == before


@pytest.mark.parametrize(("changed", "pointer"), [c[1:] for c in BAD], ids=[c[0] for c in BAD])
def test_a_bad_draft_names_its_field(
    bad_stage: Written,
    changed: dict[str, Any],
    pointer: str,
) -> None:
    partners, _, _ = bad_stage
    body = {**NEED, "institution_id": partners.recipient_id, **changed}
    assert_refused(
        partners,
        "POST",
        "/needs",
        status=422,
        pointer=pointer,
        content=json.dumps(body),
        headers={"Content-Type": "application/json"},
    )


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"themes": []}, "/themes"),
        ({"ends_on": "2020-12-31"}, "/ends_on"),
        ({"title": None}, "/title"),
        ({"themes": None}, "/themes"),
        ({"kind": "wishes"}, "/kind"),
        ({"institution_id": str(uuid4())}, "/institution_id"),
        ({"facilitates": True}, "/facilitates"),
        ({"volume": {"amount": 1}}, "/volume/unit"),
    ],
)
def test_a_bad_change_names_its_field(
    bad_stage: Written,
    changed: dict[str, Any],
    pointer: str,
) -> None:
    partners, _, need = bad_stage
    assert_refused(
        partners,
        "PATCH",
        f"/needs/{need['id']}",
        status=422,
        pointer=pointer,
        version=need["version"],
        json=changed,
    )


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [({"themes": []}, "/themes"), ({"ends_on": "2020-12-31"}, "/ends_on")],
    ids=["without a theme", "over"],
)
def test_what_others_cannot_use_is_not_published(
    embedded_partners: Partners, changed: dict[str, Any], pointer: str
) -> None:
    draft = embedded_partners.draft_need(**changed)
    assert_refused(
        embedded_partners,
        "POST",
        f"/needs/{draft['id']}/publish",
        status=422,
        pointer=pointer,
        version=1,
    )


@pytest.mark.parametrize(
    ("method", "path", "status", "version", "pointer"),
    [
        ("PATCH", "/needs/{need}", 412, 1, None),
        ("PATCH", "/needs/{need}", 428, None, None),
        ("POST", "/needs/{need}/publish", 409, 2, None),
        ("POST", "/needs/{draft}/publish", 412, 9, None),
        ("POST", "/offers/{need}/publish", 404, 2, None),
        ("GET", "/needs/{unknown}", 404, None, None),
        ("GET", "/needs/nonsense", 404, None, None),
        ("POST", "/needs/{need}/matches/{unknown}/dismiss", 404, 2, None),
        ("GET", "/introductions/{unknown}", 404, None, None),
        ("POST", "/introductions/{unknown}/accept", 404, 1, None),
        ("GET", "/needs?kind=wishes", 422, None, "kind"),
        ("GET", "/needs?theme=x", 422, None, "theme"),
        ("GET", "/needs?sdg=18", 422, None, "sdg"),
        ("GET", "/needs?country=bd", 422, None, "country"),
        ("GET", "/needs?language=English!", 422, None, "language"),
        ("GET", "/needs?state=famous", 422, None, "state"),
        ("GET", "/needs?institution_id=WFP", 422, None, "institution_id"),
        ("GET", "/needs?cursor=%00", 422, None, "cursor"),
        ("GET", "/introductions?state=famous", 422, None, "state"),
    ],
)
def test_a_request_that_cannot_be_done_is_refused(
    *,
    bad_stage: Written,
    method: str,
    path: str,
    status: int,
    version: int | None,
    pointer: str | None,
) -> None:
    partners, draft, need = bad_stage
    path = path.format(need=need["id"], draft=draft["id"], unknown=uuid4())
    body = {"title": "Another title"} if method == "PATCH" else None
    assert_refused(
        partners, method, path, status=status, pointer=pointer, version=version, json=body
    )


def test_a_foreign_need_cannot_be_written(
    bad_stage: Written,
) -> None:
    partners, draft, need = bad_stage
    for item in (draft, need):
        for person in (partners.provider, partners.coordinator):
            for method, path in [
                ("PATCH", f"/needs/{item['id']}"),
                ("POST", f"/needs/{item['id']}/publish"),
                ("POST", f"/needs/{item['id']}/withdraw"),
            ]:
                change = {"title": "Mine"} if method == "PATCH" else {}
                answer = partners.send(method, path, person, version=item["version"], json=change)
                assert answer.status_code == 404
    body = {**NEED, "institution_id": partners.recipient_id}
    assert partners.send("POST", "/needs", partners.provider, json=body).status_code == 404
