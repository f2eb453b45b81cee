"""The notifier knows how to reach people with roles, and who belongs to which group."""

from uuid import UUID

from sqlmodel import select

from services.notifier.tables import GroupMember, Participant, Person
from shared.events.catalogue import (
    MembershipLeft,
    MembershipMoved,
    MembershipSuspended,
    PersonErased,
    PersonReachable,
    PersonUnreachable,
    RoleEnded,
    RoleGiven,
    RoleSuspended,
)
from shared.ids import new_id
from tests.notifier.world import GROUP_TITLE, THEME, World

PERSON = new_id()


def reachable(email: str = "ana@example.org", version: int = 1) -> PersonReachable:
    return PersonReachable(
        person_id=PERSON,
        email=email,
        language="pt-BR",
        time_zone="America/Sao_Paulo",
        contact_version=version,
    )


def address(world: World) -> str | None:
    with world.database.read() as session:
        person = session.get(Person, PERSON)
        return person.email if person else None


def members(world: World) -> set[tuple[UUID, bool]]:
    with world.database.read() as session:
        return {(row.institution_id, row.suspended) for row in session.exec(select(GroupMember))}


def participants(world: World) -> set[tuple[UUID, str, bool]]:
    with world.database.read() as session:
        return {
            (row.person_id, row.role, row.suspended) for row in session.exec(select(Participant))
        }


def test_the_newest_address_of_a_person_counts_whatever_comes_late(world: World) -> None:
    world.tell(reachable("new@example.org", version=2))
    world.tell(reachable("old@example.org", version=1))
    assert address(world) == "new@example.org"


def test_the_address_of_a_person_without_a_role_is_forgotten(world: World) -> None:
    world.tell(reachable())
    world.tell(PersonUnreachable(person_id=PERSON))
    assert address(world) is None


def test_the_address_of_an_erased_person_is_forgotten_and_does_not_come_back(world: World) -> None:
    world.tell(reachable())
    world.tell(PersonErased(person_id=PERSON))
    assert address(world) is None
    # As a history tells it from which the person was taken out.
    world.tell(reachable(email=""))
    assert address(world) is None


def test_the_members_of_a_group_follow_the_events(world: World) -> None:
    world.open_group()
    place = {"group_id": world.group_id, "group_title": GROUP_TITLE, "theme_slug": THEME}
    first, second = world.joined("FAO"), world.joined("ILO")
    world.tell(first)
    world.tell(second)
    named = {"institution_id": second.institution_id, "institution_name": "ILO"}
    world.tell(MembershipSuspended.model_validate({**place, **named, "reason": "Suspended."}))
    assert members(world) == {(first.institution_id, False), (second.institution_id, True)}
    world.tell(
        MembershipMoved.model_validate(
            {**place, "institution_id": second.institution_id, "into_id": world.institution_id}
        )
    )
    world.tell(
        MembershipLeft.model_validate(
            {**place, "institution_id": first.institution_id, "institution_name": "FAO"}
        )
    )
    assert members(world) == {(world.institution_id, False)}


def test_the_roles_of_people_in_a_group_follow_the_events(world: World) -> None:
    role = {
        "participant_id": new_id(),
        "group_id": world.group_id,
        "group_title": GROUP_TITLE,
        "theme_slug": THEME,
        "person_id": PERSON,
        "role": "rapporteur",
    }
    world.tell(RoleGiven.model_validate(role))
    assert participants(world) == {(PERSON, "rapporteur", False)}
    world.tell(RoleSuspended.model_validate({**role, "reason": "The institution changed."}))
    assert participants(world) == {(PERSON, "rapporteur", True)}
    world.tell(RoleEnded.model_validate(role))
    assert participants(world) == set()
