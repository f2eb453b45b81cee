"""Signing in with a code from an e-mail."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from services.registry import sign_in
from services.registry.people import PersonDraft, person_named
from services.registry.settings import SERVICE
from services.registry.sign_in import TRIES, CodePolicy, Requested
from services.registry.tables import (
    Coordinator,
    Institution,
    Person,
    SignedInSession,
    SignIn,
)
from shared.columns import utc_now
from shared.problems import Problem
from tests.databases import SqliteServer
from tests.registry.conftest import Running
from tests.registry.journey import COORDINATOR, Registry

POLICY = CodePolicy(life=timedelta(minutes=15), per_address=3, per_client=5)
NOW = utc_now()


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def requested(
    session: Session,
    email: str = "ana@example.org",
    client: str = "192.0.2.1",
    now: datetime = NOW,
) -> Requested:
    return sign_in.request(session, email=email, client=client, policy=POLICY, now=now)


def code_of(asked: Requested) -> str:
    assert asked.letter is not None
    return asked.letter.code


def ana(session: Session) -> Person:
    person = person_named(session, PersonDraft(name="Ana Souza", email="ana@example.org"))
    session.flush()
    return person


def outcome(session: Session, asked: Requested, code: str, minutes: float = 1) -> str:
    answer = sign_in.confirm(
        session,
        asked.id,
        challenge=asked.challenge,
        code=code,
        now=NOW + timedelta(minutes=minutes),
    )
    return answer.kind.slug if isinstance(answer, Problem) else answer.name


def test_a_code_signs_in_once(session: Session) -> None:
    ana(session)
    asked = requested(session)
    code = code_of(asked)

    assert outcome(session, asked, code) == "Ana Souza"
    assert outcome(session, asked, code) == "code-spent"


def test_a_code_ends_after_its_time(session: Session) -> None:
    ana(session)
    asked = requested(session)
    code = code_of(asked)

    assert outcome(session, asked, code, minutes=15) == "code-spent"
    assert outcome(session, asked, code, minutes=14.9) == "Ana Souza"


def test_after_five_wrong_tries_the_right_code_is_refused(session: Session) -> None:
    ana(session)
    asked = requested(session)
    code = code_of(asked)

    assert [outcome(session, asked, wrong(code)) for _ in range(TRIES)] == ["wrong-code"] * TRIES
    assert outcome(session, asked, code) == "code-spent"


def test_after_four_wrong_tries_the_right_code_is_taken(session: Session) -> None:
    ana(session)
    asked = requested(session)
    code = code_of(asked)
    for _ in range(TRIES - 1):
        outcome(session, asked, wrong(code))

    assert outcome(session, asked, code) == "Ana Souza"


def test_another_browser_can_neither_use_a_code_nor_use_up_its_tries(session: Session) -> None:
    ana(session)
    asked, other = requested(session), requested(session)
    code = code_of(asked)

    for _ in range(TRIES + 1):
        with pytest.raises(Problem) as refused:
            sign_in.confirm(
                session,
                asked.id,
                challenge=other.challenge,
                code=code,
                now=NOW,
            )
        assert refused.value.kind.status == 404

    assert outcome(session, asked, code) == "Ana Souza"


def test_no_code_opens_the_sign_in_of_an_unknown_address(session: Session) -> None:
    asked = requested(session, "nobody@example.org")

    assert asked.letter is None
    tries = [outcome(session, asked, "000000") for _ in range(TRIES + 1)]
    assert tries == ["wrong-code"] * TRIES + ["code-spent"]


def test_neither_code_nor_challenge_nor_address_is_kept(session: Session) -> None:
    ana(session)
    asked = requested(session)
    kept = " ".join(
        str(value) for value in session.exec(select(SignIn)).one().model_dump().values()
    )

    assert asked.challenge not in kept
    assert f" {code_of(asked)} " not in f" {kept} "
    assert "example.org" not in kept


def test_an_address_is_sent_a_limited_number_of_codes_an_hour(session: Session) -> None:
    ana(session)
    for minute in range(3):
        requested(session, now=NOW + timedelta(minutes=minute), client=f"192.0.2.{minute}")

    with pytest.raises(Problem) as refused:
        requested(session, "ANA@example.org", now=NOW + timedelta(minutes=10))
    assert refused.value.kind.status == 429
    seconds = int(refused.value.headers["Retry-After"])
    assert 49 * 60 < seconds <= 50 * 60 + 2

    requested(session, now=NOW + timedelta(minutes=10, seconds=seconds))


def test_one_network_address_gets_a_limited_number_of_codes_an_hour(session: Session) -> None:
    for n in range(5):
        requested(session, f"{n}@example.org")

    with pytest.raises(Problem) as refused:
        requested(session, "another@example.org")
    assert refused.value.kind.status == 429
    requested(session, "another@example.org", client="192.0.2.2")


def test_a_sign_in_is_forgotten_after_a_day(session: Session) -> None:
    requested(session)
    requested(session, now=NOW + timedelta(hours=25))

    assert len(session.exec(select(SignIn)).all()) == 1


def test_wrong_tries_are_counted_although_each_is_answered_with_an_error(
    registry: Registry,
) -> None:
    registered = registry.register("ana@example.org")
    code = registry.mailbox.code_for("ana@example.org")

    answers = [registry.confirm(registered["sign_in"], wrong(code)) for _ in range(TRIES)]

    assert [answer.status_code for answer in answers] == [422] * TRIES
    assert "4 tries are left" in answers[0].json()["detail"]
    assert "no try is left" in answers[-1].json()["detail"]
    assert registry.confirm(registered["sign_in"], code).status_code == 409


def test_a_lost_code_costs_a_new_request_and_the_registration_waits(registry: Registry) -> None:
    registered = registry.register("ana@example.org")
    registry.mailbox.newest_to("ana@example.org")

    person = registry.sign_in("ana@example.org")

    institution = registry.read(registered["institution"]["id"], person)
    assert institution["status"] == "submitted"


def test_a_code_confirms_only_what_its_e_mail_named(registry: Registry) -> None:
    first = registry.register("ana@example.org")
    code = registry.mailbox.code_for("ana@example.org")
    later = registry.register("ana@example.org", name="Somebody else's idea")

    registry.confirm(first["sign_in"], code)

    with registry.database.read() as session:
        states = {str(i.id): i.status for i in session.exec(select(Institution))}
    assert states[first["institution"]["id"]] == "submitted"
    assert states[later["institution"]["id"]] == "unconfirmed"


def test_the_answer_does_not_tell_who_is_registered(registry: Registry) -> None:
    registry.coordinator()
    known = registry.client.post("/sign-ins", json={"email": COORDINATOR})
    unknown = registry.client.post("/sign-ins", json={"email": "nobody@example.org"})

    assert known.status_code == unknown.status_code == 202
    assert known.json().keys() == unknown.json().keys()
    registry.mailbox.newest_to(COORDINATOR, number=2)
    assert registry.mailbox.to("nobody@example.org") == []


def test_too_many_requests_are_answered_with_when_to_come_back(
    running: Running, sqlite_server: SqliteServer
) -> None:
    with running(
        database_url=sqlite_server.migrated(SERVICE.migrations), codes_per_client=2
    ) as registry:
        registry.ask_for_code("one@example.org")
        registry.register("two@example.org")

        refused = registry.client.post(
            "/institutions", json=registry.registration("three@example.org")
        )

        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 3_500
        with registry.database.read() as session:
            assert len(session.exec(select(Institution)).all()) == 1, "nothing was stored"


def test_a_session_key_gets_tokens_until_the_person_signs_out(registry: Registry) -> None:
    person = registry.coordinator()
    key = {"Authorization": f"Bearer {person.session_key}"}

    token = registry.client.post("/tokens", headers=key).json()
    assert token["token_type"] == "Bearer"
    me = registry.client.get("/me", headers={"Authorization": f"Bearer {token['access_token']}"})
    assert me.json()["roles"] == ["coordinator"]

    assert registry.client.delete("/sessions/current", headers=key).status_code == 204
    assert registry.client.post("/tokens", headers=key).status_code == 401
    assert registry.client.delete("/sessions/current", headers=key).status_code == 401


def test_an_expired_session_gets_no_token(registry: Registry) -> None:
    person = registry.coordinator()
    with registry.database.write() as session:
        session.execute(update(SignedInSession).values(expires_at=utc_now()))

    answer = registry.client.post(
        "/tokens", headers={"Authorization": f"Bearer {person.session_key}"}
    )
    assert answer.status_code == 401


def test_a_coordinator_who_is_removed_has_no_power_at_the_next_call(registry: Registry) -> None:
    coordinator = registry.coordinator()
    institution, _ = registry.submitted()
    with registry.database.write() as session:
        session.delete(session.exec(select(Coordinator)).one())

    refused = registry.step(institution, "verify", coordinator, evidence="Seen.")

    assert refused.status_code == 404
    with registry.database.read() as session:
        statuses = session.exec(select(col(Institution.status))).all()
    assert statuses == ["submitted"]
