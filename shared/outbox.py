"""The outbox: a change and its event commit together (rule 2 of the design).

A command calls `publish` in its transaction. The relay later gives committed rows their positions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Integer
from sqlmodel import Field, Session, SQLModel, col, func, select

from shared.columns import UtcDateTime, utc_now
from shared.events.envelope import Event, EventData
from shared.telemetry import Figure, traceparent

_Count = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column that is exactly INTEGER."""


class OutboxColumns(SQLModel):
    """The columns of a service's table ``outbox``: its whole history of events."""

    id: int | None = Field(default=None, primary_key=True, sa_type=_Count)
    event_id: UUID = Field(unique=True)
    position: int | None = Field(default=None, unique=True, sa_type=_Count)
    type: str
    subject: str = Field(index=True)
    event: str = Field(description="The CloudEvent in JSON, without its position.")
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class RelayStateColumns(SQLModel):
    """The columns of a service's one-row table ``relay_state``."""

    id: int = Field(default=1, primary_key=True)
    epoch: UUID = Field(description="Of the event history; anew when a backup is restored.")
    last_position: int = Field(default=0, sa_type=_Count)
    published_position: int = Field(default=0, sa_type=_Count)
    lease_owner: UUID | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StreamRedactionColumns(SQLModel):
    """The columns of a service's table ``stream_redaction``.

    A row says that the stream may hold a form of the event that is no longer ours to show.
    """

    outbox_id: int = Field(primary_key=True, sa_type=_Count)
    asked_at: datetime = Field(sa_type=UtcDateTime)


@dataclass(frozen=True)
class OutboxTables:
    """Where a service keeps its events."""

    outbox: type[OutboxColumns]
    state: type[RelayStateColumns]
    redactions: type[StreamRedactionColumns] | None = None
    """``None`` where no event tells anything of a person."""


_tables: dict[str, OutboxTables] = {}


def register(
    source: str,
    outbox: type[OutboxColumns],
    state: type[RelayStateColumns],
    redactions: type[StreamRedactionColumns] | None = None,
) -> None:
    """Say in which tables the service of ``source`` keeps its events; called by its tables.

    Raises ``ValueError`` when the source has others in this process.
    """
    tables = OutboxTables(outbox, state, redactions)
    if _tables.setdefault(source, tables) != tables:
        raise ValueError(f"The events of {source} have their tables already.")


def tables_of(source: str) -> OutboxTables:
    """Return the tables of a source; ``LookupError`` when this process doesn't have them."""
    try:
        return _tables[source]
    except KeyError:
        raise LookupError(f"No outbox of {source} in this process.") from None


def publish(session: Session, data: EventData, *, subject: str) -> Event:
    """Add an event about ``subject`` to the caller's transaction, and return it."""
    return publish_all(session, [(data, subject)])[0]


def publish_all(session: Session, told: Sequence[tuple[EventData, str]]) -> list[Event]:
    """Add events to the caller's transaction, each with its subject, in their order."""
    # The change first: then the order of rows follows the order of causes.
    session.flush()
    events = [
        Event.of(data, subject=subject, traceparent=traceparent.get()) for data, subject in told
    ]
    session.add_all(
        tables_of(data.source).outbox(
            event_id=event.id,
            type=event.type,
            subject=event.subject,
            event=event.to_json(),
            recorded_at=event.time,
        )
        for event, (data, _) in zip(events, told, strict=True)
    )
    session.flush()
    return events


def positioned(row: OutboxColumns) -> str:
    """Return the JSON of a numbered event, with its position."""
    return f'{row.event[:-1]},"sequence":"{row.position}"}}'


def start_history(session: Session, source: str) -> UUID:
    """Return the epoch of the source's history; make it when the database is new."""
    state_table = tables_of(source).state
    state = session.get(state_table, 1)
    if state is None:
        state = state_table(id=1, epoch=uuid4())
        session.add(state)
        session.flush()
    return state.epoch


def begin_epoch(session: Session, source: str) -> UUID:
    """Start a new epoch, as after a restored backup, and return it.

    The events stay and keep their positions; consumers read them again from the first.
    """
    state = session.get_one(tables_of(source).state, 1, with_for_update=True)
    state.epoch = uuid4()
    state.published_position = state.last_position
    session.add(state)
    session.flush()
    return state.epoch


def outbox_figures(source: str, session: Session) -> Iterable[Figure]:
    """Return how many events wait for the relay, and for how many seconds the oldest does."""
    tables = tables_of(source)
    unnumbered = col(tables.outbox.position).is_(None)
    state = session.get(tables.state, 1)
    if state is None:
        return []
    unpublished = unnumbered | (col(tables.outbox.position) > state.published_position)
    depth, oldest = session.exec(
        select(func.count(), func.min(tables.outbox.recorded_at))
        .select_from(tables.outbox)
        .where(unpublished)
    ).one()
    age = timedelta() if depth == 0 else utc_now() - oldest
    return [
        Figure("outbox_depth", "Events that the relay has not published.", depth),
        Figure("relay_lag_seconds", "Age of the oldest unpublished event.", age.total_seconds()),
        Figure("events_total", "Events in the history.", state.last_position),
    ]
