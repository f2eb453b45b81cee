"""The history of events, how far those of others were applied, and answers given before."""

from services.workgroups.tables.base import Table
from shared import outbox
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


class Outbox(outbox.OutboxColumns, Table, table=True):
    """Events, committed with the change they tell of."""

    __tablename__ = "outbox"


class RelayState(outbox.RelayStateColumns, Table, table=True):
    """The event history's epoch, its last position, and who relays."""

    __tablename__ = "relay_state"


outbox.register(source=WORKGROUPS, outbox=Outbox, state=RelayState)
