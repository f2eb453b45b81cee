"""How far other services' events were applied, and answers that were given."""

from services.notifier.tables.base import Table
from shared.idempotency_columns import IdempotencyColumns
from shared.projection import CheckpointColumns, ParkedColumns


class Checkpoint(CheckpointColumns, Table, table=True):
    """How far each source was applied."""

    __tablename__ = "checkpoint"


class Parked(ParkedColumns, Table, table=True):
    """Events that could not be applied."""

    __tablename__ = "parked_event"


class IdempotencyRecord(IdempotencyColumns, Table, table=True):
    """Answers given to requests that carried an ``Idempotency-Key``."""

    __tablename__ = "idempotency_record"
