"""Every decision on who may do what, on the object and the caller. What isn't allowed is denied.

Roles are read from the tables at each request, so that a removal works at the next call.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, false, or_, select, true
from sqlmodel.sql.expression import SelectOfScalar

from services.registry.tables import Coordinator, FocalPoint, Institution
from services.registry.transitions import TRANSITIONS, Action, Role, Status
from shared.identity import Caller
from shared.problems import FORBIDDEN, NOT_FOUND, Problem


def is_coordinator_id(session: Session, person_id: UUID) -> bool:
    """Return whether the person coordinates the platform."""
    return session.get(Coordinator, person_id) is not None


def is_coordinator(session: Session, caller: Caller | None) -> bool:
    """Return whether the caller coordinates the platform."""
    return _acts(caller) and is_coordinator_id(session, _id(caller))


def require_coordinator(session: Session, caller: Caller) -> None:
    """Raise a Problem (403) unless the caller coordinates the platform."""
    if not is_coordinator(session, caller):
        raise Problem(FORBIDDEN, "Only a coordinator may do this.")


def speaks_for(session: Session, caller: Caller | None, institution: Institution) -> bool:
    """Return whether the caller is a confirmed focal point or alternate of the institution."""
    if not _acts(caller):
        return False
    role = session.get(FocalPoint, (_id(caller), institution.id))
    return role is not None and role.confirmed_at is not None


@dataclass(frozen=True)
class Sight:
    """Which institutions somebody may see: all, or some of the verified ones and their own."""

    everything: bool = False
    visibilities: frozenset[str] = frozenset({"public"})
    """Of the verified ones."""
    own: frozenset[UUID] = frozenset()


def sight_of(session: Session, person_id: UUID | None) -> Sight:
    """Return what a person may see, or the public without one.

    Everybody sees the verified ones that are public; the people of verified institutions also
    those for partners; a focal point also their own; a coordinator all.
    """
    if person_id is None:
        return Sight()
    if is_coordinator_id(session, person_id):
        return Sight(everything=True)
    own = session.exec(
        select(Institution.id, Institution.status)
        .join(FocalPoint, col(FocalPoint.institution_id) == col(Institution.id))
        .where(FocalPoint.person_id == person_id, col(FocalPoint.confirmed_at).is_not(None))
    ).all()
    is_partner = any(status == Status.VERIFIED for _, status in own)
    return Sight(
        visibilities=frozenset({"public", "partners"} if is_partner else {"public"}),
        own=frozenset(institution_id for institution_id, _ in own),
    )


def visible_to(session: Session, caller: Caller | None) -> ColumnElement[bool]:
    """Return the condition that narrows institutions to those in the caller's sight."""
    return visible_to_person(session, acting_person(caller))


def visible_to_person(session: Session, person_id: UUID | None) -> ColumnElement[bool]:
    """Return the same for a person, or for the public without one."""
    sight = sight_of(session, person_id)
    if sight.everything:
        return true()
    return or_(
        and_(
            col(Institution.status) == Status.VERIFIED,
            col(Institution.visibility).in_(sight.visibilities),
        ),
        col(Institution.id).in_(sight.own),
    )


def spoken_for_by(caller: Caller | None) -> SelectOfScalar[UUID]:
    """Return the selection of the ids of the institutions for which the caller speaks."""
    chosen = select(FocalPoint.institution_id)
    person_id = acting_person(caller)
    if person_id is None:
        return chosen.where(false())
    return chosen.where(
        FocalPoint.person_id == person_id, col(FocalPoint.confirmed_at).is_not(None)
    )


def institution_to_see(
    session: Session, caller: Caller | None, institution_id: UUID
) -> Institution:
    """Return the institution; a Problem (404) when the caller may not see it."""
    found = session.exec(
        select(Institution).where(Institution.id == institution_id, visible_to(session, caller))
    ).first()
    if found is None:
        raise _no_such_institution()
    return found


def institution_to_trace(
    session: Session, caller: Caller | None, institution_id: UUID
) -> Institution:
    """Return the institution whose history the caller may read; a Problem (404) otherwise.

    Those are its focal point and coordinators; after a merge, the people of the one it is part of.
    """
    institution = session.get(Institution, institution_id)
    bearer = institution
    while bearer is not None and not may_trace(session, caller, bearer):
        bearer = session.get(Institution, bearer.merged_into) if bearer.merged_into else None
    if institution is None or bearer is None:
        raise _no_such_institution()
    return institution


def may_trace(session: Session, caller: Caller | None, institution: Institution) -> bool:
    """Return whether the caller may see its whole past: its people and coordinators."""
    return caller is not None and bool(_roles(session, caller, institution))


def require_trace(session: Session, caller: Caller | None, institution: Institution) -> None:
    """Raise a Problem (403) when the caller sees the institution, but not its past."""
    if not may_trace(session, caller, institution):
        raise Problem(FORBIDDEN, "The past is shown to its people and coordinators. Sign in.")


def acting_person(caller: Caller | None) -> UUID | None:
    """Return the id of the person who acts, or ``None`` when nobody does."""
    return _id(caller) if _acts(caller) else None


def institution_to(
    session: Session, caller: Caller, action: Action, institution_id: UUID
) -> Institution:
    """Return the institution, locked, on which the caller may take that action.

    Raises a Problem: 404 when the caller has no role in it, 403 when another role is needed.
    """
    # A key may still be shared, or two institutions that name each other at once would block
    # each other.
    institution = session.exec(
        select(Institution).where(Institution.id == institution_id).with_for_update(key_share=True)
    ).first()
    roles = _roles(session, caller, institution) if institution else set()
    if institution is None or not roles:
        raise _no_such_institution()
    if not roles & TRANSITIONS[action].by:
        who = " or ".join(sorted(role.replace("_", " ") for role in TRANSITIONS[action].by))
        raise Problem(FORBIDDEN, f"Only a {who} may do this.")
    return institution


def institution_to_compare(session: Session, caller: Caller, institution_id: UUID) -> Institution:
    """Return the institution whose possible duplicates the caller may read and decide on.

    Only coordinators may. Raises a Problem: 404 without a role in it, 403 with another one.
    """
    institution = session.get(Institution, institution_id)
    roles = _roles(session, caller, institution) if institution else set()
    if institution is None or not roles:
        raise _no_such_institution()
    if Role.COORDINATOR not in roles:
        raise Problem(FORBIDDEN, "Only a coordinator may do this.")
    return institution


def institution_to_judge(session: Session, caller: Caller, institution_id: UUID) -> Institution:
    """Return the institution whose flags the caller may read: a coordinator.

    Raises a Problem: 404 when the caller has no role in it, 403 for its own people.
    """
    institution = institution_to_trace(session, caller, institution_id)
    require_coordinator(session, caller)
    return institution


def institution_to_flag(session: Session, caller: Caller, institution_id: UUID) -> Institution:
    """Return the institution, locked, whose flags the caller may raise and lift: a coordinator.

    Raises a Problem: 404 when the caller has no role in it, 403 for its own people.
    """
    institution = institution_to_judge(session, caller, institution_id)
    return session.exec(
        select(Institution).where(Institution.id == institution.id).with_for_update()
    ).one()


class PeopleTask(StrEnum):
    """What can be done with the people who speak for an institution."""

    SEE = "see"
    INVITE = "invite"
    CHANGE_ROLES = "change_roles"
    HAND_OVER = "hand_over"
    LEAVE = "leave"
    REMOVE_OTHERS = "remove_others"
    LEAVE_WITHOUT_FOCAL_POINT = "leave_without_focal_point"


class Standing(StrEnum):
    """What somebody is to an institution."""

    ALTERNATE = "alternate"
    FOCAL_POINT = "focal_point"
    COORDINATOR = "coordinator"


MAY: Mapping[PeopleTask, frozenset[Standing]] = {
    PeopleTask.SEE: frozenset(Standing),
    PeopleTask.INVITE: frozenset({Standing.FOCAL_POINT, Standing.COORDINATOR}),
    PeopleTask.CHANGE_ROLES: frozenset({Standing.FOCAL_POINT, Standing.COORDINATOR}),
    PeopleTask.HAND_OVER: frozenset({Standing.FOCAL_POINT}),
    PeopleTask.LEAVE: frozenset({Standing.FOCAL_POINT, Standing.ALTERNATE}),
    PeopleTask.REMOVE_OTHERS: frozenset({Standing.FOCAL_POINT, Standing.COORDINATOR}),
    PeopleTask.LEAVE_WITHOUT_FOCAL_POINT: frozenset({Standing.COORDINATOR}),
}
"""Who may do what with an institution's people."""


def institution_of_people(
    session: Session, caller: Caller, task: PeopleTask, institution_id: UUID, *, lock: bool = True
) -> Institution:
    """Return the institution with whose people the caller may do that, locked unless told not to.

    Raises a Problem: 404 when the caller is nothing to it, 403 when they may not do it.
    """
    statement = select(Institution).where(Institution.id == institution_id)
    institution = session.exec(statement.with_for_update() if lock else statement).first()
    standing = _standing(session, caller, institution) if institution else set()
    if institution is None or not standing:
        raise _no_such_institution()
    _require(standing, task)
    return institution


def institution_to_remove_from(
    session: Session,
    caller: Caller,
    institution_id: UUID,
    person_id: UUID,
    *,
    leave_without_focal_point: bool,
) -> Institution:
    """Return the institution, locked, from which the caller may remove that person.

    Everybody may leave; a focal point or coordinator may remove others, and only a coordinator may
    leave an institution without a focal point. Raises a Problem as `institution_of_people` does.
    """
    institution = institution_of_people(session, caller, PeopleTask.SEE, institution_id)
    standing = _standing(session, caller, institution)
    leaves = person_id == caller.id and Standing.COORDINATOR not in standing
    _require(standing, PeopleTask.LEAVE if leaves else PeopleTask.REMOVE_OTHERS)
    if leave_without_focal_point:
        _require(standing, PeopleTask.LEAVE_WITHOUT_FOCAL_POINT)
    return institution


def _standing(session: Session, caller: Caller, institution: Institution) -> set[Standing]:
    standing = set()
    if is_coordinator(session, caller):
        standing.add(Standing.COORDINATOR)
    if speaks_for(session, caller, institution):
        held = session.get_one(FocalPoint, (caller.id, institution.id))
        standing.add(Standing(held.role))
    return standing


def _require(standing: set[Standing], task: PeopleTask) -> None:
    if not standing & MAY[task]:
        who = " or ".join(sorted(word.replace("_", " ") for word in MAY[task]))
        raise Problem(FORBIDDEN, f"Only a {who} may do this.")


def _roles(session: Session, caller: Caller, institution: Institution) -> set[Role]:
    roles = set()
    if is_coordinator(session, caller):
        roles.add(Role.COORDINATOR)
    if speaks_for(session, caller, institution):
        roles.add(Role.FOCAL_POINT)
    return roles


def _acts(caller: Caller | None) -> bool:
    return caller is not None and caller.acts


def _id(caller: Caller | None) -> UUID:
    assert caller is not None  # noqa: S101
    return caller.id


def _no_such_institution() -> Problem:
    return Problem(
        NOT_FOUND,
        "There is no institution of that id that you may see or change. Check the id, "
        "and that you are signed in as the right person.",
    )
