"""What a service keeps of another's events: its checkpoint, its handlers, its parked events."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import BigInteger, Integer
from sqlmodel import Field, Session, SQLModel, col, func, select

from shared.columns import UtcDateTime, utc_now
from shared.events.envelope import Event, EventData
from shared.ids import new_id
from shared.telemetry import Figure

Handler = Callable[[Session, Event, Any], None]
"""Applies one event: ``(session, event, data)``. It must be an upsert that ignores what is older
than what it knows, because a new epoch or a rebuild applies the history again."""

_Count = BigInteger().with_variant(Integer, "sqlite")
_TYPE = re.compile(r"(?P<stem>.+)\.v(?P<version>\d+)")


class CheckpointColumns(SQLModel):
    """The columns of a service's table ``checkpoint``: how far it applied each source."""

    source: str = Field(primary_key=True)
    epoch: UUID
    position: int = Field(default=0, sa_type=_Count)
    head: int = Field(default=0, sa_type=_Count)
    skipped: int = Field(default=0, description="Events of types that the service doesn't handle.")
    updated_at: datetime = Field(sa_type=UtcDateTime)


class ParkedColumns(SQLModel):
    """The columns of a service's table ``parked_event``: events that could not be applied."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    source: str
    position: int = Field(sa_type=_Count)
    event_id: UUID = Field(unique=True)
    type: str
    subject: str = Field(index=True)
    event: str = Field(description="The CloudEvent in JSON.")
    error: str = Field(description="Why, in words.")
    attempts: int = 0
    parked_at: datetime = Field(sa_type=UtcDateTime)


class NotApplicableError(Exception):
    """The event can't be applied by this version of the service."""


@dataclass(frozen=True)
class Projection:
    """The read models that a service builds from the events of one source."""

    service: str
    source: str
    handlers: Mapping[type[EventData], Handler]
    checkpoint: type[CheckpointColumns]
    parked: type[ParkedColumns]
    read_models: tuple[type[SQLModel], ...]
    """The tables that hold nothing but what these handlers write: a rebuild empties them."""

    def concerns(self, type_name: str) -> bool:
        """Whether this service handles the type, in this version or another."""
        try:
            return self._handler(type_name) is not None
        except NotApplicableError:
            return True

    def apply(self, session: Session, event: Event) -> bool:
        """Apply one event; ``False`` when its type doesn't concern this service.

        Raises `NotApplicableError` for a newer version or invalid data of a type that it handles,
        and whatever a handler raises.
        """
        found = self._handler(event.type)
        if found is None:
            return False
        data_type, handler = found
        try:
            data = data_type.model_validate(event.data)
        except ValidationError as error:
            places = "; ".join(
                f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
                for fault in error.errors()
            )
            raise NotApplicableError(f"The data doesn't fit the type: {places}") from None
        handler(session, event, data)
        session.flush()
        return True

    def _handler(self, type_name: str) -> tuple[type[EventData], Handler] | None:
        for data_type, handler in self.handlers.items():
            if data_type.type() == type_name:
                return data_type, handler
        match = _TYPE.fullmatch(type_name)
        for data_type in self.handlers if match else ():
            known = _TYPE.fullmatch(data_type.type())
            if match and known and match["stem"] == known["stem"]:
                raise NotApplicableError(
                    f"Version {match['version']} of this type is unknown here; version "
                    f"{known['version']} is the newest: upgrade {self.service}, then replay."
                )
        return None


def projection_figures(projection: Projection, session: Session) -> Iterable[Figure]:
    """Return how far behind its source a projection is, and how many events are parked."""
    labels = {"source": projection.source}
    checkpoint = session.get(projection.checkpoint, projection.source)
    parked = session.exec(
        select(func.count())
        .select_from(projection.parked)
        .where(col(projection.parked.source) == projection.source)
    ).one()
    yield Figure("parked_events", "Events that could not be applied.", parked, labels)
    if checkpoint is not None:
        behind = max(0, checkpoint.head - checkpoint.position)
        age = (utc_now() - checkpoint.updated_at).total_seconds() if behind else 0.0
        yield Figure("consumer_lag_events", "Events not applied yet.", behind, labels)
        yield Figure("consumer_lag_seconds", "Time since progress while behind.", age, labels)
        yield Figure("consumer_position", "The last event applied.", checkpoint.position, labels)
        yield Figure("consumer_skipped", "Events of unhandled types.", checkpoint.skipped, labels)
