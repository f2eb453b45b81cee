"""Whatever is wrong with a verification or a flag: one clear problem with its place, no change."""

# A table reads best with a case a line.
# ruff: noqa: E501

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.registry.journey import CHECKLIST, FINDING, Person
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
    pointer: str | None = None
    if_match: str = '"2"'


def checked(*checks: dict[str, Any]) -> dict[str, Any]:
    """Return a finding with another checklist."""
    return {"evidence": "Seen.", "checklist": list(checks)}


CONTACT = {"item": "contact_confirmed", "outcome": "confirmed"}
MANDATE = {"item": "mandate", "outcome": "confirmed"}
VERIFY = "/institutions/{own}/verify"
FLAGS = "/institutions/{own}/flags"
FLAG = {"severity": "concern", "reason": "Hm."}
REASON = {"reason": "Because."}
UNKNOWN = f"/institutions/{uuid4()}"
ITEM = {"institution_id": str(uuid4()), "version": 2, **FINDING}

CASES = [
    Case("no checklist", "POST", VERIFY, "coordinator", 422, "invalid-input", {"evidence": "Seen."}, "/checklist"),
    Case("an empty checklist", "POST", VERIFY, "coordinator", 422, "invalid-input", checked(), "/checklist"),
    Case("a checklist that is no list", "POST", VERIFY, "coordinator", 422, "invalid-input", {"evidence": "Seen.", "checklist": "all"}, "/checklist"),
    Case("more checks than there are", "POST", VERIFY, "coordinator", 422, "invalid-input", checked(*[CONTACT] * 6), "/checklist"),
    Case("an unknown item", "POST", VERIFY, "coordinator", 422, "invalid-input", checked(CONTACT, {"item": "charm", "outcome": "confirmed"}), "/checklist/1/item"),
    Case("an unknown outcome", "POST", VERIFY, "coordinator", 422, "invalid-input", checked({"item": "mandate", "outcome": "perhaps"}), "/checklist/0/outcome"),
    Case("a check without outcome", "POST", VERIFY, "coordinator", 422, "invalid-input", checked({"item": "mandate"}), "/checklist/0/outcome"),
    Case("an unknown field of a check", "POST", VERIFY, "coordinator", 422, "invalid-input", checked({**MANDATE, "by": "me"}), "/checklist/0/by"),
    Case("an item twice", "POST", VERIFY, "coordinator", 422, "invalid-input", checked(CONTACT, MANDATE, CONTACT), "/checklist/2/item"),
    Case("no mandate of a multilateral body", "POST", VERIFY, "coordinator", 422, "invalid-input", checked(CONTACT), "/checklist"),
    Case("a mandate not confirmed", "POST", VERIFY, "coordinator", 422, "invalid-input", checked(CONTACT, {**MANDATE, "outcome": "not_confirmed", "comment": "None."}), "/checklist/1/outcome"),
    Case("a contact not applicable", "POST", VERIFY, "coordinator", 422, "invalid-input", checked(MANDATE, {**CONTACT, "outcome": "not_applicable", "comment": "None."}), "/checklist/1/outcome"),
    Case("not confirmed without a word", "POST", VERIFY, "coordinator", 422, "invalid-input", checked(*CHECKLIST[:2], {"item": "nomination_letter", "outcome": "not_confirmed"}), "/checklist/2/comment"),
    Case("a blank comment", "POST", VERIFY, "coordinator", 422, "invalid-input", checked(MANDATE, {**CONTACT, "comment": " "}), "/checklist/1/comment"),
    Case("a comment too long", "POST", VERIFY, "coordinator", 422, "invalid-input", checked(MANDATE, {**CONTACT, "comment": "x" * 2001}), "/checklist/1/comment"),
    Case("a comment that runs backwards", "POST", VERIFY, "coordinator", 422, "invalid-input", checked(MANDATE, {**CONTACT, "comment": "a\u202eb"}), "/checklist/1/comment"),
    Case("suspend what is not verified", "POST", "/institutions/{own}/suspend", "coordinator", 409, "not-allowed-now", REASON),
    Case("suspend without a reason", "POST", "/institutions/{own}/suspend", "coordinator", 422, "invalid-input", {}, "/reason"),
    Case("suspend an old version", "POST", "/institutions/{own}/suspend", "coordinator", 412, "version-conflict", REASON, None, '"1"'),
    Case("suspend one's own", "POST", "/institutions/{own}/suspend", "focal_point", 403, "forbidden", REASON),
    Case("suspend an unknown one", "POST", f"{UNKNOWN}/suspend", "coordinator", 404, "not-found", REASON),
    Case("reinstate what is not suspended", "POST", "/institutions/{own}/reinstate", "coordinator", 409, "not-allowed-now", REASON),
    Case("reinstate without a reason", "POST", "/institutions/{own}/reinstate", "coordinator", 422, "invalid-input", {}, "/reason"),
    Case("reinstate one's own", "POST", "/institutions/{own}/reinstate", "focal_point", 403, "forbidden", REASON),
    Case("withdraw a foreign one", "POST", "/institutions/{foreign}/withdraw", "focal_point", 404, "not-found", REASON),
    Case("withdraw as coordinator", "POST", "/institutions/{own}/withdraw", "coordinator", 403, "forbidden", REASON),
    Case("withdraw without a reason", "POST", "/institutions/{own}/withdraw", "focal_point", 422, "invalid-input", {"reason": ""}, "/reason"),
    Case("withdraw an old version", "POST", "/institutions/{own}/withdraw", "focal_point", 412, "version-conflict", REASON, None, '"1"'),
    Case("a note of a number", "POST", "/institutions/{own}/submit", "focal_point", 422, "invalid-input", {"note": 1}, "/note"),
    Case("read foreign verifications", "GET", "/institutions/{foreign}/verifications", "focal_point", 404, "not-found"),
    Case("read the queue", "GET", "/verification-queue", "focal_point", 403, "forbidden"),
    Case("an unknown queue", "GET", "/verification-queue?waiting_for=godot", "coordinator", 422, "invalid-input", None, "waiting_for"),
    Case("a page of the queue from nowhere", "GET", "/verification-queue?cursor=x", "coordinator", 422, "invalid-input", None, "cursor"),
    Case("a page of the queue too long", "GET", "/verification-queue?limit=51", "coordinator", 422, "invalid-input", None, "limit"),
    Case("flag one's own", "POST", FLAGS, "focal_point", 403, "forbidden", FLAG),
    Case("flag a foreign one", "POST", "/institutions/{foreign}/flags", "focal_point", 404, "not-found", FLAG),
    Case("flag an unknown one", "POST", f"{UNKNOWN}/flags", "coordinator", 404, "not-found", FLAG),
    Case("a flag of no severity", "POST", FLAGS, "coordinator", 422, "invalid-input", REASON, "/severity"),
    Case("a flag of a fifth severity", "POST", FLAGS, "coordinator", 422, "invalid-input", {**FLAG, "severity": "fatal"}, "/severity"),
    Case("a flag without a reason", "POST", FLAGS, "coordinator", 422, "invalid-input", {"severity": "concern"}, "/reason"),
    Case("a flag with a blank reason", "POST", FLAGS, "coordinator", 422, "invalid-input", {**FLAG, "reason": "\n"}, "/reason"),
    Case("lift an unknown flag", "POST", f"{FLAGS}/{uuid4()}/lift", "coordinator", 404, "not-found", REASON),
    Case("lift a flag without a reason", "POST", f"{FLAGS}/{uuid4()}/lift", "coordinator", 422, "invalid-input", {}, "/reason"),
    Case("lift a flag of one's own", "POST", f"{FLAGS}/{uuid4()}/lift", "focal_point", 403, "forbidden", REASON),
    Case("read one's own flags", "GET", FLAGS, "focal_point", 403, "forbidden"),
    Case("read foreign flags", "GET", "/institutions/{foreign}/flags", "focal_point", 404, "not-found"),
    Case("read all flags", "GET", "/flags", "focal_point", 403, "forbidden"),
    Case("flags of a fifth severity", "GET", "/flags?severity=fatal", "coordinator", 422, "invalid-input", None, "severity"),
    Case("verify many as focal point", "POST", "/verifications", "focal_point", 403, "forbidden", {"items": [ITEM]}),
    Case("verify none", "POST", "/verifications", "coordinator", 422, "invalid-input", {"items": []}, "/items"),
    Case("verify too many", "POST", "/verifications", "coordinator", 422, "invalid-input", {"items": [ITEM] * 201}, "/items"),
    Case("many with one of no id", "POST", "/verifications", "coordinator", 422, "invalid-input", {"items": [ITEM, {**ITEM, "institution_id": "WFP"}]}, "/items/1/institution_id"),
    Case("many with one of no version", "POST", "/verifications", "coordinator", 422, "invalid-input", {"items": [{**ITEM, "version": 0}]}, "/items/0/version"),
    Case("many with a bad check", "POST", "/verifications", "coordinator", 422, "invalid-input", {"items": [ITEM, {**ITEM, **checked({"item": "charm", "outcome": "confirmed"})}]}, "/items/1/checklist/0/item"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_request_that_cannot_be_done_is_refused(stage: Stage, case: Case) -> None:
    person: Person = getattr(stage, case.by)

    assert_refused(
        stage,
        lambda: stage.send(
            case.method,
            stage.path(case.path),
            headers={**person.headers, "If-Match": case.if_match},
            json=case.body,
        ),
        case.status,
        case.slug,
        case.pointer,
    )


@pytest.mark.parametrize("key", ["", "with space", "é", "x" * 201])
def test_an_idempotency_key_that_is_none_is_refused(stage: Stage, key: str) -> None:
    assert_refused(
        stage,
        lambda: stage.send(
            "POST",
            "/verifications",
            headers={**stage.coordinator.headers, "Idempotency-Key": key.encode()},
            json={"items": [ITEM]},
        ),
        422,
        "invalid-input",
        "Idempotency-Key",
    )


def test_a_flag_is_lifted_only_where_it_stands(stage: Stage) -> None:
    raised = stage.send(
        "POST", stage.path(FLAGS), headers=stage.coordinator.headers, json=FLAG
    ).json()

    assert_refused(
        stage,
        lambda: stage.send(
            "POST",
            stage.path("/institutions/{foreign}/flags/") + f"{raised['id']}/lift",
            headers=stage.coordinator.headers,
            json=REASON,
        ),
        404,
        "not-found",
    )
