"""Verification: a checklist that suffices, kept for ever, valid for five years."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, col, select

from services.registry.institutions import Profile, register
from services.registry.people import PersonDraft
from services.registry.tables import (
    Institution,
    Outbox,
    Person,
    Verification,
    VerificationCheck,
    VerificationNotice,
)
from services.registry.transitions import Status
from services.registry.verification import (
    Check,
    Finding,
    Item,
    Outcome,
    faults,
    requirements,
    verify,
    years_after,
)
from shared.columns import utc_now
from shared.database import Database
from shared.vocabularies import vocabulary
from tests.registry.journey import CHECKLIST, CIRDAP, FINDING, Registry

MULTILATERAL = "40"
GOVERNMENT = "10"
NGO = "21"


def confirmed(*items: Item) -> list[Check]:
    return [Check(item=item, outcome=Outcome.CONFIRMED) for item in items]


def a_submitted_one(session: Session) -> tuple[Institution, Person]:
    institution, person = register(
        session,
        Profile(**CIRDAP),
        PersonDraft(name="Ana Souza", email="ana@example.org"),
        utc_now(),
    )
    institution.status = Status.SUBMITTED
    session.flush()
    return institution, person


@pytest.mark.parametrize(
    ("organisation_type", "items"),
    [
        (GOVERNMENT, [Item.CONTACT_CONFIRMED, Item.NOMINATION_LETTER]),
        (GOVERNMENT, [Item.CONTACT_CONFIRMED, Item.OFFICIAL_DOMAIN]),
        ("11", [Item.CONTACT_CONFIRMED, Item.NOMINATION_LETTER]),
        ("15", [Item.CONTACT_CONFIRMED, Item.OFFICIAL_DOMAIN]),
        (MULTILATERAL, [Item.CONTACT_CONFIRMED, Item.MANDATE]),
        (NGO, [Item.CONTACT_CONFIRMED, Item.LEGAL_REGISTRATION]),
        (NGO, [Item.CONTACT_CONFIRMED, Item.OFFICIAL_DOMAIN]),
    ],
)
def test_a_checklist_suffices_when_what_the_type_asks_for_is_confirmed(
    organisation_type: str, items: list[Item]
) -> None:
    assert faults(organisation_type, confirmed(*items)) == []


@pytest.mark.parametrize(
    ("organisation_type", "items", "missing"),
    [
        (GOVERNMENT, [Item.CONTACT_CONFIRMED, Item.MANDATE], "nomination_letter or official_d"),
        (GOVERNMENT, [Item.NOMINATION_LETTER], "contact_confirmed"),
        (MULTILATERAL, [Item.CONTACT_CONFIRMED, Item.NOMINATION_LETTER], "mandate"),
        (NGO, [Item.CONTACT_CONFIRMED, Item.MANDATE], "legal_registration or official_domain"),
    ],
)
def test_a_checklist_without_what_the_type_asks_for_says_what_to_confirm(
    organisation_type: str, items: list[Item], missing: str
) -> None:
    [fault] = faults(organisation_type, confirmed(*items))

    assert fault.pointer == "/checklist"
    assert missing in fault.detail


@given(
    organisation_type=st.sampled_from(
        [term.code for term in vocabulary("organisation-types").terms]
    ),
    outcomes=st.dictionaries(st.sampled_from(list(Item)), st.sampled_from(list(Outcome))),
)
def test_exactly_the_checklists_that_confirm_one_of_each_requirement_suffice(
    organisation_type: str, outcomes: dict[Item, Outcome]
) -> None:
    checklist = [Check(item=i, outcome=o, comment="Seen.") for i, o in outcomes.items()]
    suffices = all(
        any(outcomes.get(item) is Outcome.CONFIRMED for item in alternatives)
        for alternatives in requirements(organisation_type)
    )

    assert (faults(organisation_type, checklist) == []) is suffices
    assert (Item.CONTACT_CONFIRMED,) in requirements(organisation_type)


@pytest.mark.parametrize(
    ("day", "later"),
    [
        (datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2031, 11, 24, 9, tzinfo=UTC)),
        (datetime(2028, 2, 29, 9, tzinfo=UTC), datetime(2033, 2, 28, 9, tzinfo=UTC)),
    ],
)
def test_a_verification_holds_until_the_same_day_five_years_later(
    day: datetime, later: datetime
) -> None:
    assert years_after(day) == later


def test_a_verification_keeps_who_checked_what_and_until_when_it_holds(
    registry: Registry,
) -> None:
    coordinator = registry.coordinator()
    institution, focal_point = registry.submitted()
    checklist = [
        {"item": "mandate", "outcome": "confirmed", "comment": "Treaty of 1979."},
        {"item": "contact_confirmed", "outcome": "confirmed", "comment": None},
        {"item": "legal_registration", "outcome": "not_applicable", "comment": "By treaty."},
    ]

    verified = registry.step(
        institution, "verify", coordinator, evidence="Seen.", checklist=checklist
    ).json()

    answer = registry.client.get(
        f"/institutions/{institution['id']}/verifications", headers=focal_point.headers
    )
    [shown] = answer.json()["items"]
    assert shown["checklist"] == checklist
    assert shown["evidence"] == "Seen."
    assert shown["version"] == verified["version"] == 3
    assert shown["verified_by"] == {"id": coordinator.id, "name": "Chanda Mwila"}
    at = datetime.fromisoformat(shown["verified_at"])
    assert utc_now() - at < timedelta(minutes=1)
    assert shown["valid_until"] == verified["verified_until"]
    assert datetime.fromisoformat(shown["valid_until"]) == years_after(at)
    assert verified["verification_lapsed"] is False


def test_a_verified_institution_is_verified_again_and_both_are_kept(registry: Registry) -> None:
    coordinator = registry.coordinator()
    institution, focal_point = registry.verified(coordinator)

    renewed = registry.step(
        institution, "verify", coordinator, evidence="Seen again.", checklist=CHECKLIST
    ).json()

    assert (renewed["status"], renewed["version"]) == ("verified", 4)
    assert renewed["verified_until"] > institution["verified_until"]
    items = registry.client.get(
        f"/institutions/{institution['id']}/verifications", headers=focal_point.headers
    ).json()["items"]
    assert [item["evidence"] for item in items] == ["Seen again.", "Seen."]
    with registry.database.read() as session:
        types = session.exec(select(Outbox.type).order_by(col(Outbox.id))).all()
    assert types[-2:] == [
        "org.southlink.institution.verified.v1",
        "org.southlink.institution.verification_renewed.v1",
    ], "readers hear of a new partner once"


def test_the_verifications_are_for_its_people_and_coordinators(embedded_registry: Registry) -> None:
    registry = embedded_registry
    institution, focal_point = registry.verified(registry.coordinator())
    _, stranger = registry.submitted(name="World Food Programme", acronym="WFP")
    url = f"/institutions/{institution['id']}/verifications"

    assert registry.client.get(url, headers=focal_point.headers).status_code == 200
    assert registry.client.get(url, headers=stranger.headers).status_code == 404
    assert registry.client.get(url).status_code == 401


def test_the_verifications_come_page_by_page(embedded_registry: Registry) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    institution, _ = registry.verified(coordinator)
    registry.step(institution, "verify", coordinator, **FINDING)
    url = f"/institutions/{institution['id']}/verifications?limit=1"

    first = registry.client.get(url, headers=coordinator.headers).json()
    last = registry.client.get(
        f"{url}&cursor={first['next_cursor']}", headers=coordinator.headers
    ).json()

    assert [page["items"][0]["version"] for page in (first, last)] == [4, 3]
    assert last["next_cursor"] is None


def kept(session: Session) -> UUID:
    """Verify an institution and leave a row in each table that only grows."""
    institution, person = a_submitted_one(session)
    items = confirmed(Item.MANDATE, Item.CONTACT_CONFIRMED)
    verification = verify(
        session, institution, Finding(evidence="Seen.", checklist=items), person.id
    )
    session.add(VerificationNotice(verification_id=verification.id, kind="90_days"))
    return verification.id


@pytest.mark.parametrize("table", ["verification", "verification_check", "verification_notice"])
@pytest.mark.parametrize(
    "change", ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}"]
)
def test_the_database_lets_nobody_change_a_verification(
    database: Database, table: str, change: str
) -> None:
    with database.write() as session:
        kept(session)
    column = "id" if table == "verification" else "verification_id"

    with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
        session.execute(text(change.format(table=table, column=column)))

    with database.read() as session:
        assert len(session.exec(select(Verification)).all()) == 1
        assert len(session.exec(select(VerificationCheck)).all()) == 2
        assert len(session.exec(select(VerificationNotice)).all()) == 1


@pytest.mark.parametrize(
    "row",
    [
        {"item": "mandate", "place": 0, "outcome": "perhaps", "comment": "Hm."},
        {"item": "mandate", "place": 0, "outcome": "not_confirmed", "comment": None},
    ],
)
def test_the_database_refuses_a_check_that_says_nothing(
    database: Database, row: dict[str, Any]
) -> None:
    with database.write() as session:
        institution, person = a_submitted_one(session)
        now = utc_now()
        verification = Verification(
            institution_id=institution.id,
            version=9,
            evidence="Seen.",
            verified_by=person.id,
            verified_at=now,
            valid_until=years_after(now),
        )
        session.add(verification)

    with pytest.raises(IntegrityError), database.write() as session:
        session.add(VerificationCheck(verification_id=verification.id, **row))
