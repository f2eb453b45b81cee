"""Somebody who owes something, so that a preview can show what that looks like."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from services.notifier.owed import owed_by
from services.notifier.owed_entries import SOON, TO_COME, UNFINISHED
from services.notifier.standing import STEERING, speakers, standings
from services.notifier.tables import (
    ActionItem,
    ActionItemPerson,
    Admission,
    FocalPoint,
    Introduction,
    Invitation,
    Meeting,
    Participant,
    Reassignment,
)

LOOKED_AT = 20
"""People looked at for each sort of what one may owe."""


def who_owes_most(session: Session, now: datetime) -> UUID | None:
    """Return who owes the most sorts of things, of some who may owe; ``None`` for nobody."""
    stands = standings(session, _candidates(session, now))
    owed = owed_by(session, stands, speakers(stands), now)
    found = [person_id for person_id, items in owed.items() if items]
    return max(
        found,
        key=lambda each: (len({item.kind for item in owed[each]}), len(owed[each]), each),
        default=None,
    )


def _candidates(session: Session, now: datetime) -> set[UUID]:
    """Return people whom something unanswered or unfinished may concern."""
    due = (col(ActionItem.state).in_(UNFINISHED), col(ActionItem.due_date) <= (now + SOON).date())
    coming = (col(Meeting.status).in_(TO_COME), col(Meeting.ends_at) > now)
    speaks_for = col(FocalPoint.institution_id)
    statements = (
        select(FocalPoint.person_id)
        .join(ActionItem, col(ActionItem.institution_id) == speaks_for)
        .where(*due),
        select(ActionItemPerson.person_id)
        .join(ActionItem, col(ActionItem.id) == col(ActionItemPerson.action_item_id))
        .where(*due),
        select(FocalPoint.person_id)
        .join(Reassignment, col(Reassignment.to_institution_id) == speaks_for)
        .where(col(Reassignment.answered_at).is_(None)),
        select(FocalPoint.person_id)
        .join(Admission, col(Admission.institution_id) == speaks_for)
        .where(col(Admission.answered_at).is_(None)),
        select(Participant.person_id)
        .join(Admission, col(Admission.group_id) == col(Participant.group_id))
        .where(col(Admission.answered_at).is_(None), col(Participant.role).in_(STEERING)),
        select(FocalPoint.person_id)
        .join(Introduction, col(Introduction.provider_id) == speaks_for)
        .where(Introduction.state == "requested"),
        select(Invitation.person_id)
        .join(Meeting, col(Meeting.id) == col(Invitation.meeting_id))
        .where(*coming, col(Invitation.person_id).is_not(None)),
        select(FocalPoint.person_id)
        .join(Invitation, col(Invitation.institution_id) == speaks_for)
        .join(Meeting, col(Meeting.id) == col(Invitation.meeting_id))
        .where(*coming),
    )
    return {
        person_id
        for statement in statements
        for person_id in session.exec(statement.distinct().limit(LOOKED_AT))
        if person_id is not None
    }
