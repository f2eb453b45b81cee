"""The read models follow the registry's events, however often and late they come."""

from collections.abc import Callable, Sequence
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from services.workgroups.institutions import require_verified
from services.workgroups.projections import HANDLERS, REGISTRY_PROJECTION
from services.workgroups.tables import Coordinator, FocalPoint, Institution, Parked
from shared.database import Database
from shared.events.catalogue import (
    REGISTRY,
    CoordinatorAppointed,
    CoordinatorRemoved,
    FocalPointConfirmed,
    FocalPointRemoved,
    InstitutionFacts,
    InstitutionLeftWithoutFocalPoint,
    InstitutionMerged,
    InstitutionReinstated,
    InstitutionRejected,
    InstitutionReturned,
    InstitutionSubmitted,
    InstitutionSuspended,
    InstitutionUnmerged,
    InstitutionUpdated,
    InstitutionVerificationExpired,
    InstitutionVerificationExpiring,
    InstitutionVerificationRenewed,
    InstitutionVerified,
    InstitutionWithdrawn,
    PersonErased,
    PersonReachable,
    PersonRenamed,
    PersonUnreachable,
)
from shared.events.envelope import Event, EventData
from shared.events.schemas import published_by
from shared.ids import new_id
from shared.parked import park
from shared.problems import Problem
from tests.workgroups.world import institution_facts

INSTITUTIONS = [new_id(), new_id()]
ANOTHER = new_id()
PEOPLE = [new_id(), new_id()]

ReadModels = list[list[str]]


def life_of(institution_id: UUID) -> list[EventData]:
    """Return what the registry tells of an institution, in order."""

    def at(status: str, version: int, name: str = "CIRDAP") -> dict[str, object]:
        facts = institution_facts(
            institution_id=institution_id, status=status, version=version, name=name
        )
        return {"institution": facts}

    def part_of_another(told: dict[str, object]) -> dict[str, object]:
        facts = told["institution"]
        assert isinstance(facts, InstitutionFacts)
        return {"institution": facts.model_copy(update={"merged_into": another.institution_id})}

    another = institution_facts(institution_id=ANOTHER)
    person = PEOPLE[INSTITUTIONS.index(institution_id)]
    return [
        InstitutionSubmitted.model_validate(at("submitted", 2)),
        FocalPointConfirmed(
            person_id=person, institution_id=institution_id, person_name="Ana", role="focal_point"
        ),
        InstitutionReturned.model_validate(at("returned", 3) | {"reason": "Country?"}),
        InstitutionUpdated.model_validate(at("returned", 4, "CIRDAP, Dhaka")),
        InstitutionSubmitted.model_validate(at("submitted", 5, "CIRDAP, Dhaka")),
        InstitutionVerified.model_validate(at("verified", 6, "CIRDAP, Dhaka")),
        FocalPointRemoved(person_id=person, institution_id=institution_id),
        InstitutionUpdated.model_validate(at("verified", 7, "CIRDAP in Dhaka")),
        InstitutionSuspended.model_validate(at("suspended", 8) | {"reason": "A concern."}),
        InstitutionReinstated.model_validate(at("verified", 9) | {"reason": "Settled."}),
        InstitutionVerificationExpiring.model_validate(at("verified", 9) | {"days_left": 30}),
        InstitutionVerificationExpired.model_validate(at("verified", 10)),
        InstitutionVerificationRenewed.model_validate(at("verified", 11)),
        InstitutionWithdrawn.model_validate(at("withdrawn", 12) | {"reason": "Dissolved."}),
        InstitutionMerged.model_validate(
            part_of_another(at("merged", 13)) | {"into": another, "reason": "They are one."}
        ),
        InstitutionUnmerged.model_validate(
            at("verified", 14) | {"survivor": another, "reason": "They are two."}
        ),
        InstitutionRejected.model_validate(at("rejected", 15) | {"reason": "A duplicate."}),
    ]


def coordinators() -> list[EventData]:
    """Return what the registry tells of its coordinators, in order."""
    return [
        CoordinatorAppointed(person_id=PEOPLE[0], person_name="Chanda"),
        CoordinatorAppointed(person_id=PEOPLE[1], person_name="Denis"),
        CoordinatorRemoved(person_id=PEOPLE[0]),
    ]


def apply(session: Session, data: EventData) -> None:
    REGISTRY_PROJECTION.apply(session, Event.of(data, subject="told/here"))


def read_models(session: Session) -> ReadModels:
    session.flush()
    session.expire_all()
    return [
        sorted(row.model_dump_json() for row in session.exec(select(model)).all())
        for model in REGISTRY_PROJECTION.read_models
    ]


def after(database: Database, told: Sequence[EventData]) -> ReadModels:
    """Return the read models after those events, and forget them again."""
    with Session(database.engine) as session:
        for data in told:
            apply(session, data)
        found = read_models(session)
        session.rollback()
    return found


def test_every_event_of_the_registry_has_a_handler_or_is_none_of_its_business() -> None:
    for_others = {InstitutionLeftWithoutFocalPoint, PersonReachable, PersonUnreachable}

    assert set(HANDLERS) | for_others == set(published_by(REGISTRY))


def test_a_new_name_is_shown_in_every_role_of_the_person(database: Database) -> None:
    told: list[EventData] = [
        CoordinatorAppointed(person_id=PEOPLE[0], person_name="Ana"),
        FocalPointConfirmed(
            person_id=PEOPLE[0],
            institution_id=INSTITUTIONS[0],
            person_name="Ana",
            role="focal_point",
        ),
        FocalPointConfirmed(
            person_id=PEOPLE[1],
            institution_id=INSTITUTIONS[0],
            person_name="Li",
            role="alternate",
        ),
        PersonRenamed(person_id=PEOPLE[0], person_name="Ana Maria"),
    ]
    with Session(database.engine) as session:
        for data in told:
            apply(session, data)
        assert session.get_one(Coordinator, PEOPLE[0]).name == "Ana Maria"
        assert session.get_one(FocalPoint, (PEOPLE[0], INSTITUTIONS[0])).name == "Ana Maria"
        assert session.get_one(FocalPoint, (PEOPLE[1], INSTITUTIONS[0])).name == "Li"
        session.rollback()


def test_an_erased_person_is_forgotten_also_in_what_is_parked(database: Database) -> None:
    with Session(database.engine) as session:
        for data in (
            CoordinatorAppointed(person_id=PEOPLE[0], person_name="Ana"),
            FocalPointConfirmed(
                person_id=PEOPLE[0],
                institution_id=INSTITUTIONS[0],
                person_name="Ana",
                role="focal_point",
            ),
        ):
            apply(session, data)
            told = Event.of(data, subject="things/bad").at(1)
            park(session, REGISTRY_PROJECTION, told, "Refused.", 3)
        for _ in range(2):
            apply(session, PersonErased(person_id=PEOPLE[0]))

        assert not any(read_models(session))
        parked = session.exec(select(Parked.event)).all()
        assert len(parked) == 2
        assert "Ana" not in "".join(parked)
        assert str(PEOPLE[0]) in parked[0], "what happened is still told"
        session.rollback()


def test_a_life_is_followed_to_its_end(database: Database) -> None:
    with Session(database.engine) as session:
        for data in life_of(INSTITUTIONS[0])[:6]:
            apply(session, data)
        institution = session.get_one(Institution, INSTITUTIONS[0])
        assert (institution.name, institution.status) == ("CIRDAP, Dhaka", "verified")
        role = session.get_one(FocalPoint, (PEOPLE[0], INSTITUTIONS[0]))
        assert (role.name, role.role) == ("Ana", "focal_point")
        for data in life_of(INSTITUTIONS[0])[6:]:
            apply(session, data)
        assert session.get(FocalPoint, (PEOPLE[0], INSTITUTIONS[0])) is None
        for data in coordinators():
            apply(session, data)
        assert [row.name for row in session.exec(select(Coordinator))] == ["Denis"]
        session.rollback()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    order=st.permutations(["first"] * 17 + ["second"] * 17 + ["coordinators"] * 3),
    times=st.lists(st.integers(1, 3), min_size=37, max_size=37),
)
def test_the_order_between_subjects_and_repeated_events_make_no_difference(
    database: Database, order: list[str], times: list[int]
) -> None:
    subjects: dict[str, list[EventData]] = {
        "first": life_of(INSTITUTIONS[0]),
        "second": life_of(INSTITUTIONS[1]),
        "coordinators": coordinators(),
    }
    straight = [data for told in subjects.values() for data in told]
    waiting: dict[str, Callable[[], EventData]] = {
        name: iter(told).__next__ for name, told in subjects.items()
    }
    mixed: list[EventData] = []
    for name, count in zip(order, times, strict=True):
        mixed += [waiting[name]()] * count
    assert after(database, mixed) == after(database, straight)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    order=st.permutations(
        [data for data in life_of(INSTITUTIONS[0]) if hasattr(data, "institution")]
    )
)
def test_the_newest_version_of_an_institution_wins_in_any_order(
    database: Database, order: list[EventData]
) -> None:
    newest = life_of(INSTITUTIONS[0])[-1]
    assert after(database, order) == after(database, [newest])


def test_a_merged_institution_is_known_to_be_part_of_another_until_that_is_undone(
    database: Database,
) -> None:
    with Session(database.engine) as session:
        for data in life_of(INSTITUTIONS[0])[:15]:
            apply(session, data)
        institution = session.get_one(Institution, INSTITUTIONS[0])
        assert (institution.status, institution.merged_into) == ("merged", ANOTHER)
        with pytest.raises(Problem, match=f"Take part as that one: {ANOTHER}"):
            require_verified(institution)

        apply(session, life_of(INSTITUTIONS[0])[15])
        session.refresh(institution)
        assert (institution.status, institution.merged_into) == ("verified", None)
        require_verified(institution)
        session.rollback()


def test_reading_the_whole_history_again_changes_nothing(database: Database) -> None:
    history = [*life_of(INSTITUTIONS[0]), *coordinators(), *life_of(INSTITUTIONS[1])]
    assert after(database, history + history) == after(database, history)


def test_taking_a_role_from_somebody_who_has_none_is_no_error(database: Database) -> None:
    removals = [
        FocalPointRemoved(person_id=PEOPLE[0], institution_id=INSTITUTIONS[0]),
        CoordinatorRemoved(person_id=PEOPLE[0]),
    ]
    assert after(database, removals) == after(database, [])
