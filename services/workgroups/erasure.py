"""Erasing a person: the name goes from wherever workgroups keeps one, the id stays.

An id alone says who acted only to somebody who has the registry's tables, where the person is gone.
What people wrote about others in a text of their own stays: who wrote it answers for it.
"""

from uuid import UUID

from sqlalchemy import delete, or_
from sqlmodel import Session, col

from services.workgroups import secret_addresses
from services.workgroups.tables import Coordinator, FocalPoint, IdempotencyRecord
from shared.events.catalogue import WORKGROUPS
from shared.redaction import redact_history


def erase(session: Session, person_id: UUID) -> None:
    """Forget the name of the person, also in answers kept for a repeated request and in events."""
    for table in (Coordinator, FocalPoint):
        session.execute(delete(table).where(col(table.person_id) == person_id))
    secret_addresses.forget(session, person_id)
    session.execute(
        delete(IdempotencyRecord).where(
            or_(
                col(IdempotencyRecord.caller) == str(person_id),
                col(IdempotencyRecord.body).contains(str(person_id), autoescape=True),
            )
        )
    )
    redact_history(session, WORKGROUPS, person_id)
