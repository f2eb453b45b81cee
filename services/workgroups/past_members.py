"""Who belonged to a group at an earlier moment, as the history of memberships and roles tells it.

What began before that history was kept is known by when it began and ended.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from services.workgroups.membership_lifecycle import LASTING, State
from services.workgroups.tables import Membership, MembershipHistory, Participant


@dataclass(frozen=True)
class PastMember:
    """An institution that belonged to a group."""

    institution_id: UUID
    state: str
    joined_at: datetime


@dataclass(frozen=True)
class PastRole:
    """A person's role in a group."""

    person_id: UUID
    role: str
    state: str
    institution_id: UUID | None
    """Through which it was given or confirmed last."""


def members_as_of(session: Session, group_id: UUID, moment: datetime) -> list[PastMember]:
    """Return the institutions that belonged to the group, in the order of their joining."""
    steps = session.exec(
        _steps(group_id, moment).where(col(MembershipHistory.person_id).is_(None))
    ).all()
    last = {step.institution_id: step for step in steps}
    rows = session.exec(
        select(Membership)
        .where(Membership.group_id == group_id, col(Membership.joined_at) <= moment)
        .order_by(col(Membership.joined_at), col(Membership.id))
    )
    found: dict[UUID, PastMember] = {}
    for row in rows:
        step = last.get(row.institution_id)
        if step is not None:
            state = step.to_state
        else:
            state = State.ACTIVE if row.left_at is None or row.left_at > moment else State.LEFT
        found.pop(row.institution_id, None)
        if state in LASTING:
            found[row.institution_id] = PastMember(row.institution_id, state, row.joined_at)
    return list(found.values())


def roles_as_of(session: Session, group_id: UUID, moment: datetime) -> list[PastRole]:
    """Return who had which role in the group, in the order of person and role."""
    steps = session.exec(
        _steps(group_id, moment).where(col(MembershipHistory.person_id).is_not(None))
    )
    found: dict[tuple[UUID, str], PastRole] = {}
    told = set()
    for step in steps:
        if step.person_id is None or step.role is None:
            continue
        key = (step.person_id, step.role)
        found.pop(key, None)
        told.add(key)
        if step.to_state in LASTING:
            found[key] = PastRole(*key, step.to_state, step.institution_id)
    rows = session.exec(
        select(Participant).where(
            Participant.group_id == group_id,
            col(Participant.since) <= moment,
            or_(col(Participant.ended_at).is_(None), col(Participant.ended_at) > moment),
        )
    )
    for row in rows:
        key = (row.person_id, row.role)
        if key not in told:
            found[key] = PastRole(*key, State.ACTIVE, row.institution_id)
    return sorted(found.values(), key=lambda role: (role.person_id, role.role))


def _steps(group_id: UUID, moment: datetime) -> SelectOfScalar[MembershipHistory]:
    return (
        select(MembershipHistory)
        .where(MembershipHistory.group_id == group_id, col(MembershipHistory.at) <= moment)
        .order_by(col(MembershipHistory.at), col(MembershipHistory.id))
    )
