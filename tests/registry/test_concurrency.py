"""Two at once: what each of them may count on."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import select

from services.registry.sign_in import TRIES
from services.registry.tables import (
    HistoryEntry,
    Institution,
    InstitutionFlag,
    Person,
    Verification,
)
from tests.registry.journey import FINDING, Registry

ResultT = TypeVar("ResultT")


def at_once(number: int, act: Callable[[int], ResultT]) -> list[ResultT]:
    """Run ``act`` in that many threads."""
    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(act, range(number)))


def test_of_two_decisions_on_one_version_one_wins(registry: Registry) -> None:
    coordinator = registry.coordinator()
    institution, _ = registry.submitted()

    def decide(n: int) -> int:
        if n % 2:
            return registry.step(institution, "verify", coordinator, **FINDING).status_code
        return registry.step(institution, "reject", coordinator, reason="No.").status_code

    assert sorted(at_once(6, decide)) == [200, 412, 412, 412, 412, 412]
    with registry.database.read() as session:
        versions = session.exec(select(HistoryEntry.version)).all()
    assert sorted(versions) == [1, 2, 3]


def test_tries_of_a_code_at_once_share_no_try(registry: Registry) -> None:
    registered = registry.register("ana@example.org")
    code = registry.mailbox.code_for("ana@example.org")
    wrong = f"{(int(code) + 1) % 1_000_000:06}"

    answers = at_once(9, lambda _: registry.confirm(registered["sign_in"], wrong).status_code)

    assert sorted(answers) == [409] * (9 - TRIES) + [422] * TRIES


def test_a_code_used_twice_at_once_signs_in_once(registry: Registry) -> None:
    registered = registry.register("ana@example.org")
    code = registry.mailbox.code_for("ana@example.org")

    answers = at_once(4, lambda _: registry.confirm(registered["sign_in"], code).status_code)

    assert sorted(answers) == [200, 409, 409, 409]
    with registry.database.read() as session:
        assert session.exec(select(Institution.version)).all() == [2]


def test_registrations_of_one_new_person_at_once_make_one_person(registry: Registry) -> None:
    answers = at_once(
        6,
        lambda n: (
            registry.client.post(
                "/institutions",
                json=registry.registration("ana@example.org", name=f"Institution {n}"),
            ).status_code
        ),
    )

    assert answers == [201] * 6
    with registry.database.read() as session:
        assert len(session.exec(select(Person)).all()) == 1
        assert len(session.exec(select(Institution)).all()) == 6


def test_one_idempotency_key_at_once_registers_once(registry: Registry) -> None:
    body = registry.registration("ana@example.org")

    answers = at_once(
        4,
        lambda _: registry.client.post(
            "/institutions", json=body, headers={"Idempotency-Key": "one"}
        ),
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["institution"]["id"] for answer in answers}) == 1


def test_many_verified_at_once_with_one_key_are_verified_once_each(registry: Registry) -> None:
    coordinator = registry.coordinator()
    names = ("World Food Programme", "Caribbean Community", "Mekong River Commission")
    submitted = [registry.submitted(name=name, acronym=None, website=None)[0] for name in names]
    findings = [
        {"institution_id": each["id"], "version": each["version"], **FINDING} for each in submitted
    ]

    answers = at_once(
        4,
        lambda _: registry.client.post(
            "/verifications",
            json={"items": findings},
            headers={**coordinator.headers, "Idempotency-Key": "one"},
        ),
    )

    assert [answer.json() for answer in answers] == [answers[0].json()] * 4
    assert answers[0].json()["verified"] == 3
    with registry.database.read() as session:
        assert len(session.exec(select(Verification)).all()) == 3


def test_a_flag_raised_while_somebody_verifies_comes_before_or_after(registry: Registry) -> None:
    coordinator = registry.coordinator()
    institution, _ = registry.submitted()

    def act(number: int) -> int:
        if number % 2:
            return registry.step(institution, "verify", coordinator, **FINDING).status_code
        answer: Response = registry.client.post(
            f"/institutions/{institution['id']}/flags",
            json={"severity": "blocking", "reason": "Unclear."},
            headers=coordinator.headers,
        )
        return answer.status_code

    flagged, verified = at_once(2, act)

    assert flagged == 201
    with registry.database.read() as session:
        flag = session.exec(select(InstitutionFlag)).one()
        found = session.exec(select(Verification)).first()
    assert verified == (200 if found else 409)
    assert found is None or found.verified_at <= flag.raised_at


def test_what_was_answered_is_committed(registry: Registry) -> None:
    seen: list[str] = []
    inner = registry.app

    async def watching(scope, receive, send):  # type: ignore[no-untyped-def]
        async def look(message):  # type: ignore[no-untyped-def]
            if message["type"] == "http.response.start" and message["status"] == 201:
                with registry.database.read() as session:
                    seen.extend(session.exec(select(Institution.name)).all())
            await send(message)

        await inner(scope, receive, look)

    watched = TestClient(watching)
    answer = watched.post("/institutions", json=registry.registration("ana@example.org"))

    assert answer.status_code == 201
    assert seen == [answer.json()["institution"]["name"]], "another reader saw it before the answer"
