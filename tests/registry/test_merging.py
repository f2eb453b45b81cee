"""Merging two institutions that are one: what moves, what stays, and that it can be undone."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select as select_rows
from sqlmodel import Session, col, select

from services.registry import institutions, merging
from services.registry.belongings import BELONGINGS
from services.registry.duplicates import keep_search_keys, possible_duplicates
from services.registry.institutions import Profile
from services.registry.people import PersonDraft
from services.registry.tables import (
    FocalPoint,
    Institution,
    InstitutionCode,
    InstitutionDomain,
    InstitutionIdentifier,
    InstitutionName,
    InstitutionRelation,
    Invitation,
    Merge,
    Outbox,
    Person,
    SupportItem,
    Table,
)
from services.registry.transitions import Status
from shared.columns import utc_now
from shared.database import Database
from tests.registry.journey import Person as SignedIn
from tests.registry.journey import Registry
from tests.registry.stage import Stage, assert_refused
from tests.registry.test_concurrency import at_once

NOBODY = "018f4e2a-0000-7000-8000-000000000000"


def merge(
    registry: Registry, one: dict[str, Any], into: dict[str, Any], by: SignedIn
) -> dict[str, Any]:
    """Merge one institution into another and return the answer."""
    answer = registry.step(one, "merge", by, into=into["id"], reason="They are one.")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def look(registry: Registry, institution_id: str, by: SignedIn | None = None) -> Response:
    """Read an institution without going where the answer leads."""
    answer: Response = registry.client.get(
        f"/institutions/{institution_id}",
        headers=by.headers if by else {},
        follow_redirects=False,
    )
    return answer


def test_a_merged_institution_leads_to_the_one_that_goes_on(registry: Registry) -> None:
    coordinator = registry.coordinator()
    original, _ = registry.verified(coordinator)
    repeated, _ = registry.submitted(name="CIRDAP Dhaka", acronym="CIRDAP-D")

    answer = merge(registry, repeated, original, coordinator)

    assert answer["institution"]["status"] == "merged"
    assert answer["institution"]["merged_into"] == original["id"]
    assert answer["into"]["status"] == "verified"
    for by in (None, coordinator):
        read = look(registry, repeated["id"], by)
        assert read.status_code == 308
        assert read.headers["location"] == f"/institutions/{original['id']}"
        assert read.headers["etag"] == f'"{answer["institution"]["version"]}"'
        assert read.json() == {
            "id": repeated["id"],
            "status": "merged",
            "merged_into": original["id"],
            "version": answer["institution"]["version"],
        }
    assert registry.read(repeated["id"])["id"] == original["id"]


def test_who_may_not_see_where_it_went_does_not_learn_that_it_was(
    embedded_registry: Registry,
) -> None:
    coordinator = embedded_registry.coordinator()
    one, _ = embedded_registry.submitted()
    other, _ = embedded_registry.submitted()
    merge(embedded_registry, one, other, coordinator)

    assert look(embedded_registry, one["id"]).status_code == 404
    assert look(embedded_registry, one["id"], coordinator).status_code == 308


def test_its_people_speak_for_the_other_and_still_read_its_history(registry: Registry) -> None:
    coordinator = registry.coordinator()
    original, _ = registry.verified(coordinator)
    repeated, focal_point = registry.submitted(name="Centre in Dhaka")

    merge(registry, repeated, original, coordinator)

    me = registry.client.get("/me", headers=focal_point.headers).json()
    assert [each["id"] for each in me["institutions"]] == [original["id"]]
    history = registry.client.get(
        f"/institutions/{repeated['id']}/history", headers=focal_point.headers
    ).json()["items"]
    assert [entry["action"] for entry in history] == ["register", "confirm", "merge"]
    assert history[-1]["duplicate_of"] == original["id"]
    assert history[-1]["reason"] == "They are one."
    kept = registry.client.get(
        f"/institutions/{original['id']}/history", headers=focal_point.headers
    ).json()["items"]
    assert kept[-1]["action"] == "absorb"
    assert kept[-1]["duplicate_of"] == repeated["id"]
    alias = {"kind": "alias", "value": "Centre in Dhaka", "language": None}
    assert kept[-1]["changes"] == {"names": [[], [alias]]}


def test_other_services_are_told_in_the_order_of_causes(registry: Registry) -> None:
    coordinator = registry.coordinator()
    original, _ = registry.verified(coordinator)
    repeated, focal_point = registry.submitted()
    merged = merge(registry, repeated, original, coordinator)["institution"]
    registry.step(merged, "unmerge", coordinator, reason="They are two.")

    with registry.database.read() as session:
        told = session.exec(select(Outbox).order_by(col(Outbox.id).desc()).limit(8)).all()
    names = [row.type.removeprefix("org.southlink.").removesuffix(".v1") for row in reversed(told)]
    assert names == [
        "institution.updated",
        "institution.merged",
        "focal_point.removed",
        "focal_point.confirmed",
        "institution.updated",
        "institution.unmerged",
        "focal_point.removed",
        "focal_point.confirmed",
    ]
    assert focal_point.email not in "".join(row.event for row in told)
    assert f'"merged_into":"{original["id"]}"' in told[6].event


def test_a_chain_of_merges_leads_to_its_end_and_is_undone_from_there(registry: Registry) -> None:
    coordinator = registry.coordinator()
    first, second, third = (registry.submitted()[0] for _ in range(3))
    merged = merge(registry, first, second, coordinator)
    merge(registry, merged["into"], third, coordinator)

    assert look(registry, first["id"], coordinator).headers["location"].endswith(third["id"])
    refused = registry.step(merged["institution"], "unmerge", coordinator, reason="They are two.")
    assert refused.status_code == 409
    assert "Undo that merge first" in refused.json()["detail"]


def stored(session: Session, email: str, name: str = "World Food Programme") -> Institution:
    institution, _ = institutions.register(
        session,
        Profile(name=name, acronym="WFP", organisation_type="40", subtype="un_entity"),
        PersonDraft(name="Ana Souza", email=email),
        utc_now(),
    )
    institution.status = Status.VERIFIED
    session.flush()
    return institution


def person_id(session: Session) -> UUID:
    found = session.exec(select(Person.id).order_by(col(Person.id))).first()
    assert found
    return found


def join(session: Session, one: Institution, into: Institution) -> Merge:
    pair = merging.lock_to_merge(session, one.id, into.id)
    return merging.merge(session, pair, "They are one.", person_id(session))


def take_apart(session: Session, one: Institution) -> list[str]:
    pair, made = merging.lock_to_unmerge(session, one.id)
    return merging.unmerge(session, pair, made, "They are two.", person_id(session))


def belonging_to(session: Session, *institutions: Institution) -> dict[str, Sequence[Any]]:
    """Return every row that belongs to one of these."""
    session.flush()
    ids = [each.id for each in institutions]
    rows: dict[str, Sequence[Any]] = {}
    for each in BELONGINGS:
        table = Table.metadata.tables[str(each.table.__tablename__)]
        found = session.execute(select_rows(table).where(table.c[each.column].in_(ids)))
        rows[f"{table.name}.{each.column}"] = sorted(tuple(map(str, row)) for row in found)
    return rows


def test_its_names_stay_findable_as_aliases_of_the_other(session: Session) -> None:
    one = stored(session, "ana@example.org", "Programme of Food for the World")
    other = stored(session, "ben@example.org")
    session.add(
        InstitutionName(
            institution_id=one.id, kind="former", value="Old Food", comparison_key="old food"
        )
    )
    join(session, one, other)

    kept = session.exec(
        select(InstitutionName.kind, InstitutionName.value)
        .where(InstitutionName.institution_id == other.id)
        .order_by(InstitutionName.value)
    ).all()
    assert list(kept) == [
        ("former", "Old Food"),
        ("alias", "Programme of Food for the World"),
        ("acronym", "WFP"),
        ("official", "World Food Programme"),
    ]
    third = stored(session, "li@example.org", "Old Food")
    assert [each.institution.id for each in possible_duplicates(session, third)] == [other.id]


def test_the_profile_of_the_other_can_change_and_keeps_what_came_with_the_merge(
    session: Session,
) -> None:
    one = stored(session, "ana@example.org", "Programme of Food for the World")
    other = stored(session, "ben@example.org")
    join(session, one, other)
    change = institutions.ProfileChange(name="World Food Programme (WFP)")
    institutions.update(session, other, change, person_id(session))

    assert take_apart(session, one) == []
    names = select(InstitutionName.value).where(InstitutionName.institution_id == one.id)
    assert "Programme of Food for the World" in session.exec(names).all()


few = st.sets(st.sampled_from("abc"), max_size=3)


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ours=st.tuples(few, few, few, few), theirs=st.tuples(few, few, few, few), same=st.booleans())
def test_merging_and_undoing_it_restores_everything(
    database: Database,
    ours: tuple[set[str], ...],
    theirs: tuple[set[str], ...],
    same: bool,
) -> None:
    with database.write() as session:
        one = stored(session, "ana@example.org")
        other = stored(session, "ana@example.org" if same else "ben@example.org")
        third = stored(session, "li@example.org", "Observatory")
        for institution, (names, domains, identifiers, codes) in ((one, ours), (other, theirs)):
            session.add_all(
                [
                    *(
                        InstitutionName(
                            institution_id=institution.id,
                            kind="alias",
                            value=each,
                            comparison_key=each,
                        )
                        for each in names
                    ),
                    *(
                        InstitutionDomain(institution_id=institution.id, domain=f"{each}.org")
                        for each in domains
                    ),
                    *(
                        InstitutionIdentifier(
                            institution_id=institution.id, scheme="ROR", value=each
                        )
                        for each in identifiers
                    ),
                    *(
                        InstitutionCode(
                            institution_id=institution.id, vocabulary="themes", code=each
                        )
                        for each in codes
                    ),
                ]
            )
        fourth = stored(session, "li@example.org", "Atlas")
        relations = [
            (one, "predecessor", other),
            (one, "predecessor", third),
            (other, "predecessor", third),
            (fourth, "predecessor", one),
            (third, "parent", one),
            (one, "parent", fourth),
        ]
        session.add_all(
            InstitutionRelation(institution_id=a.id, kind=kind, other_id=b.id)
            for a, kind, b in relations
        )
        one.descriptions = dict.fromkeys(ours[0], "Ours.")
        other.descriptions = dict.fromkeys(theirs[0], "Theirs.")
        for each in (one, other):
            session.flush()
            keep_search_keys(session, each.id)
        before = belonging_to(session, one, other)
        found = [each.institution.id for each in possible_duplicates(session, third)]
        shown = [each.model_dump(exclude={"version", "updated_at"}) for each in (one, other)]

        join(session, one, other)
        left = belonging_to(session, one)
        assert one.merged_into == other.id
        assert not left["institution_relation.other_id"]
        assert len(left["institution_relation.institution_id"]) == 2
        lost = take_apart(session, one)

        assert lost == []
        assert belonging_to(session, one, other) == before
        assert [
            each.model_dump(exclude={"version", "updated_at"}) for each in (one, other)
        ] == shown
        assert [each.institution.id for each in possible_duplicates(session, third)] == found
        session.rollback()


def test_what_was_changed_since_is_named_and_the_rest_goes_back(session: Session) -> None:
    one, other = stored(session, "ana@example.org"), stored(session, "ben@example.org")
    for domain in ("a.example", "b.example"):
        session.add(InstitutionDomain(institution_id=one.id, domain=domain))
    session.flush()
    join(session, one, other)
    session.delete(session.get_one(InstitutionDomain, (other.id, "a.example")))
    session.flush()

    lost = take_apart(session, one)

    assert lost == ["domain a.example: changed or removed since, or given anew"]
    kept = session.exec(select(InstitutionDomain.institution_id, InstitutionDomain.domain)).all()
    assert list(kept) == [(one.id, "b.example")]
    assert session.exec(
        select(FocalPoint.person_id).where(FocalPoint.institution_id == one.id)
    ).all()


def test_an_open_invitation_leads_to_the_other_and_an_ended_one_stays(session: Session) -> None:
    one, other = stored(session, "ana@example.org"), stored(session, "ben@example.org")
    rows = [
        Invitation(
            institution_id=one.id,
            name="Li Wei",
            email=email,
            email_key=email,
            role="alternate",
            invited_by=person_id(session),
            expires_at=utc_now(),
            outcome=outcome,
            ended_at=utc_now() if outcome else None,
        )
        for email, outcome in (("li@example.org", None), ("wei@example.org", "declined"))
    ]
    session.add_all(rows)
    session.flush()

    join(session, one, other)
    assert [row.institution_id for row in rows] == [other.id, one.id]
    assert take_apart(session, one) == []
    assert [row.institution_id for row in rows] == [one.id, one.id]


def test_needs_and_offers_go_along_and_come_back(session: Session) -> None:
    one, other = stored(session, "ana@example.org"), stored(session, "ben@example.org")
    need = SupportItem(
        side="need",
        institution_id=one.id,
        title="Seed banks",
        text="How to keep seeds.",
        kind="training",
        state="published",
    )
    session.add(need)
    session.flush()

    made = join(session, one, other)
    assert need.institution_id == other.id
    assert "need Seed banks" in [each["described"] for each in made.moved]
    assert take_apart(session, one) == []
    assert need.institution_id == one.id


def test_a_merge_is_undone_once(session: Session) -> None:
    one, other = stored(session, "ana@example.org"), stored(session, "ben@example.org")
    join(session, one, other)
    take_apart(session, one)

    join(session, one, other)
    assert take_apart(session, one) == []
    made = session.exec(select(Merge)).all()
    assert len(made) == 2
    assert all(each.undone_at and each.undone_by for each in made)


def test_a_merged_institution_is_no_duplicate_of_anything(session: Session) -> None:
    one, other = stored(session, "ana@example.org"), stored(session, "ben@example.org")
    join(session, one, other)

    assert possible_duplicates(session, other) == []


@pytest.mark.parametrize(
    ("into", "words"),
    [
        ("itself", "into itself"),
        ("unknown", "no institution of that id"),
        ("unconfirmed", "is unconfirmed"),
        ("rejected", "is rejected"),
        ("part of it", "a circle"),
        ("merged", "is merged"),
        ("unverified", "the other way round"),
    ],
)
def test_what_cannot_take_it_is_refused_with_the_reason(
    embedded_registry: Registry, into: str, words: str
) -> None:
    coordinator = embedded_registry.coordinator()
    one, _ = embedded_registry.verified(coordinator)
    other, _ = embedded_registry.submitted(name="Observatory of Glaciers", acronym="OG")
    with embedded_registry.database.write() as session:
        row = session.get_one(Institution, UUID(other["id"]))
        if into in {"unconfirmed", "rejected"}:
            row.status = into
        third, _ = institutions.register(
            session,
            Profile(name="Third", organisation_type="60"),
            PersonDraft(name="Li", email="li@example.org"),
            utc_now(),
        )
        if into in {"part of it", "merged"}:
            part_of = UUID(one["id"]) if into == "part of it" else third.id
            row.status, row.merged_into = "merged", part_of
    target = {"itself": one["id"], "unknown": NOBODY}.get(into, other["id"])

    refused = embedded_registry.step(one, "merge", coordinator, into=target, reason="One.")

    assert refused.status_code == 422
    assert words in refused.json()["detail"]
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/into"]
    with embedded_registry.database.read() as session:
        assert session.get_one(Institution, UUID(one["id"])).status == "verified"
        assert session.exec(select(Merge)).all() == []


@pytest.mark.parametrize("action", ["merge", "unmerge"])
@pytest.mark.parametrize(
    ("who", "version", "body", "status", "slug", "pointer"),
    [
        ("coordinator", '"1"', {}, 412, "version-conflict", None),
        ("coordinator", None, {}, 428, "version-required", None),
        ("coordinator", '"2"', {"reason": ""}, 422, "invalid-input", "/reason"),
        ("coordinator", '"2"', {"reason": None}, 422, "invalid-input", "/reason"),
        ("coordinator", '"2"', {"who": "x"}, 422, "invalid-input", "/who"),
        ("focal_point", '"2"', {}, 403, "forbidden", None),
        (None, '"2"', {}, 401, "unauthenticated", None),
    ],
)
def test_a_bad_request_to_merge_changes_nothing(
    *,
    stage: Stage,
    action: str,
    who: str | None,
    version: str | None,
    body: dict[str, Any],
    status: int,
    slug: str,
    pointer: str | None,
) -> None:
    headers = dict(getattr(stage, who).headers) if who else {}
    if version:
        headers["If-Match"] = version
    into = {"into": stage.foreign["id"]} if action == "merge" else {}
    assert_refused(
        stage,
        lambda: stage.send(
            "POST",
            stage.path(f"/institutions/{{own}}/{action}"),
            json={"reason": "Because.", **into, **body},
            headers=headers,
        ),
        status,
        slug,
        pointer,
    )


def test_what_is_not_merged_cannot_be_taken_apart(stage: Stage) -> None:
    assert_refused(
        stage,
        lambda: stage.registry.step(stage.own, "unmerge", stage.coordinator, reason="Because."),
        409,
        "not-allowed-now",
    )


def test_a_focal_point_of_another_institution_does_not_learn_of_it(stage: Stage) -> None:
    assert_refused(
        stage,
        lambda: stage.registry.step(
            stage.foreign, "merge", stage.focal_point, into=stage.own["id"], reason="One."
        ),
        404,
        "not-found",
    )


def test_of_two_merges_at_once_in_both_directions_one_happens(registry: Registry) -> None:
    coordinator = registry.coordinator()
    pair = [registry.submitted()[0] for _ in range(2)]

    def act(number: int) -> int:
        one, other = pair[number % 2], pair[(number + 1) % 2]
        return registry.step(one, "merge", coordinator, into=other["id"], reason="One.").status_code

    answers = sorted(at_once(6, act))

    assert answers[0] == 200
    assert set(answers[1:]) <= {409, 412, 422}
    with registry.database.read() as session:
        statuses = session.exec(select(Institution.status)).all()
        assert sorted(statuses) == ["merged", "submitted"]
        assert len(session.exec(select(Merge)).all()) == 1
