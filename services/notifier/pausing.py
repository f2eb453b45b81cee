"""The pause of all sending: one row. While it is there no e-mail leaves and no run starts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from services.notifier.tables import Delivery, SendingPause
from services.notifier.vocabulary import UNFINISHED, DeliveryState


def not_paused() -> ColumnElement[bool]:
    """Return the condition that sending goes on."""
    return ~select(SendingPause.id).exists()


def current(session: Session) -> SendingPause | None:
    """Return the pause, if there is one."""
    return session.get(SendingPause, 1)


def pause(session: Session, reason: str, by: UUID | None, now: datetime) -> SendingPause:
    """Stop all sending; what is on the wire still arrives, nothing is lost.

    While sending is paused already, that pause stays as it is. ``by`` is nobody for an operator.
    """
    found = current(session)
    if found is not None:
        return found
    new = SendingPause(reason=reason, paused_by=by, paused_at=now)
    try:
        with session.begin_nested():
            session.add(new)
    except IntegrityError:
        return session.get_one(SendingPause, 1, populate_existing=True)
    return new


def resume(session: Session) -> bool:
    """Let sending go on; tell whether it was paused."""
    found = session.get(SendingPause, 1, with_for_update=True)
    if found is not None:
        session.delete(found)
        session.flush()
    return found is not None


def waiting(session: Session) -> int:
    """Return how many e-mails wait to be sent."""
    return session.exec(
        select(func.count()).select_from(Delivery).where(col(Delivery.state).in_(UNFINISHED))
    ).one()


def parked(session: Session) -> int:
    """Return how many e-mails were set aside because they can't be written."""
    return session.exec(
        select(func.count())
        .select_from(Delivery)
        .where(col(Delivery.state) == DeliveryState.PARKED)
    ).one()
