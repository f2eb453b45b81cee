"""What has ended is forgotten after a while: sessions, and invitations with their addresses."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_
from sqlmodel import Session, col, select

from services.registry.tables import Invitation, OutgoingLetter, SignedInSession

KEEP = timedelta(days=90)
"""How long what has ended stays to be looked at."""
AT_ONCE = 500


def forget(session: Session, now: datetime) -> int:
    """Delete sessions and invitations that ended 90 days ago; a step of the calendar.

    Roles and their history stay: an accepted invitation left its own entry there.
    """
    before = now - KEEP
    invitations = session.exec(
        select(Invitation.id)
        .where(
            or_(
                col(Invitation.ended_at) < before,
                col(Invitation.outcome).is_(None) & (col(Invitation.expires_at) < before),
            )
        )
        .limit(AT_ONCE)
    ).all()
    signed_in = session.exec(
        select(SignedInSession.id)
        .where(
            or_(
                col(SignedInSession.ended_at) < before,
                col(SignedInSession.expires_at) < before,
            )
        )
        .limit(AT_ONCE)
    ).all()
    _delete(session, col(OutgoingLetter.invitation_id), invitations)
    _delete(session, col(Invitation.id), invitations)
    _delete(session, col(SignedInSession.id), signed_in)
    return len(invitations) + len(signed_in)


def _delete(session: Session, column: Any, ids: Any) -> None:
    if ids:
        session.execute(delete(column.class_).where(column.in_(ids)))
