"""People of the registry in a test's world: their addresses, institutions and roles."""

from typing import Literal
from uuid import UUID

from services.notifier.tables import GroupMember, Institution
from shared.events.catalogue import (
    CoordinatorAppointed,
    FocalPointConfirmed,
    GroupUpdated,
    GroupVisibility,
    InstitutionStatus,
    PersonReachable,
    RoleGiven,
    RoleSuspended,
    Visibility,
)
from shared.ids import new_id
from tests.notifier.world import GROUP_TITLE, THEME, World


def person(world: World, email: str, time_zone: str = "UTC") -> UUID:
    """Let somebody be reachable at the address."""
    person_id = new_id()
    world.tell(
        PersonReachable(
            person_id=person_id, email=email, language="en", time_zone=time_zone, contact_version=1
        )
    )
    return person_id


def speaks_for(world: World, person_id: UUID, institution_id: UUID) -> None:
    """Let the person be a focal point."""
    world.tell(
        FocalPointConfirmed(
            person_id=person_id,
            institution_id=institution_id,
            person_name="Ana Reyes",
            role="focal_point",
        )
    )


def coordinates(world: World, person_id: UUID) -> None:
    """Let the person coordinate the platform."""
    world.tell(CoordinatorAppointed(person_id=person_id, person_name="Ana Reyes"))


def has_role(
    world: World, person_id: UUID, role: str = "observer", *, suspended: bool = False
) -> UUID:
    """Give the person a role in the world's group."""
    participant_id = new_id()
    facts = {
        "participant_id": participant_id,
        "group_id": world.group_id,
        "group_title": GROUP_TITLE,
        "theme_slug": THEME,
        "person_id": person_id,
        "role": role,
    }
    world.tell(RoleGiven.model_validate(facts))
    if suspended:
        world.tell(RoleSuspended.model_validate({**facts, "reason": "Something changed."}))
    return participant_id


def institution(
    world: World,
    name: str,
    *,
    status: InstitutionStatus = "verified",
    visibility: Visibility = "public",
) -> UUID:
    """Let there be an institution, of which nothing is told."""
    row = Institution(id=new_id(), name=name, status=status, visibility=visibility, version=1)
    with world.database.write() as session:
        session.add(row)
    return row.id


def belongs(
    world: World, institution_id: UUID, standing: Literal["active", "suspended"] = "active"
) -> None:
    """Let the institution be a member of the world's group, of which nothing is told."""
    with world.database.write() as session:
        session.merge(
            GroupMember(
                group_id=world.group_id,
                institution_id=institution_id,
                suspended=standing == "suspended",
            )
        )


def hide(world: World, visibility: GroupVisibility, version: int = 2) -> None:
    """Let the world's group be seen by those alone."""
    facts = world.group().model_copy(update={"visibility": visibility, "version": version})
    world.tell(GroupUpdated(group=facts))
