"""Requests to join a group, and invitations to it."""

from datetime import datetime

from sqlmodel import Session, col, update

from services.notifier.tables import Admission
from shared.events.catalogue import (
    MembershipAskedNoMore,
    MembershipDeclined,
    MembershipInvited,
    MembershipJoined,
    MembershipRequested,
)
from shared.events.envelope import Event

AdmissionEvent = (
    MembershipRequested | MembershipInvited | MembershipDeclined | MembershipAskedNoMore
)


def admission_asked(
    session: Session, event: Event, data: MembershipRequested | MembershipInvited
) -> None:
    """Keep that a side waits for the answer of the other."""
    _keep(session, event, data)


def admission_answered(
    session: Session, event: Event, data: MembershipDeclined | MembershipAskedNoMore
) -> None:
    """Keep that nobody waits for an answer any more."""
    admission = _keep(session, event, data)
    admission.answered_at = admission.answered_at or event.time
    session.add(admission)


def admitted(session: Session, joined: MembershipJoined, at: datetime) -> None:
    """Keep that what was asked before the institution joined is answered."""
    session.exec(
        update(Admission)
        .where(
            col(Admission.group_id) == joined.group_id,
            col(Admission.institution_id) == joined.institution_id,
            col(Admission.answered_at).is_(None),
            col(Admission.asked_at) <= at,
        )
        .values(answered_at=at)
    )


def _keep(session: Session, event: Event, data: AdmissionEvent) -> Admission:
    """Return the request or invitation as it is kept; one that was answered stays so."""
    kept = session.get(Admission, data.admission_id)
    if kept is None:
        kept = Admission(
            id=data.admission_id,
            kind=data.kind,
            group_id=data.group_id,
            institution_id=data.institution_id,
            institution_name=data.institution_name,
            asked_at=event.time,
        )
        session.add(kept)
    return kept
