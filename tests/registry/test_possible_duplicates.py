"""Possible duplicates: found among many, shown to whom they concern, decided on by a person."""

from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, delete, select

from services.registry import duplicates, institutions
from services.registry.calendar import STEPS, keep
from services.registry.duplicates import possible_duplicates, public_duplicates
from services.registry.institutions import Profile
from services.registry.likeness import Features
from services.registry.name_keys import COMMON
from services.registry.people import PersonDraft
from services.registry.tables import (
    DuplicateDecision,
    Institution,
    InstitutionDomain,
    InstitutionIdentifier,
    InstitutionName,
    InstitutionNameKey,
    Person,
)
from services.registry.transitions import Status
from shared.columns import utc_now
from shared.database import Database
from tests.registry.journey import Person as SignedIn
from tests.registry.journey import Registry
from tests.registry.stage import Stage, assert_refused


def stored(session: Session, name: str, acronym: str | None = None, **changed: Any) -> Institution:
    """Store an institution as if it had been submitted."""
    profile = {"organisation_type": "40", "subtype": "un_entity"} | changed
    institution, _ = institutions.register(
        session,
        Profile(name=name, acronym=acronym, **profile),
        PersonDraft(name="Ana Souza", email="ana@example.org"),
        utc_now(),
    )
    institution.status = Status.SUBMITTED
    session.flush()
    return institution


def found_for(session: Session, institution: Institution) -> dict[UUID, float]:
    """Return the score of each candidate."""
    candidates = possible_duplicates(session, institution)
    return {each.institution.id: each.likeness.score for each in candidates}


def test_the_name_and_the_acronym_find_a_duplicate_however_they_are_written(
    session: Session,
) -> None:
    subject = stored(session, "World Food Programme", "WFP")
    same_name = stored(session, "WORLD FOOD-PROGRAMME")
    misspelt = stored(session, "World Fod Programm")
    in_french = stored(session, "Programme alimentation mondial")
    same_acronym = stored(session, "Another Undertaking", "W.F.P")
    stored(session, "United Nations Volunteers", "UNV")

    found = found_for(session, subject)

    assert found[same_name.id] == 1.0
    assert found[misspelt.id] >= 0.8
    assert found[in_french.id] == 1.0
    assert found[same_acronym.id] == 0.6
    assert len(found) == 4


def test_the_likeliest_comes_first_with_the_reasons_in_words(session: Session) -> None:
    subject = stored(session, "World Food Programme", "WFP", website="https://www.wfp.org/")
    stored(session, "Another Undertaking", "WFP")
    same = stored(session, "World Food Programme", website="http://wfp.org/about")

    first, second = possible_duplicates(session, subject)

    assert first.institution is same
    assert first.likeness.reasons == (
        "the names are the same",
        "the acronym WFP is the initials of the other's name",
        "same website or e-mail domain wfp.org",
    )
    assert second.likeness.reasons == ("same acronym WFP",)


@pytest.mark.parametrize(
    "names",
    [
        ("Министерство здравоохранения Узбекистана", "Ministerstvo zdravookhraneniya Uzbekistana"),
        ("جامعة صنعاء", "Jamiat Sanaa"),
        ("北京大学", "Beijing Daxue"),
        ("Università degli Studi di Bari", "Universita Bari degli Studi"),
        ("Unesco", "Unseco"),
        ("Okinawa Institute", "Okinwa Institute"),
    ],
    ids=["cyrillic", "arabic", "chinese", "latin", "one word", "two words"],
)
def test_a_name_in_another_script_or_with_a_slip_is_found_in_the_database(
    session: Session, names: tuple[str, str]
) -> None:
    one, other = (stored(session, name) for name in names)

    assert found_for(session, one)[other.id] >= 0.5
    assert found_for(session, other) == {one.id: found_for(session, one)[other.id]}


def test_an_alias_a_domain_and_an_identifier_find_a_duplicate(session: Session) -> None:
    subject = stored(session, "Amani Centre", website="https://amani.example/")
    by_alias, by_domain, by_identifier = (
        stored(session, name) for name in ("Zuri", "Kito", "Lulu")
    )
    session.add_all(
        [
            InstitutionName(
                institution_id=by_alias.id,
                kind="alias",
                value="Amani Centre",
                comparison_key="amani centre",
            ),
            InstitutionDomain(institution_id=by_domain.id, domain="amani.example"),
            InstitutionIdentifier(institution_id=subject.id, scheme="ROR", value="1"),
            InstitutionIdentifier(institution_id=by_identifier.id, scheme="ROR", value="1"),
        ]
    )
    for each in (by_alias, by_domain, by_identifier, subject):
        duplicates.keep_search_keys(session, each.id)

    found = found_for(session, subject)

    assert (found[by_alias.id], found[by_domain.id], found[by_identifier.id]) == (1.0, 0.6, 1.0)


@pytest.mark.parametrize("status", [Status.REJECTED])
def test_what_was_rejected_is_no_duplicate_of_anything(session: Session, status: Status) -> None:
    subject = stored(session, "World Food Programme", "WFP")
    stored(session, "World Food Programme", "WFP").status = status
    session.flush()

    assert found_for(session, subject) == {}


def test_a_new_name_is_found_and_the_old_one_is_not(session: Session) -> None:
    subject = stored(session, "Institute of Peace Research")
    renamed = stored(session, "Institute of Peace Research")
    institutions.update(
        session,
        renamed,
        institutions.ProfileChange(name="Observatory of Glaciers"),
        by=session.exec(select(Person.id)).one(),
    )

    assert found_for(session, subject) == {}
    assert found_for(session, stored(session, "Glaciers Observatory"))[renamed.id] == 1.0


def test_a_name_that_hundreds_have_is_found_in_its_own_country(session: Session) -> None:
    now = utc_now()
    rows = [
        Institution(
            name="Ministry of Health",
            name_key="ministry of health",
            organisation_type="10",
            subtype="ministry",
            country="TH" if number else "BD",
            status="verified",
            registered_at=now,
            updated_at=now,
        )
        for number in range(COMMON + 5)
    ]
    session.add_all(rows)
    session.flush()
    while duplicates.make_missing_keys(session, now):
        pass
    subject = stored(
        session,
        "Health Ministry",
        organisation_type="10",
        subtype="ministry",
        country="BD",
    )

    assert found_for(session, subject) == {rows[0].id: 1.0}


def test_institutions_of_before_there_were_keys_are_found_after_the_next_look(
    database: Database,
) -> None:
    with database.write() as session:
        kept = [stored(session, name).id for name in ("World Food Programme", "Zuri", "Kito")]
        session.execute(delete(InstitutionNameKey))
    draft = Features(names=("World Food Programme",))

    taken = keep(database, utc_now(), {"duplicate_keys": STEPS["duplicate_keys"]})

    assert taken == {"duplicate_keys": 3}
    with database.write() as session:
        session.get_one(Institution, kept[0]).status = "verified"
        session.flush()
        assert [each.institution.id for each in public_duplicates(session, draft)] == kept[:1]


def decide(
    registry: Registry, one: dict[str, Any], other: dict[str, Any], by: SignedIn, decision: str
) -> Response:
    """Decide on two institutions, on the version in ``one``."""
    response: Response = registry.client.post(
        f"/institutions/{one['id']}/duplicates/{other['id']}/decisions",
        json={"decision": decision, "reason": "Two houses of one name."},
        headers={"If-Match": f'"{one["version"]}"', **by.headers},
    )
    return response


def test_a_duplicate_is_stored_and_waits_for_a_coordinators_decision(registry: Registry) -> None:
    coordinator = registry.coordinator()
    original, _ = registry.verified(coordinator)
    repeated, _ = registry.submitted(name="CENTRE ON INTEGRATED RURAL DEVELOPMENT (CIRDAP)")

    refused = registry.step(repeated, "verify", coordinator, evidence="Seen.")

    assert repeated["status"] == "submitted"
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-allowed-now")
    for told in (original["name"], original["id"], "same acronym CIRDAP", "distinct"):
        assert told in refused.json()["detail"]

    decided = decide(registry, repeated, original, coordinator, "distinct")
    assert decided.status_code == 201
    assert decided.json()["blocks"] is False
    assert registry.step(repeated, "verify", coordinator, evidence="Seen.").status_code == 200


def test_a_pair_decided_to_be_one_stays_blocked_and_every_decision_is_kept(
    registry: Registry,
) -> None:
    coordinator = registry.coordinator()
    original, _ = registry.verified(coordinator)
    repeated, _ = registry.submitted()

    decide(registry, repeated, original, coordinator, "distinct")
    decide(registry, original, repeated, coordinator, "duplicate")
    refused = registry.step(repeated, "verify", coordinator, evidence="Seen.")

    assert "decided that it is a duplicate" in refused.json()["detail"]
    with registry.database.read() as session:
        made = session.exec(select(DuplicateDecision).order_by(col(DuplicateDecision.id))).all()
    assert [each.decision for each in made] == ["distinct", "duplicate"]
    assert {str(each.by) for each in made} == {coordinator.id}
    listed = registry.client.get(
        f"/institutions/{repeated['id']}/duplicates", headers=coordinator.headers
    ).json()["items"]
    assert [(each["id"], each["decision"]["decision"]) for each in listed] == [
        (original["id"], "duplicate")
    ]


@pytest.mark.parametrize(
    "change",
    ["UPDATE duplicate_decision SET decision = 'duplicate'", "DELETE FROM duplicate_decision"],
)
def test_the_database_lets_nobody_change_a_decision(registry: Registry, change: str) -> None:
    coordinator = registry.coordinator()
    original, _ = registry.verified(coordinator)
    repeated, _ = registry.submitted()
    decide(registry, repeated, original, coordinator, "distinct")

    with (
        pytest.raises(DBAPIError, match="append-only"),
        registry.database.write() as session,
    ):
        session.execute(text(change))

    with registry.database.read() as session:
        assert session.exec(select(DuplicateDecision.decision)).all() == ["distinct"]


def test_a_warning_blocks_nothing(embedded_registry: Registry) -> None:
    coordinator = embedded_registry.coordinator()
    embedded_registry.verified(coordinator, name="Bank of Austria", acronym=None, website=None)
    other, _ = embedded_registry.submitted(name="Bank of Australia", acronym=None, website=None)

    shown = embedded_registry.read(other["id"], coordinator)["possible_duplicates"]

    assert [each["blocks"] for each in shown] == [False]
    assert 0.5 <= shown[0]["score"] < 0.9
    answer = embedded_registry.step(other, "verify", coordinator, evidence="Seen.")
    assert answer.status_code == 200


def test_a_registration_that_nobody_confirmed_cannot_hold_up_another(
    embedded_registry: Registry,
) -> None:
    coordinator = embedded_registry.coordinator()
    institution, _ = embedded_registry.submitted()
    embedded_registry.register(embedded_registry.new_address())

    shown = embedded_registry.read(institution["id"], coordinator)["possible_duplicates"]

    assert [(each["score"], each["blocks"]) for each in shown] == [(1.0, False)]
    answer = embedded_registry.step(institution, "verify", coordinator, evidence="Seen.")
    assert answer.status_code == 200


def test_who_registers_is_told_of_verified_institutions_alone(embedded_registry: Registry) -> None:
    coordinator = embedded_registry.coordinator()
    original, _ = embedded_registry.verified(coordinator)
    embedded_registry.submitted()

    told = embedded_registry.register("new@example.org")["possible_duplicates"]

    assert [each["id"] for each in told] == [original["id"]]
    assert told[0]["score"] == 1.0
    assert told[0]["blocks"] is True


def test_anybody_can_check_a_draft_and_sees_only_public_verified_ones(
    embedded_registry: Registry,
) -> None:
    coordinator = embedded_registry.coordinator()
    public, _ = embedded_registry.verified(coordinator)
    private, _ = embedded_registry.submitted(name="Centre for Rural Development", acronym="CRD")
    with embedded_registry.database.write() as session:
        hidden = session.get_one(Institution, UUID(private["id"]))
        hidden.status, hidden.visibility = "verified", "private"
        session.add(InstitutionDomain(institution_id=UUID(public["id"]), domain="cirdap.example"))
        session.add(
            InstitutionIdentifier(institution_id=UUID(public["id"]), scheme="ROR", value="01tw")
        )

    for draft in (
        {"name": "Centre for Integrated Rural Developement, Asia & Pacific"},
        {"name": "CIRDAP"},
        {"name": "Some Centre", "acronym": "C.I.R.D.A.P."},
        {"name": "Some Centre", "website": "http://cirdap.org"},
        {"name": "Some Centre", "domains": ["CIRDAP.example"]},
        {"name": "Some Centre", "identifiers": [{"scheme": "ROR", "value": "01tw"}]},
        {"name": "Some Centre", "other_names": ["Centre on Integrated Rural Development"]},
    ):
        answer = embedded_registry.client.post("/duplicates/check", json=draft)
        assert answer.status_code == 200, answer.text
        assert [each["id"] for each in answer.json()["items"]] == [public["id"]], draft
        assert answer.json()["items"][0]["reasons"]

    nothing = embedded_registry.client.post("/duplicates/check", json={"name": "Observatory"})
    assert nothing.json() == {"items": []}


@pytest.mark.parametrize(
    ("draft", "pointer"),
    [
        ({}, "/name"),
        ({"name": "A\u202eB"}, "/name"),
        ({"name": "A", "country": "XX"}, "/country"),
        ({"name": "A", "organisation_type": "41"}, "/organisation_type"),
        ({"name": "A", "website": "cirdap"}, "/website"),
        ({"name": "A", "other_names": ["B"] * 20}, "/other_names"),
        ({"name": "A", "identifiers": [{"scheme": "ROR"}]}, "/identifiers/0/value"),
        ({"name": "A", "email": "a@example.org"}, "/email"),
    ],
)
def test_a_bad_draft_is_refused_with_its_field(
    stage: Stage, draft: dict[str, Any], pointer: str
) -> None:
    assert_refused(
        stage,
        lambda: stage.send("POST", "/duplicates/check", json=draft),
        422,
        "invalid-input",
        pointer,
    )


@pytest.mark.parametrize(
    ("other", "decision", "reason", "pointer"),
    [
        ("{own}", "distinct", "Because.", "other_id"),
        ("018f4e2a-0000-7000-8000-000000000000", "distinct", "Because.", "other_id"),
        ("{foreign}", "perhaps", "Because.", "/decision"),
        ("{foreign}", "distinct", " ", "/reason"),
    ],
)
def test_a_bad_decision_is_refused_with_its_field(
    stage: Stage, other: str, decision: str, reason: str, pointer: str
) -> None:
    path = stage.path(f"/institutions/{{own}}/duplicates/{other}/decisions")
    assert_refused(
        stage,
        lambda: stage.send(
            "POST",
            path,
            json={"decision": decision, "reason": reason},
            headers={"If-Match": '"2"', **stage.coordinator.headers},
        ),
        422,
        "invalid-input",
        pointer,
    )


@pytest.mark.parametrize(
    ("who", "version", "status", "slug"),
    [
        ("coordinator", "1", 412, "version-conflict"),
        ("coordinator", None, 428, "version-required"),
        ("focal_point", "2", 403, "forbidden"),
        (None, "2", 401, "unauthenticated"),
    ],
)
def test_only_a_coordinator_decides_and_on_the_version_that_was_seen(
    stage: Stage, who: str | None, version: str | None, status: int, slug: str
) -> None:
    headers = dict(getattr(stage, who).headers) if who else {}
    if version:
        headers["If-Match"] = f'"{version}"'
    assert_refused(
        stage,
        lambda: stage.send(
            "POST",
            stage.path("/institutions/{own}/duplicates/{foreign}/decisions"),
            json={"decision": "distinct", "reason": "Because."},
            headers=headers,
        ),
        status,
        slug,
    )


@pytest.mark.parametrize(("whose", "status"), [("own", 403), ("foreign", 404)])
def test_only_a_coordinator_reads_possible_duplicates(
    stage: Stage, whose: str, status: int
) -> None:
    path = stage.path(f"/institutions/{{{whose}}}/duplicates")
    answer = stage.send("GET", path, headers=stage.focal_point.headers)

    assert answer.status_code == status
    assert stage.send("GET", path, headers=stage.coordinator.headers).status_code == 200
