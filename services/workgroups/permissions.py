"""Every decision on who may do what, on the object and the caller. What isn't allowed is denied.

Roles are read from the read models at each request, so that a removal works as soon as its event
has arrived. What is foreign to the caller is answered as if it did not exist.
"""

from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import membership_lifecycle as belonging
from services.workgroups.group_lifecycle import Actor
from services.workgroups.group_lifecycle import Role as LifeRole
from services.workgroups.institutions import VERIFIED, no_such_institution
from services.workgroups.tables import (
    Coordinator,
    FocalPoint,
    Institution,
    Membership,
    Participant,
)
from shared.identity import Caller
from shared.problems import FORBIDDEN, INVALID, FieldError, Problem


class GroupRole(StrEnum):
    """In which role a person belongs to a group."""

    COORDINATOR = "coordinator"
    CO_CHAIR = "co_chair"
    RAPPORTEUR = "rapporteur"
    FOCAL_POINT = "focal_point"
    ALTERNATE = "alternate"
    MEMBER = "member"
    OBSERVER = "observer"
    ADVISER = "adviser"


STEERING = frozenset({GroupRole.COORDINATOR, GroupRole.CO_CHAIR})
"""The roles that lead a group."""

RECORDING = STEERING | {GroupRole.RAPPORTEUR}
"""The roles that record for a group."""

OF_INSTITUTIONS = frozenset({GroupRole.FOCAL_POINT, GroupRole.ALTERNATE, GroupRole.MEMBER})
"""The roles that an institution gives to its own people in the group."""


def is_coordinator(session: Session, caller: Caller) -> bool:
    """Tell whether the caller acts as a coordinator of the platform."""
    return caller.acts and session.get(Coordinator, caller.id) is not None


def speaks_for(session: Session, caller: Caller, institution_id: UUID) -> bool:
    """Tell whether the caller acts as focal point or alternate of the institution."""
    return caller.acts and session.get(FocalPoint, (caller.id, institution_id)) is not None


def institutions_of(session: Session, caller: Caller) -> list[UUID]:
    """Return the institutions that the caller speaks for, in the order of their ids."""
    if not caller.acts:
        return []
    return list(
        session.exec(
            select(FocalPoint.institution_id)
            .where(FocalPoint.person_id == caller.id)
            .order_by(col(FocalPoint.institution_id))
        )
    )


def is_partner(session: Session, caller: Caller) -> bool:
    """Tell whether the caller speaks for an institution that is verified."""
    own = institutions_of(session, caller)
    verified = select(Institution.id).where(
        col(Institution.id).in_(own), Institution.status == VERIFIED
    )
    return session.exec(verified.limit(1)).first() is not None


def roles_in(session: Session, caller: Caller, group_id: UUID) -> frozenset[GroupRole]:
    """Return the roles in which the caller acts in the group; none for who doesn't belong to it.

    Who speaks for a member institution has that role here too, as focal point or alternate.
    """
    if not caller.acts:
        return frozenset()
    own = session.exec(
        select(Participant.role).where(
            Participant.group_id == group_id,
            Participant.person_id == caller.id,
            Participant.state == "active",
            col(Participant.ended_at).is_(None),
        )
    ).all()
    spoken_for = session.exec(
        select(FocalPoint.role).where(
            FocalPoint.person_id == caller.id,
            col(FocalPoint.institution_id).in_(
                select(Membership.institution_id).where(
                    Membership.group_id == group_id,
                    Membership.state == belonging.State.ACTIVE,
                )
            ),
        )
    ).all()
    return frozenset(map(GroupRole, (*own, *spoken_for)))


def may_steer(session: Session, caller: Caller, group_id: UUID) -> bool:
    """Tell whether the caller leads the group: its coordinator or co-chair, or the platform's."""
    return is_coordinator(session, caller) or not roles_in(session, caller, group_id).isdisjoint(
        STEERING
    )


def actor_in(session: Session, caller: Caller, group_id: UUID) -> Actor:
    """Return the caller with the roles in which they may take steps of the group's life."""
    roles = set()
    if is_coordinator(session, caller):
        roles |= {LifeRole.PLATFORM_COORDINATOR, LifeRole.LEADER}
    elif not roles_in(session, caller, group_id).isdisjoint(STEERING):
        roles.add(LifeRole.LEADER)
    return Actor(caller.id, frozenset(roles))


def actor_in_platform(session: Session, caller: Caller) -> Actor:
    """Return the caller with the roles in which they may make groups."""
    roles = {LifeRole.PLATFORM_COORDINATOR} if is_coordinator(session, caller) else set()
    return Actor(caller.id, frozenset(roles))


def actor_for(
    session: Session, caller: Caller, group_id: UUID, institution_id: UUID | None
) -> belonging.Actor:
    """Return the caller with the roles in which they decide on a membership or a role."""
    roles = set()
    if institution_id is not None and speaks_for(session, caller, institution_id):
        roles.add(belonging.Role.INSTITUTION)
    if may_steer(session, caller, group_id):
        roles.add(belonging.Role.LEADER)
    if is_coordinator(session, caller):
        roles.add(belonging.Role.PLATFORM_COORDINATOR)
    return belonging.Actor(caller.id, frozenset(roles))


def may_record(session: Session, caller: Caller, group_id: UUID) -> bool:
    """Tell whether the caller records for the group: who leads it, and its rapporteur."""
    return is_coordinator(session, caller) or not roles_in(session, caller, group_id).isdisjoint(
        RECORDING
    )


def require_steering(session: Session, caller: Caller, group_id: UUID) -> None:
    """Raise a Problem (403) unless the caller leads the group."""
    if not may_steer(session, caller, group_id):
        raise Problem(
            FORBIDDEN,
            "Only a coordinator or co-chair of the group may do this: ask one to do it for you.",
        )


def require_recording(session: Session, caller: Caller, group_id: UUID) -> None:
    """Raise a Problem (403) unless the caller records for the group."""
    if not may_record(session, caller, group_id):
        raise Problem(
            FORBIDDEN,
            "Only a coordinator, co-chair or rapporteur of the group may do this: ask one to do it "
            "for you.",
        )


def require_role_giving(
    session: Session,
    caller: Caller,
    group_id: UUID,
    role: GroupRole,
    institution_id: UUID | None,
) -> None:
    """Raise a Problem (403) unless the caller may give the role through the institution."""
    if may_steer(session, caller, group_id):
        return
    if (
        role not in OF_INSTITUTIONS
        or institution_id is None
        or not speaks_for(session, caller, institution_id)
    ):
        raise Problem(
            FORBIDDEN,
            "Only a coordinator or co-chair of the group may do this. Who speaks for a member "
            "institution gives its people the roles focal_point, alternate and member: name it in "
            "institution_id.",
        )


def require_role_taking(
    session: Session, caller: Caller, participant: Participant, reason: str | None
) -> None:
    """Raise a Problem unless the caller may take the role from the person.

    403 when they may not, 422 when it is not their own and they don't say why.
    """
    if caller.acts and participant.person_id == caller.id:
        return
    through = participant.institution_id
    own = (
        GroupRole(participant.role) in OF_INSTITUTIONS
        and through is not None
        and speaks_for(session, caller, through)
    )
    if not own:
        require_steering(session, caller, participant.group_id)
    if not reason:
        raise Problem(
            INVALID,
            "Say why in the field reason: it stays in the history.",
            errors=[FieldError(pointer="/reason", detail="A reason is needed.")],
        )


def may_see(session: Session, caller: Caller, institution: Institution) -> bool:
    """Tell whether the caller may see the institution, as it told the registry itself.

    Everybody sees the verified ones that are public; who speaks for a verified institution also
    those for partners; one's own and, for a coordinator, all.
    """
    if speaks_for(session, caller, institution.id) or is_coordinator(session, caller):
        return True
    if institution.status != VERIFIED or institution.visibility == "private":
        return False
    return institution.visibility == "public" or is_partner(session, caller)


def require_coordinator(session: Session, caller: Caller) -> None:
    """Raise a Problem (403) unless the caller is a coordinator."""
    if not is_coordinator(session, caller):
        raise Problem(FORBIDDEN, "Only a coordinator may do this: ask one to do it for you.")


def institution_to_speak_for(
    session: Session, caller: Caller, institution_id: UUID, pointer: str
) -> Institution:
    """Return the institution in whose name the caller may speak; a Problem (404) otherwise.

    A coordinator speaks for no institution but the own one. ``pointer`` says where in the body the
    id was.
    """
    institution = session.get(Institution, institution_id)
    if institution is None or not speaks_for(session, caller, institution_id):
        raise no_such_institution(pointer)
    return institution


def institution_to_enrol(
    session: Session, caller: Caller, institution_id: UUID, pointer: str | None
) -> Institution:
    """Return the institution that the caller may make join and leave; a Problem (404) otherwise.

    That is the own one, and any for a coordinator.
    """
    institution = session.get(Institution, institution_id)
    if institution is None or not (
        speaks_for(session, caller, institution_id) or is_coordinator(session, caller)
    ):
        raise no_such_institution(pointer)
    return institution
