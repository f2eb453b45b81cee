"""The notifier's tables.

Read models keep what other services said (`Theme`, `Group`, `Institution`, `Coordinator`,
`FocalPoint`). The ledger of what readers asked for and got is the notifier's own: requests,
subscribers, subscriptions, windows, notices, digest items, runs, digests, deliveries.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Enum, Index, MetaData, UniqueConstraint, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from services.notifier.vocabulary import (
    DeliveryKind,
    DeliveryState,
    Frequency,
    NoticeKind,
    RunState,
    RunTrigger,
    TargetKind,
)
from shared.columns import UtcDateTime, utc_now
from shared.idempotency_columns import IdempotencyColumns
from shared.ids import new_id
from shared.projection import CheckpointColumns, ParkedColumns


def _word(words: type[StrEnum], name: str) -> Enum:
    """Return a text column that holds only the values of ``words`` and reads back as them."""
    return Enum(
        words,
        native_enum=False,
        create_constraint=True,
        length=24,
        name=name,
        values_callable=lambda members: [member.value for member in members],
    )


NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMES))):
    """Base of the notifier's tables; their metadata is its own."""


class Checkpoint(CheckpointColumns, Table, table=True):
    """How far each source was applied."""

    __tablename__ = "checkpoint"


class Parked(ParkedColumns, Table, table=True):
    """Events that could not be applied."""

    __tablename__ = "parked_event"


class IdempotencyRecord(IdempotencyColumns, Table, table=True):
    """Answers given to requests that carried an ``Idempotency-Key``."""

    __tablename__ = "idempotency_record"


class Theme(Table, table=True):
    """A theme, as workgroups told it."""

    __tablename__ = "theme"
    slug: str = Field(primary_key=True)
    title: str


class Group(Table, table=True):
    """A follow-up group, as workgroups told it."""

    __tablename__ = "workgroup"
    id: UUID = Field(primary_key=True)
    title: str
    theme_slug: str
    status: str
    visibility: str = Field(default="all", sa_column_kwargs={"server_default": "all"})
    version: int


class Institution(Table, table=True):
    """A partner institution, as the registry told it."""

    __tablename__ = "institution"
    id: UUID = Field(primary_key=True)
    name: str
    acronym: str | None = None
    status: str
    version: int
    merged_into: UUID | None = None


class Coordinator(Table, table=True):
    """A person who coordinates the platform, as the registry told it."""

    __tablename__ = "coordinator"
    person_id: UUID = Field(primary_key=True)
    name: str


class FocalPoint(Table, table=True):
    """A person who speaks for an institution, as the registry told it."""

    __tablename__ = "focal_point"
    person_id: UUID = Field(primary_key=True)
    institution_id: UUID = Field(primary_key=True)
    role: str


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
        Index("ix_subscription_request_asked_at", "asked_at"),
    )
    id: UUID = Field(primary_key=True, default_factory=new_id)
    email: str
    language: str | None = None
    time_zone: str | None = None
    hour: int | None = None
    weekday: int | None = None
    frequency: Frequency = Field(sa_type=_word(Frequency, "frequency"))
    target_kind: TargetKind = Field(sa_type=_word(TargetKind, "target"))
    target_id: str
    asked_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    confirmed_at: datetime | None = Field(sa_type=UtcDateTime, default=None)


class Subscriber(Table, table=True):
    """A reader with a confirmed address, and when and where the reader reads."""

    __tablename__ = "subscriber"
    __table_args__ = (
        CheckConstraint("hour BETWEEN 0 AND 23", name="hour"),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
    )
    id: UUID = Field(primary_key=True, default_factory=new_id)
    email: str = Field(unique=True)
    language: str
    time_zone: str
    hour: int
    weekday: int
    created_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)


class Subscription(Table, table=True):
    """What a subscriber wants to read of, and how soon; ``ended_at`` says it is over."""

    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "target_kind", "target_id"),
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
    target_kind: TargetKind = Field(sa_type=_word(TargetKind, "target"))
    target_id: str
    frequency: Frequency = Field(sa_type=_word(Frequency, "frequency"))
    confirmed_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(sa_type=UtcDateTime, default=None)


class DigestWindow(Table, table=True):
    """A subscriber's open window at one frequency: ``[starts_at, ends_at)``."""

    __tablename__ = "digest_window"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        Index("ix_digest_window_end", "frequency", "ends_at"),
    )
    subscriber_id: UUID = Field(primary_key=True, foreign_key="subscriber.id")
    frequency: Frequency = Field(primary_key=True, sa_type=_word(Frequency, "frequency"))
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)


class Notice(Table, table=True):
    """One thing that happened and that readers care about, with the facts needed to tell it."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_subject_kind", "subject", "kind"),)
    id: UUID = Field(primary_key=True, default_factory=new_id)
    event_id: UUID = Field(unique=True)
    kind: NoticeKind = Field(sa_type=_word(NoticeKind, "kind"))
    subject: str
    theme_slug: str | None = None
    theme_title: str | None = None
    group_id: UUID | None = None
    group_title: str | None = None
    facts: dict[str, Any] = Field(sa_type=JSON)
    targets: list[str] = Field(sa_type=JSON)
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class DigestRun(Table, table=True):
    """One closing of windows at a frequency, for all subscribers whose windows end with it."""

    __tablename__ = "digest_run"
    __table_args__ = (
        # Two sweepers that look for a missing run at once make one.
        Index(
            "uq_digest_run_collecting",
            "frequency",
            "trigger",
            unique=True,
            sqlite_where=text("state = 'collecting'"),
            postgresql_where=text("state = 'collecting'"),
        ),
        Index("ix_digest_run_state", "state"),
    )
    id: UUID = Field(primary_key=True, default_factory=new_id)
    frequency: Frequency = Field(sa_type=_word(Frequency, "frequency"))
    trigger: RunTrigger = Field(sa_type=_word(RunTrigger, "trigger"))
    state: RunState = Field(sa_type=_word(RunState, "state"), default=RunState.COLLECTING)
    window_end: datetime = Field(sa_type=UtcDateTime)
    requested_by: UUID | None = None
    subscribers: int = 0
    started_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)
    progressed_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)
    finished_at: datetime | None = Field(sa_type=UtcDateTime, default=None)


class Digest(Table, table=True):
    """What one subscriber is told at once: the items of a window, or one notice right away."""

    __tablename__ = "digest"
    __table_args__ = (UniqueConstraint("run_id", "subscriber_id"),)
    id: UUID = Field(primary_key=True, default_factory=new_id)
    run_id: UUID | None = Field(default=None, foreign_key="digest_run.id")
    subscriber_id: UUID = Field(foreign_key="subscriber.id")
    frequency: Frequency = Field(sa_type=_word(Frequency, "frequency"))
    window_start: datetime | None = Field(sa_type=UtcDateTime, default=None)
    window_end: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)


class DigestItem(Table, table=True):
    """A notice that a subscriber is to be told; without ``digest_id`` it waits for its window."""

    __tablename__ = "digest_item"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "notice_id"),
        Index(
            "ix_digest_item_waiting",
            "subscriber_id",
            "frequency",
            sqlite_where=text("digest_id IS NULL"),
            postgresql_where=text("digest_id IS NULL"),
        ),
        Index("ix_digest_item_digest", "digest_id"),
    )
    id: UUID = Field(primary_key=True, default_factory=new_id)
    subscriber_id: UUID = Field(foreign_key="subscriber.id")
    notice_id: UUID = Field(foreign_key="notice.id")
    subscription_id: UUID = Field(foreign_key="subscription.id")
    frequency: Frequency = Field(sa_type=_word(Frequency, "frequency"))
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    digest_id: UUID | None = Field(default=None, foreign_key="digest.id")


class Delivery(Table, table=True):
    """One e-mail to one reader, from the intent to the mail server's answer."""

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint("(request_id IS NULL) <> (digest_id IS NULL)", name="one_content"),
        Index("ix_delivery_state", "state", "next_attempt_at"),
        Index("ix_delivery_run", "run_id", "state"),
        Index("ix_delivery_subscriber", "subscriber_id"),
    )
    id: UUID = Field(primary_key=True, default_factory=new_id)
    kind: DeliveryKind = Field(sa_type=_word(DeliveryKind, "kind"))
    request_id: UUID | None = Field(
        default=None, unique=True, foreign_key="subscription_request.id"
    )
    digest_id: UUID | None = Field(default=None, unique=True, foreign_key="digest.id")
    run_id: UUID | None = Field(default=None, foreign_key="digest_run.id")
    subscriber_id: UUID | None = Field(default=None, foreign_key="subscriber.id")
    state: DeliveryState = Field(sa_type=_word(DeliveryState, "state"), default=DeliveryState.DUE)
    attempts: int = 0
    next_attempt_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)
    queued_at: datetime | None = Field(sa_type=UtcDateTime, default_factory=utc_now)
    created_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)
    finished_at: datetime | None = Field(sa_type=UtcDateTime, default=None)
    answer: str | None = None
