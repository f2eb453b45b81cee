"""The history of events, how far those of others were applied, and answers given before."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Integer
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared import outbox
from shared.columns import UtcDateTime, utc_now
from shared.consumer import CheckpointColumns, ParkedColumns
from shared.events.catalogue import WORKGROUPS
from shared.idempotency_columns import IdempotencyColumns


class IdempotencyRecord(IdempotencyColumns, Table, table=True):
    """The answer to a request with an Idempotency-Key."""

    __tablename__ = "idempotency_record"


class Checkpoint(CheckpointColumns, Table, table=True):
    """How far each source was applied."""

    __tablename__ = "checkpoint"


class Parked(ParkedColumns, Table, table=True):
    """Events that could not be applied."""

    __tablename__ = "parked"


class FollowedEvent(Table, table=True):
    """An event of another service whose effect here was taken."""

    __tablename__ = "followed_event"

    event_id: UUID = Field(primary_key=True)
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class FollowedSince(Table, table=True):
    """How far a source had been applied when its events began to have effects here."""

    __tablename__ = "followed_since"

    source: str = Field(primary_key=True)
    epoch: UUID
    position: int = Field(sa_type=BigInteger().with_variant(Integer, "sqlite"))


class Outbox(outbox.OutboxColumns, Table, table=True):
    """Events, committed with the change they tell of."""

    __tablename__ = "outbox"


class RelayState(outbox.RelayStateColumns, Table, table=True):
    """The event history's epoch, its last position, and who relays."""

    __tablename__ = "relay_state"


outbox.register(source=WORKGROUPS, outbox=Outbox, state=RelayState)
