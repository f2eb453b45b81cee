"""What waits for somebody in the groups that they lead or the institutions they speak for."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_
from sqlmodel import Session, col, select

from services.workgroups.permissions import (
    STEERING,
    institutions_of,
    is_coordinator,
)
from services.workgroups.tables import Admission, Group, Membership, Participant
from shared.identity import Caller

MOST = 200
"""How many things of each kind are listed at most, the oldest first."""


class Wait(StrEnum):
    """What somebody shall do."""

    REQUEST = "request_to_answer"
    INVITATION = "invitation_to_answer"
    MEMBERSHIP = "membership_to_confirm"
    ROLE = "role_to_confirm"


@dataclass(frozen=True)
class Waiting:
    """One thing that waits for the caller."""

    kind: Wait
    id: UUID
    """Of the admission, the membership or the role."""
    group_id: UUID
    group_title: str
    institution_id: UUID | None
    person_id: UUID | None
    since: datetime


def waiting_for(session: Session, caller: Caller) -> list[Waiting]:
    """Return what waits for the caller, the oldest first.

    A group without a coordinator or co-chair of its own waits for those of the platform.
    """
    if not caller.acts:
        return []
    led = _led_by(session, caller)
    own = institutions_of(session, caller)
    admissions = session.exec(
        select(Admission, Group.title)
        .join(Group, col(Group.id) == col(Admission.group_id))
        .where(
            col(Admission.decided_at).is_(None),
            or_(
                and_(col(Admission.kind) == "request", led),
                and_(
                    col(Admission.kind) == "invitation",
                    col(Admission.institution_id).in_(own) if own else false(),
                ),
            ),
        )
        .order_by(col(Admission.id))
        .limit(MOST)
    ).all()
    members = session.exec(
        select(Membership, Group.title)
        .join(Group, col(Group.id) == col(Membership.group_id))
        .where(
            col(Membership.state) == "suspended",
            col(Membership.left_at).is_(None),
            led,
        )
        .order_by(col(Membership.id))
        .limit(MOST)
    ).all()
    roles = session.exec(
        select(Participant, Group.title)
        .join(Group, col(Group.id) == col(Participant.group_id))
        .where(
            col(Participant.state) == "suspended",
            col(Participant.ended_at).is_(None),
            led,
        )
        .order_by(col(Participant.id))
        .limit(MOST)
    ).all()
    found = [
        Waiting(
            Wait.REQUEST if row.kind == "request" else Wait.INVITATION,
            row.id,
            row.group_id,
            title,
            row.institution_id,
            None,
            row.asked_at,
        )
        for row, title in admissions
    ]
    found += [
        Waiting(
            Wait.MEMBERSHIP, row.id, row.group_id, title, row.institution_id, None, row.joined_at
        )
        for row, title in members
    ]
    found += [
        Waiting(
            Wait.ROLE, row.id, row.group_id, title, row.institution_id, row.person_id, row.since
        )
        for row, title in roles
    ]
    return sorted(found, key=lambda waiting: waiting.since)


def _led_by(session: Session, caller: Caller) -> ColumnElement[bool]:
    leading = select(Participant.group_id).where(
        col(Participant.role).in_(STEERING),
        col(Participant.state) == "active",
        col(Participant.ended_at).is_(None),
    )
    own = col(Group.id).in_(leading.where(col(Participant.person_id) == caller.id))
    if is_coordinator(session, caller):
        return or_(own, col(Group.id).not_in(leading))
    return own
