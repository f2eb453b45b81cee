"""Webhooks: endpoints of other systems, what they follow, their messages and each attempt."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from services.notifier.tables.base import Table, word
from services.notifier.vocabulary import EndpointState, MessageKind, MessageState, TargetKind
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class WebhookEndpoint(Table, table=True):
    """An address of another system that is told what its owner follows and may see."""

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        UniqueConstraint("owner_id", "url"),
        CheckConstraint("(state = 'disabled') = (disabled_at IS NOT NULL)", name="disabled"),
    )
    id: UUID = Field(primary_key=True, default_factory=new_id)
    owner_id: UUID = Field(description="The person who registered it, and whose sight counts.")
    name: str
    url: str
    state: EndpointState = Field(
        sa_type=word(EndpointState, "state"), default=EndpointState.ENABLED
    )
    secret: str
    former_secret: str | None = Field(
        default=None, description="Signs beside the new one until `former_until`."
    )
    former_until: datetime | None = Field(sa_type=UtcDateTime, default=None)
    version: int = 1
    failures: int = Field(default=0, description="Since it last answered as it should.")
    failing_since: datetime | None = Field(
        sa_type=UtcDateTime, default=None, description="Of nothing but failures."
    )
    rests_until: datetime | None = Field(
        sa_type=UtcDateTime, default=None, description="Until then it is sent nothing."
    )
    queued_at: datetime | None = Field(
        sa_type=UtcDateTime, default=None, description="When the sweep last asked for its task."
    )
    disabled_at: datetime | None = Field(sa_type=UtcDateTime, default=None)
    disabled_because: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)


class WebhookTarget(Table, table=True):
    """Something that an endpoint follows."""

    __tablename__ = "webhook_target"
    __table_args__ = (Index("ix_webhook_target_target", "target_kind", "target_id"),)
    endpoint_id: UUID = Field(primary_key=True, foreign_key="webhook_endpoint.id")
    target_kind: TargetKind = Field(primary_key=True, sa_type=word(TargetKind, "target"))
    target_id: str = Field(primary_key=True)


class WebhookMessage(Table, table=True):
    """One notice, or one test, for one endpoint; its id is the header ``webhook-id``."""

    __tablename__ = "webhook_message"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "notice_id"),
        CheckConstraint("(kind = 'notice') = (notice_id IS NOT NULL)", name="content"),
        Index("ix_webhook_message_state", "state", "next_attempt_at"),
        Index("ix_webhook_message_endpoint", "endpoint_id", "state", "subject"),
        Index("ix_webhook_message_created_at", "created_at"),
    )
    id: UUID = Field(primary_key=True, default_factory=new_id)
    endpoint_id: UUID = Field(foreign_key="webhook_endpoint.id")
    kind: MessageKind = Field(sa_type=word(MessageKind, "kind"))
    notice_id: UUID | None = Field(default=None, foreign_key="notice.id")
    subject: str = Field(description="What it is about: of one subject they come in order.")
    state: MessageState = Field(sa_type=word(MessageState, "state"), default=MessageState.DUE)
    attempts: int = Field(default=0, description="Since it was made, or replayed.")
    attempt_id: UUID | None = Field(default=None, description="The attempt that it is held by.")
    next_attempt_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)
    created_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)
    finished_at: datetime | None = Field(sa_type=UtcDateTime, default=None)
    reason: str | None = Field(default=None, description="Why it waits, failed or was cancelled.")


class WebhookAttempt(Table, table=True):
    """One request; without ``duration_ms`` it is under way, or nobody learned how it ended."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (Index("ix_webhook_attempt_message", "message_id"),)
    id: UUID = Field(primary_key=True, default_factory=new_id)
    message_id: UUID = Field(foreign_key="webhook_message.id")
    started_at: datetime = Field(sa_type=UtcDateTime)
    duration_ms: int | None = None
    status_code: int | None = None
    answer: str | None = Field(default=None, description="The first part of what came back.")
    error: str | None = Field(default=None, description="Why no answer came.")
