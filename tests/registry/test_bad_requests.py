"""Whatever is wrong with a request of somebody who is signed in: one clear problem, no change."""

# A table reads best with a case a line.
# ruff: noqa: E501

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.registry.journey import FINDING, Person
from tests.registry.stage import Stage, assert_refused


@dataclass(frozen=True)
class Case:
    """A request of somebody who is signed in, and how it must be refused."""

    name: str
    method: str
    path: str
    by: str
    status: int
    slug: str
    body: dict[str, Any] | None = None
    if_match: str | None = '"2"'
    pointer: str | None = None


EVIDENCE = FINDING
REASON = {"reason": "Because."}
UNKNOWN = f"/institutions/{uuid4()}"

CASES = [
    Case("change a foreign one", "PATCH", "/institutions/{foreign}", "focal_point", 404, "not-found", {"acronym": "X"}),
    Case("submit a foreign one", "POST", "/institutions/{foreign}/submit", "focal_point", 404, "not-found", {}),
    Case("verify a foreign one", "POST", "/institutions/{foreign}/verify", "focal_point", 404, "not-found", EVIDENCE),
    Case("read a foreign one", "GET", "/institutions/{foreign}", "focal_point", 404, "not-found"),
    Case("read a foreign history", "GET", "/institutions/{foreign}/history", "focal_point", 404, "not-found"),
    Case("revoke a foreign key", "DELETE", "/api-keys/{key}", "focal_point", 404, "not-found"),
    Case("verify one's own", "POST", "/institutions/{own}/verify", "focal_point", 403, "forbidden", EVIDENCE),
    Case("return one's own", "POST", "/institutions/{own}/return", "focal_point", 403, "forbidden", REASON),
    Case("reject one's own", "POST", "/institutions/{own}/reject", "focal_point", 403, "forbidden", REASON),
    Case("submit as coordinator", "POST", "/institutions/{own}/submit", "coordinator", 403, "forbidden", {}),
    Case("make a feed key", "POST", "/api-keys", "focal_point", 403, "forbidden", {"name": "Feed", "scopes": ["feed:read"]}),
    Case("read the feed", "GET", "/feed", "coordinator", 403, "forbidden"),
    Case("change an unknown one", "PATCH", UNKNOWN, "coordinator", 404, "not-found", {"acronym": "X"}),
    Case("verify an unknown one", "POST", f"{UNKNOWN}/verify", "coordinator", 404, "not-found", EVIDENCE),
    Case("read an unknown one", "GET", UNKNOWN, "coordinator", 404, "not-found"),
    Case("read what is no id", "GET", "/institutions/1;DROP TABLE institution", "coordinator", 404, "not-found"),
    Case("change an old version", "PATCH", "/institutions/{own}", "focal_point", 412, "version-conflict", {"acronym": "X"}, '"1"'),
    Case("change a version to come", "PATCH", "/institutions/{own}", "focal_point", 412, "version-conflict", {"acronym": "X"}, '"3"'),
    Case("verify an old version", "POST", "/institutions/{own}/verify", "coordinator", 412, "version-conflict", EVIDENCE, '"1"'),
    Case("change no version", "PATCH", "/institutions/{own}", "focal_point", 428, "version-required", {"acronym": "X"}, None),
    Case("verify no version", "POST", "/institutions/{own}/verify", "coordinator", 428, "version-required", EVIDENCE, None),
    Case("change any version", "PATCH", "/institutions/{own}", "focal_point", 422, "invalid-input", {"acronym": "X"}, "*", "If-Match"),
    Case("a version without quotes", "PATCH", "/institutions/{own}", "focal_point", 422, "invalid-input", {"acronym": "X"}, "2", "If-Match"),
    Case("submit what is submitted", "POST", "/institutions/{own}/submit", "focal_point", 409, "not-allowed-now", {}),
    Case("an unknown field", "PATCH", "/institutions/{own}", "focal_point", 422, "invalid-input", {"status": "verified"}, pointer="/status"),
    Case("an emptied name", "PATCH", "/institutions/{own}", "focal_point", 422, "invalid-input", {"name": None}, pointer="/name"),
    Case("a line break", "PATCH", "/institutions/{own}", "focal_point", 422, "invalid-input", {"name": "A\nB"}, pointer="/name"),
    Case("an unknown country", "PATCH", "/institutions/{own}", "focal_point", 422, "invalid-input", {"country": "ZZ"}, pointer="/country"),
    Case("a type without its subtype", "PATCH", "/institutions/{own}", "focal_point", 422, "invalid-input", {"organisation_type": "10"}, pointer="/subtype"),
    Case("no evidence", "POST", "/institutions/{own}/verify", "coordinator", 422, "invalid-input", {}, pointer="/evidence"),
    Case("blank evidence", "POST", "/institutions/{own}/verify", "coordinator", 422, "invalid-input", {"evidence": " \n "}, pointer="/evidence"),
    Case("no reason", "POST", "/institutions/{own}/return", "coordinator", 422, "invalid-input", {}, pointer="/reason"),
    Case("a reason too long", "POST", "/institutions/{own}/reject", "coordinator", 422, "invalid-input", {"reason": "x" * 2001}, pointer="/reason"),
    Case("a reason with a control character", "POST", "/institutions/{own}/reject", "coordinator", 422, "invalid-input", {"reason": "a\x1bb"}, pointer="/reason"),
    Case("a duplicate of no id", "POST", "/institutions/{own}/reject", "coordinator", 422, "invalid-input", {**REASON, "duplicate_of": "WFP"}, pointer="/duplicate_of"),
    Case("a duplicate of nothing", "POST", "/institutions/{own}/reject", "coordinator", 422, "invalid-input", {**REASON, "duplicate_of": str(uuid4())}, pointer="/duplicate_of"),
    Case("a field in an empty body", "POST", "/institutions/{own}/submit", "focal_point", 422, "invalid-input", {"now": True}, pointer="/now"),
    Case("a key without a scope", "POST", "/api-keys", "focal_point", 422, "invalid-input", {"name": "X", "scopes": []}, pointer="/scopes"),
    Case("a key of an unknown scope", "POST", "/api-keys", "focal_point", 422, "invalid-input", {"name": "X", "scopes": ["root"]}, pointer="/scopes/0"),
    Case("a key that has ended", "POST", "/api-keys", "focal_point", 422, "invalid-input", {"name": "X", "scopes": ["act"], "expires_at": "2020-12-15T00:00:00Z"}, pointer="/expires_at"),
    Case("a key with a time without zone", "POST", "/api-keys", "focal_point", 422, "invalid-input", {"name": "X", "scopes": ["act"], "expires_at": "2099-12-15T00:00:00"}, pointer="/expires_at"),
    Case("a key beyond all years", "POST", "/api-keys", "focal_point", 422, "invalid-input", {"name": "X", "scopes": ["act"], "expires_at": "99999-12-15T00:00:00Z"}, pointer="/expires_at"),
    Case("a page from nowhere", "GET", "/institutions?cursor=%00%ff", "coordinator", 422, "invalid-input", pointer="cursor"),
    Case("an empty page", "GET", "/institutions?limit=0", "coordinator", 422, "invalid-input", pointer="limit"),
    Case("a page too long", "GET", "/institutions?limit=201", "coordinator", 422, "invalid-input", pointer="limit"),
    Case("a page of a word", "GET", "/institutions?limit=many", "coordinator", 422, "invalid-input", pointer="limit"),
    Case("an unknown state", "GET", "/institutions?status=famous", "coordinator", 422, "invalid-input", pointer="status"),
    Case("words too long", "GET", "/institutions?q=" + "x" * 201, "coordinator", 422, "invalid-input", pointer="q"),
    Case("words with a null character", "GET", "/institutions?q=a%00b", "coordinator", 422, "invalid-input", pointer="q"),
    Case("an unknown vocabulary", "GET", "/vocabularies/planets", "coordinator", 404, "not-found"),
    Case("an unknown address", "GET", "/wishes", "coordinator", 404, "not-found"),
    Case("a method that isn't there", "PUT", "/institutions", "coordinator", 405, "method-not-allowed"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_request_that_cannot_be_done_is_refused(stage: Stage, case: Case) -> None:
    person: Person = getattr(stage, case.by)
    headers = {**person.headers, **({"If-Match": case.if_match} if case.if_match else {})}

    assert_refused(
        stage,
        lambda: stage.send(case.method, stage.path(case.path), headers=headers, json=case.body),
        case.status,
        case.slug,
        case.pointer,
    )


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"email": "ana"}, "/email"),
        ({}, "/email"),
        ({"email": "ana@example.org", "name": "Ana"}, "/name"),
    ],
)
def test_a_bad_request_for_a_code_is_refused(
    stage: Stage, body: dict[str, Any], pointer: str
) -> None:
    assert_refused(
        stage, lambda: stage.send("POST", "/sign-ins", json=body), 422, "invalid-input", pointer
    )


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"code": "12345"}, "/code"),
        ({"code": "1234567"}, "/code"),
        ({"code": "12345a"}, "/code"),
        ({"code": "１２３４５６"}, "/code"),
        ({"code": "123456\n"}, "/code"),
        ({"code": 123456}, "/code"),
        ({"challenge": ""}, "/challenge"),
        ({"challenge": "x" * 101}, "/challenge"),
        ({"extra": "x"}, "/extra"),
    ],
)
def test_a_code_that_is_none_is_refused_without_costing_a_try(
    stage: Stage, changed: dict[str, Any], pointer: str
) -> None:
    body = {"code": "123456", "challenge": "x", **changed}

    assert_refused(
        stage,
        lambda: stage.send("POST", f"/sign-ins/{uuid4()}/confirm", json=body),
        422,
        "invalid-input",
        pointer,
    )


def test_the_code_of_an_unknown_sign_in_is_refused(stage: Stage) -> None:
    body = {"code": "123456", "challenge": "x"}

    assert_refused(
        stage,
        lambda: stage.send("POST", f"/sign-ins/{uuid4()}/confirm", json=body),
        404,
        "not-found",
    )
