"""Who sees a group, and with it what it says, meets about and owes.

Groups are seen by all, by partners (people of verified institutions), or by their members alone;
their platform's coordinators see each. What can't be seen is answered as if it did not exist.
"""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, or_, true
from sqlmodel import Session, col, select

from services.workgroups import groups
from services.workgroups.group_lifecycle import Actor
from services.workgroups.permissions import (
    actor_in,
    institutions_of,
    is_coordinator,
    is_partner,
    require_steering,
)
from services.workgroups.tables import Group, Membership, Participant
from shared.identity import Caller
from shared.problems import Problem


class Visibility(StrEnum):
    """Who sees a group."""

    ALL = "all"
    PARTNERS = "partners"
    MEMBERS = "members"


def in_sight(session: Session, caller: Caller | None) -> ColumnElement[bool]:
    """Return the condition on `Group` that the caller sees it; ``None`` is somebody unknown."""
    if caller is None:
        return col(Group.visibility) == Visibility.ALL
    if is_coordinator(session, caller):
        return true()
    seen = [Visibility.ALL]
    if is_partner(session, caller):
        seen.append(Visibility.PARTNERS)
    return or_(col(Group.visibility).in_(seen), col(Group.id).in_(groups_of(session, caller)))


def groups_of(session: Session, caller: Caller) -> set[UUID]:
    """Return the groups that the caller belongs to, through an institution or by a role."""
    joined = session.exec(
        select(Membership.group_id).where(
            col(Membership.institution_id).in_(institutions_of(session, caller)),
            Membership.state == "active",
        )
    ).all()
    if not caller.acts:
        return set(joined)
    roles = session.exec(
        select(Participant.group_id).where(
            Participant.person_id == caller.id,
            Participant.state == "active",
            col(Participant.ended_at).is_(None),
        )
    ).all()
    return {*joined, *roles}


def group_to_see(session: Session, caller: Caller | None, group_id: UUID) -> Group:
    """Return the group; a Problem (404) when there is none of that id that the caller sees."""
    group = session.exec(
        select(Group).where(Group.id == group_id, in_sight(session, caller))
    ).first()
    if group is None:
        raise groups.no_such_group()
    return group


def group_to_lead(session: Session, caller: Caller, group_id: UUID) -> tuple[Group, Actor]:
    """Return the group, held until the transaction ends, and the caller in their roles.

    Raises a Problem: 404 when the caller doesn't see such a group, 403 unless they lead it.
    """
    require_in_sight(session, caller, group_id, groups.no_such_group())
    require_steering(session, caller, group_id)
    return groups.lock(session, group_id), actor_in(session, caller, group_id)


def require_in_sight(
    session: Session, caller: Caller | None, group_id: UUID, unseen: Problem
) -> None:
    """Raise ``unseen`` unless the caller sees the group that something belongs to."""
    if not is_seen(session, caller, group_id):
        raise unseen


def is_seen(session: Session, caller: Caller | None, group_id: UUID) -> bool:
    """Tell whether the caller sees the group."""
    seen = select(Group.id).where(Group.id == group_id, in_sight(session, caller))
    return session.exec(seen).first() is not None
