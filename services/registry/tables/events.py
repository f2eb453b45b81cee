"""The history of events, and the answers that creations got."""

from services.registry.tables.base import Table
from shared import outbox
from shared.events.catalogue import REGISTRY
from shared.idempotency_columns import IdempotencyColumns


class IdempotencyRecord(IdempotencyColumns, Table, table=True):
    """The answer to a request with an Idempotency-Key."""

    __tablename__ = "idempotency_record"


class Outbox(outbox.OutboxColumns, Table, table=True):
    """Events, committed with the change they tell of."""

    __tablename__ = "outbox"


class RelayState(outbox.RelayStateColumns, Table, table=True):
    """The event history's epoch, its last position, and who relays."""

    __tablename__ = "relay_state"


class StreamRedaction(outbox.StreamRedactionColumns, Table, table=True):
    """Events whose old form must leave the stream, because a person was erased."""

    __tablename__ = "stream_redaction"


outbox.register(source=REGISTRY, outbox=Outbox, state=RelayState, redactions=StreamRedaction)
