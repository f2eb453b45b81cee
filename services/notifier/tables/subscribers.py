"""Who reads of what: requests, subscribers, subscriptions, and the secret of their links."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from services.notifier.tables.base import Table, word
from services.notifier.vocabulary import (
    EndedBy,
    Frequency,
    SubscriptionOrigin,
    TargetKind,
)
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class SigningSecret(Table, table=True):
    """The one secret that signs links in e-mails; ``migrate`` makes it."""

    __tablename__ = "signing_secret"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)
    id: int = Field(primary_key=True, default=1)
    secret: bytes


class SubscriptionRequest(Table, table=True):
    """Somebody asked for a subscription; nothing happens until the address confirms it."""

    __tablename__ = "subscription_request"
    __table_args__ = (
        CheckConstraint("hour BETWEEN 0 AND 23", name="hour"),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        Index("ix_subscription_request_email", "email", "asked_at"),
        Index("ix_subscription_request_email_lower", text("lower(email)")),
        Index("ix_subscription_request_asked_at", "asked_at"),
    )
    id: UUID = Field(primary_key=True, default_factory=new_id)
    email: str
    language: str | None = None
    time_zone: str | None = None
    hour: int | None = None
    weekday: int | None = None
    frequency: Frequency = Field(sa_type=word(Frequency, "frequency"))
    target_kind: TargetKind = Field(sa_type=word(TargetKind, "target"))
    target_id: str
    criteria: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    asked_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    confirmed_at: datetime | None = Field(sa_type=UtcDateTime, default=None)


class Subscriber(Table, table=True):
    """A reader with a confirmed address, and when and where the reader reads."""

    __tablename__ = "subscriber"
    __table_args__ = (
        CheckConstraint("hour BETWEEN 0 AND 23", name="hour"),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        Index("ix_subscriber_email_lower", text("lower(email)")),
    )
    id: UUID = Field(primary_key=True, default_factory=new_id)
    email: str = Field(unique=True)
    person_id: UUID | None = Field(
        default=None, unique=True, description="Whom the registry knows by this address."
    )
    language: str
    time_zone: str
    own_language: bool = Field(
        default=False, description="Whether the reader chose it, so the registry's doesn't count."
    )
    own_time_zone: bool = False
    hour: int
    weekday: int
    version: int = 1
    left_at: datetime | None = Field(
        sa_type=UtcDateTime,
        default=None,
        description="Since when the reader wants no e-mail; roles bring none until they ask again.",
    )
    welcomed_at: datetime | None = Field(
        sa_type=UtcDateTime,
        default=None,
        description="When they were told what their roles bring.",
    )
    unreachable_since: datetime | None = Field(
        sa_type=UtcDateTime,
        default=None,
        description="When the registry took back how to reach the person.",
    )
    joined_into: UUID | None = Field(
        default=None,
        foreign_key="subscriber.id",
        description="Which reader this one is now, since their addresses became one.",
    )
    created_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)


class RoleNews(Table, table=True):
    """A person whose roles or address changed: what they bring is to be brought up to date."""

    __tablename__ = "role_news"
    __table_args__ = (Index("ix_role_news_due_at", "due_at"),)
    person_id: UUID = Field(primary_key=True)
    due_at: datetime = Field(sa_type=UtcDateTime)


class Unwanted(Table, table=True):
    """A person of the registry who had everything erased here: roles bring them no e-mails."""

    __tablename__ = "unwanted"
    person_id: UUID = Field(primary_key=True)
    since: datetime = Field(sa_type=UtcDateTime)


class Subscription(Table, table=True):
    """What a subscriber wants to read of, and how soon; ``ended_at`` says it is over."""

    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "target_kind", "target_id"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended"),
        Index(
            "ix_subscription_active_target",
            "target_kind",
            "target_id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )
    id: UUID = Field(primary_key=True, default_factory=new_id)
    subscriber_id: UUID = Field(foreign_key="subscriber.id")
    target_kind: TargetKind = Field(sa_type=word(TargetKind, "target"))
    target_id: str
    frequency: Frequency = Field(sa_type=word(Frequency, "frequency"))
    origin: SubscriptionOrigin = Field(
        sa_type=word(SubscriptionOrigin, "origin"), default=SubscriptionOrigin.ASKED
    )
    criteria: dict[str, Any] | None = Field(
        default=None, sa_type=JSON, description="Which needs or offers; `target_id` is their key."
    )
    paused_until: datetime | None = Field(
        sa_type=UtcDateTime, default=None, description="Until then it brings nothing."
    )
    chosen: bool = Field(
        default=False, description="Whether the reader changed it, so a role doesn't any more."
    )
    confirmed_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(sa_type=UtcDateTime, default=None)
    ended_by: EndedBy | None = Field(sa_type=word(EndedBy, "ended_by"), default=None)
    feed_digest: str | None = Field(
        default=None, unique=True, description="Of the secret of its feed's address, if it has one."
    )
    version: int = 1
