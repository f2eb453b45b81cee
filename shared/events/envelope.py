"""The envelope of every event: CloudEvents 1.0 in structured JSON mode.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md, with the extensions
``sequence`` (https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/sequence.md;
here the event's position in its source's history) and ``traceparent`` (distributed tracing).
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.columns import utc_now
from shared.ids import new_id

BATCH_CONTENT_TYPE = "application/cloudevents-batch+json"


class EventData(BaseModel):
    """Base of the data of every event type.

    A schema only grows: a field is added with a default, never removed or given another meaning.
    So unknown fields are ignored, as a newer publisher may send them to an older consumer.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: ClassVar[str]
    """The part of the type between ``org.southlink.`` and the version."""
    version: ClassVar[int] = 1
    source: ClassVar[str]
    """The service that publishes it, such as ``/registry``."""
    personal: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """The fields that say something of a person, each with the field of that person's id."""

    @classmethod
    def type(cls) -> str:
        """Return the CloudEvents type, such as ``org.southlink.institution.verified.v1``."""
        return f"org.southlink.{cls.name}.v{cls.version}"


class Event(BaseModel):
    """One event. ``sequence`` is absent until the relay gave the event its position."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: UUID = Field(description="UUIDv7, unique over all sources.")
    source: str = Field(examples=["/registry"])
    type: str = Field(examples=["org.southlink.institution.verified.v1"])
    subject: str = Field(examples=["institutions/018f4e2a-0000-7000-8000-000000000000"])
    time: datetime = Field(description="When it happened (RFC 3339, UTC).")
    dataschema: str = Field(description="Where the service publishes the schema of the data.")
    datacontenttype: Literal["application/json"] = "application/json"
    sequence: str | None = Field(None, description="Position in the source's history, from 1.")
    traceparent: str | None = Field(None, description="W3C Trace Context of the request.")
    data: dict[str, Any]

    @classmethod
    def of(
        cls,
        data: EventData,
        *,
        subject: str,
        time: datetime | None = None,
        traceparent: str | None = None,
    ) -> "Event":
        """Wrap ``data`` as a new event about ``subject`` that happened at ``time`` (now)."""
        return cls(
            id=new_id(),
            source=data.source,
            type=data.type(),
            subject=subject,
            time=time or utc_now(),
            dataschema=f"{data.source}/events/schemas/{data.type()}",
            traceparent=traceparent,
            data=data.model_dump(mode="json"),
        )

    @property
    def position(self) -> int:
        """The position as a number; ``ValueError`` when the relay has not given it yet."""
        if self.sequence is None:
            raise ValueError(f"Event {self.id} has no position yet.")
        return int(self.sequence)

    def at(self, position: int) -> "Event":
        """Return this event with its position."""
        return self.model_copy(update={"sequence": str(position)})

    def to_json(self) -> str:
        """Return the structured JSON form, without absent attributes."""
        return self.model_dump_json(exclude_none=False, exclude=self._absent())

    def _absent(self) -> set[str]:
        return {name for name in ("sequence", "traceparent") if getattr(self, name) is None}
