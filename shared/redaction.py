"""Taking what was said of a person out of events: stored, parked, and in the stream.

An event keeps its id, its time and its position, so no history has a hole; only the fields that its
type declares as personal (`EventData.personal`) are emptied.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from redis import Redis
from sqlalchemy import delete
from sqlmodel import Session, col, select

from shared import stream
from shared.columns import utc_now
from shared.database import Database
from shared.events.catalogue import CATALOGUE
from shared.events.envelope import Event
from shared.outbox import tables_of
from shared.projection import ParkedColumns

REPEAT_FOR = timedelta(minutes=1)
"""How long the stream is cleaned again: a relay that was overtaken may add what it read before."""


def without_person(event: Event, person_id: UUID) -> Event:
    """Return the event with nothing of that person; the same one when it says nothing of them."""
    data_type = CATALOGUE.get(event.type)
    emptied = {
        field: ""
        for field, owner in (data_type.personal if data_type else {}).items()
        if event.data.get(owner) == str(person_id) and event.data.get(field)
    }
    return event.model_copy(update={"data": {**event.data, **emptied}}) if emptied else event


def redact_history(session: Session, source: str, person_id: UUID) -> int:
    """Take the person out of a source's stored events; return out of how many.

    The relay then takes their old form out of the stream.
    """
    tables = tables_of(source)
    redacted = 0
    for row, event in _redacted(session, tables.outbox, person_id):
        row.event = event.to_json()
        session.add(row)
        if tables.redactions is not None:
            session.merge(tables.redactions(outbox_id=row.id, asked_at=utc_now()))
        redacted += 1
    session.flush()
    return redacted


def redact_parked(session: Session, parked: type[ParkedColumns], person_id: UUID) -> int:
    """Take the person out of the events in that table of parked ones; return out of how many."""
    redacted = 0
    for row, event in _redacted(session, parked, person_id):
        row.event = event.to_json()
        session.add(row)
        redacted += 1
    return redacted


def clean_stream(database: Database, redis: "Redis", source: str, published: int) -> int:
    """Delete from the stream what was redacted in the history; return how many events.

    ``published`` is the last position that the stream holds. A consumer that meets the gap reads
    the redacted form from the feed. Raises ``RedisError`` when Redis doesn't answer; then
    everything is still to be done.
    """
    redactions = tables_of(source).redactions
    if redactions is None:
        return 0
    outbox = tables_of(source).outbox
    with database.read() as session:
        # What is not published yet will be read, by then redacted, from the history.
        there = session.exec(
            select(redactions, outbox.position).where(
                redactions.outbox_id == outbox.id, col(outbox.position) <= published
            )
        ).all()
    if not there:
        return 0
    stream.remove(redis, source, [position for _, position in there if position is not None])
    long_ago = utc_now() - REPEAT_FOR
    done = [redaction.outbox_id for redaction, _ in there if redaction.asked_at < long_ago]
    if done:
        with database.write() as session:
            session.execute(delete(redactions).where(col(redactions.outbox_id).in_(done)))
    return len(there)


def _redacted(session: Session, table: type[Any], person_id: UUID) -> Iterator[tuple[Any, Event]]:
    types = [name for name, data in CATALOGUE.items() if data.personal]
    rows = session.exec(
        select(table).where(
            col(table.type).in_(types), col(table.event).contains(str(person_id), autoescape=True)
        )
    ).all()
    for row in rows:
        event = Event.model_validate_json(row.event)
        redacted = without_person(event, person_id)
        if redacted is not event:
            yield row, redacted
