"""Parked events: a poison event never stops the line (rule 7).

Later events of the same subject wait behind it, so that their order holds when they are put
through again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlmodel import Session, col, select

from shared.columns import utc_now
from shared.database import Database
from shared.events.envelope import Event
from shared.faults import in_words, is_passing
from shared.projection import ParkedColumns, Projection

log = structlog.get_logger(__name__)

WAITS = "Waits for an earlier event of the same subject."


@dataclass(frozen=True)
class Replayed:
    """What a replay did."""

    applied: int
    left: int


def park(session: Session, projection: Projection, event: Event, error: str, attempts: int) -> None:
    """Keep an event that could not be applied, with the reason."""
    session.add(
        projection.parked(
            source=projection.source,
            position=event.position,
            event_id=event.id,
            type=event.type,
            subject=event.subject,
            event=event.to_json(),
            error=error,
            attempts=attempts,
            parked_at=utc_now(),
        )
    )
    session.flush()


def waits_behind(session: Session, projection: Projection, event: Event) -> bool:
    """Whether an earlier event of the same subject is parked."""
    parked = projection.parked
    return (
        session.exec(
            select(parked.id)
            .where(
                col(parked.source) == projection.source,
                col(parked.subject) == event.subject,
                col(parked.position) < event.position,
            )
            .limit(1)
        ).first()
        is not None
    )


def parked_events(session: Session, projection: Projection) -> Sequence[ParkedColumns]:
    """Return what is parked of a projection's source, in the order of positions."""
    parked = projection.parked
    return session.exec(
        select(parked).where(col(parked.source) == projection.source).order_by(col(parked.position))
    ).all()


def replay(database: Database, projection: Projection) -> Replayed:
    """Put parked events through again, in their order.

    One that fails again stays, with the rest of its subject. What a running consumer parks
    meanwhile behind one of them is put through too.
    """
    applied = 0
    failed: set[str] = set()
    while waiting := _waiting(database, projection, failed):
        for row_id, subject in waiting:
            if subject in failed:
                continue
            try:
                applied += _put_through(database, projection, row_id)
            except Exception as error:
                if is_passing(error):
                    raise
                failed.add(subject)
                reason = in_words(error)
                _note_failure(database, projection, row_id, reason)
                log.warning("replay_failed", subject=subject, error=reason)
    with database.read() as session:
        left = len(parked_events(session, projection))
    return Replayed(applied, left)


def _waiting(
    database: Database, projection: Projection, failed: set[str]
) -> list[tuple[UUID, str]]:
    with database.read() as session:
        return [
            (row.id, row.subject)
            for row in parked_events(session, projection)
            if row.subject not in failed
        ]


def _put_through(database: Database, projection: Projection, row_id: UUID) -> bool:
    with database.write() as session:
        # With the lock of the checkpoint no consumer parks an event behind this one meanwhile.
        session.get(projection.checkpoint, projection.source, with_for_update=True)
        row = session.get(projection.parked, row_id)
        if row is None:
            return False
        projection.apply(session, Event.model_validate_json(row.event))
        session.delete(row)
        return True


def _note_failure(database: Database, projection: Projection, row_id: UUID, reason: str) -> None:
    with database.write() as session:
        row = session.get(projection.parked, row_id)
        if row is not None:
            row.error = reason
            row.attempts += 1
            session.add(row)
