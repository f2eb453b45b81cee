"""The verification queue, and many verified at once."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from services.registry import verification
from services.registry.tables import HistoryEntry, Institution, Verification
from shared.columns import utc_now
from tests.registry.journey import CHECKLIST, FINDING, Person, Registry
from tests.registry.stage import everything


def queue(registry: Registry, by: Person, **query: Any) -> list[dict[str, Any]]:
    answer = registry.client.get("/verification-queue", params=query, headers=by.headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def finding(institution: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "institution_id": institution["id"],
        "version": institution["version"],
        **FINDING,
        **changed,
    }


def verify_many(registry: Registry, by: Person, *findings: Any, key: str | None = None) -> Any:
    headers = {**by.headers, **({"Idempotency-Key": key} if key else {})}
    return registry.client.post("/verifications", json={"items": findings}, headers=headers)


def three_submitted(registry: Registry) -> list[dict[str, Any]]:
    names = (("World Food Programme", "WFP"), ("Ministry of Health", "MH"), ("UN Women", "UNW"))
    return [registry.submitted(name=name, acronym=short)[0] for name, short in names]


def test_who_was_submitted_first_comes_first_and_a_correction_costs_no_place(
    registry: Registry,
) -> None:
    coordinator = registry.coordinator()
    first, focal_point = registry.submitted()
    second, _ = registry.submitted(name="World Food Programme", acronym="WFP")
    registry.step(first, "update", focal_point, country="TH")

    waiting = queue(registry, coordinator)

    assert [item["institution"]["id"] for item in waiting] == [first["id"], second["id"]]


def test_who_was_returned_waits_again_from_the_new_submission(registry: Registry) -> None:
    coordinator = registry.coordinator()
    first, focal_point = registry.submitted()
    second, _ = registry.submitted(name="World Food Programme", acronym="WFP")
    returned = registry.step(first, "return", coordinator, reason="Which country?").json()
    assert [item["institution"]["id"] for item in queue(registry, coordinator)] == [second["id"]]

    registry.step(returned, "submit", focal_point)

    waiting = queue(registry, coordinator)
    assert [item["institution"]["id"] for item in waiting] == [second["id"], first["id"]]


def test_a_coordinator_sees_what_waits_for_how_long_and_what_speaks_against_it(
    registry: Registry,
) -> None:
    coordinator = registry.coordinator()
    institution, _ = registry.submitted()
    registry.submitted(name="World Food Programme", acronym="WFP", website=None)
    for severity in ("concern", "blocking"):
        registry.client.post(
            f"/institutions/{institution['id']}/flags",
            json={"severity": severity, "reason": "Unclear."},
            headers=coordinator.headers,
        )
    with registry.database.write() as session:
        session.execute(
            update(HistoryEntry)
            .where(col(HistoryEntry.institution_id) != uuid4())
            .values(at=utc_now() - timedelta(days=15, hours=3))
        )

    [item, other] = queue(registry, coordinator)

    assert item["institution"]["id"] == institution["id"]
    assert item["days_waiting"] == 15
    assert (item["open_flags"], item["blocked"]) == (2, True)
    assert item["must_confirm"] == [["contact_confirmed"], ["mandate"]]
    assert (other["open_flags"], other["blocked"]) == (0, False)
    figures = registry.client.get("/metrics").text
    [waited] = [
        float(line.split()[1])
        for line in figures.splitlines()
        if line.startswith("southlink_verification_queue_oldest_seconds ")
    ]
    assert waited == pytest.approx(15.125 * 86400, abs=120)


def test_what_may_repeat_another_is_shown_as_blocked_until_somebody_looks(
    embedded_registry: Registry,
) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    kept, _ = registry.verified(coordinator)
    repeated, _ = registry.submitted(website=None)
    [waiting] = queue(registry, coordinator)
    assert (waiting["possible_duplicates"], waiting["blocked"]) == (1, True)

    registry.client.post(
        f"/institutions/{repeated['id']}/duplicates/{kept['id']}/decisions",
        json={"decision": "distinct", "reason": "Its office in Bangkok, by treaty its own."},
        headers={**coordinator.headers, "If-Match": f'"{repeated["version"]}"'},
    )

    [waiting] = queue(registry, coordinator)
    assert (waiting["possible_duplicates"], waiting["blocked"]) == (1, False)


def test_odd_domains_are_counted_in_the_queue(embedded_registry: Registry) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    registry.verified(coordinator, email_domains=["fao.example"])
    registry.submitted(
        name="World Food Programme", acronym="WFP", website=None, email_domains=["fa0.example"]
    )

    [waiting] = queue(registry, coordinator)

    assert waiting["cautions"] == 1


def test_renewals_wait_from_90_days_before_the_end(embedded_registry: Registry) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    now = utc_now()
    for institution, days in zip(three_submitted(registry), (-5, 20, 100), strict=True):
        until = now + timedelta(days=days)
        with registry.database.write() as session:
            verification.verify(
                session,
                session.get_one(Institution, UUID(institution["id"])),
                verification.Finding.model_validate(FINDING),
                UUID(coordinator.id),
                until.replace(year=until.year - verification.YEARS),
            )

    waiting = queue(registry, coordinator, waiting_for="renewal")

    assert [item["institution"]["name"] for item in waiting] == [
        "World Food Programme",
        "Ministry of Health",
    ]
    assert [item["institution"]["verification_lapsed"] for item in waiting] == [True, False]
    assert [item["days_waiting"] for item in waiting] == [95, 70]
    assert queue(registry, coordinator) == []
    figures = registry.client.get("/metrics").text.splitlines()
    assert "southlink_verifications_lapsed 1.0" in figures
    assert 'southlink_verifications_expiring{days="30"} 1.0' in figures
    assert 'southlink_verifications_expiring{days="90"} 1.0' in figures


def test_the_queue_comes_page_by_page(embedded_registry: Registry) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    submitted = three_submitted(registry)
    seen, cursor = [], None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = registry.client.get(
            "/verification-queue", params=query, headers=coordinator.headers
        ).json()
        seen += [item["institution"]["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == [item["id"] for item in submitted]


def test_many_are_verified_each_for_itself(registry: Registry) -> None:
    coordinator = registry.coordinator()
    good, stale, incomplete = three_submitted(registry)
    unknown = {"id": str(uuid4()), "version": 2}

    answer = verify_many(
        registry,
        coordinator,
        finding(good),
        finding(stale, version=1),
        finding(incomplete, checklist=[{"item": "mandate", "outcome": "confirmed"}]),
        finding(unknown),
        finding(good),
    )

    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["verified"], body["refused"]) == (1, 4)
    assert body["items"][0]["problem"] is None
    assert body["items"][0]["institution"]["status"] == "verified"
    assert [item["institution"] for item in body["items"][1:]] == [None] * 4
    problems = [item["problem"] for item in body["items"][1:]]
    assert [(problem["status"], problem["type"]) for problem in problems] == [
        (412, "/problems/version-conflict"),
        (422, "/problems/invalid-input"),
        (404, "/problems/not-found"),
        (412, "/problems/version-conflict"),
    ]
    assert [error["pointer"] for error in problems[1]["errors"]] == ["/items/2/checklist"]
    assert registry.read(stale["id"], coordinator)["status"] == "submitted"
    assert registry.read(incomplete["id"], coordinator)["status"] == "submitted"


def test_many_asked_for_twice_with_one_key_are_verified_once(registry: Registry) -> None:
    coordinator = registry.coordinator()
    findings = [finding(institution) for institution in three_submitted(registry)]

    first = verify_many(registry, coordinator, *findings, key="a-spring-clean")
    again = verify_many(registry, coordinator, *findings, key="a-spring-clean")

    assert first.json()["verified"] == 3
    assert again.json() == first.json()
    with registry.database.read() as session:
        assert len(session.exec(select(Verification)).all()) == 3


def test_with_one_key_what_was_refused_is_tried_again_and_the_rest_stays(
    embedded_registry: Registry,
) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    good, blocked, _ = three_submitted(registry)
    flag = registry.client.post(
        f"/institutions/{blocked['id']}/flags",
        json={"severity": "blocking", "reason": "Unclear."},
        headers=coordinator.headers,
    ).json()
    findings = [finding(good), finding(blocked)]
    first = verify_many(registry, coordinator, *findings, key="one").json()
    registry.client.post(
        f"/institutions/{blocked['id']}/flags/{flag['id']}/lift",
        json={"reason": "It is clear now."},
        headers=coordinator.headers,
    )

    again = verify_many(registry, coordinator, *findings, key="one").json()

    assert (first["verified"], again["verified"]) == (1, 2)
    assert again["items"][0] == first["items"][0]
    with registry.database.read() as session:
        assert len(session.exec(select(Verification)).all()) == 2


def test_one_key_for_other_findings_is_refused_before_anything_is_done(
    embedded_registry: Registry,
) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    one, other, _ = three_submitted(registry)
    verify_many(registry, coordinator, finding(one), key="one")
    before = everything(registry.database)

    refused = verify_many(registry, coordinator, finding(other), key="one")

    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/idempotency-mismatch")
    assert everything(registry.database) == before


def test_many_verified_ones_are_verified_again(embedded_registry: Registry) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    institution, _ = registry.verified(coordinator)

    body = verify_many(registry, coordinator, finding(institution, checklist=CHECKLIST)).json()

    assert body["items"][0]["institution"]["version"] == institution["version"] + 1
