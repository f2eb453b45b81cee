"""The e-mails, from the intent to the mail server's answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from services.notifier.tables.base import Table, word
from services.notifier.vocabulary import (
    DeliveryKind,
    DeliveryState,
)
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Delivery(Table, table=True):
    """One e-mail to one reader, from the intent to the mail server's answer."""

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint("request_id IS NULL OR digest_id IS NULL", name="one_content"),
        CheckConstraint(
            "request_id IS NOT NULL OR subscriber_id IS NOT NULL OR trial_id IS NOT NULL",
            name="reader",
        ),
        CheckConstraint("(resends IS NULL) = (repeat = 0)", name="repeat"),
        # One of each content for the first time, and one for each time that it is sent again.
        UniqueConstraint("digest_id", "repeat"),
        UniqueConstraint("request_id", "repeat"),
        UniqueConstraint("resends", "repeat"),
        UniqueConstraint("trial_id"),
        Index("ix_delivery_state", "state", "kind", "next_attempt_at"),
        Index("ix_delivery_run", "run_id", "state", "id"),
        Index("ix_delivery_subscriber", "subscriber_id"),
        # However often the readers of an announcement are gone through, each gets one.
        Index(
            "uq_delivery_announcement",
            "announcement_id",
            "subscriber_id",
            "repeat",
            unique=True,
            sqlite_where=text("announcement_id IS NOT NULL"),
            postgresql_where=text("announcement_id IS NOT NULL"),
        ),
    )
    id: UUID = Field(primary_key=True, default_factory=new_id)
    kind: DeliveryKind = Field(sa_type=word(DeliveryKind, "kind"))
    request_id: UUID | None = Field(default=None, foreign_key="subscription_request.id")
    digest_id: UUID | None = Field(default=None, foreign_key="digest.id")
    run_id: UUID | None = Field(default=None, foreign_key="digest_run.id")
    announcement_id: UUID | None = Field(default=None, foreign_key="announcement.id")
    trial_id: UUID | None = Field(default=None, foreign_key="trial.id")
    subscriber_id: UUID | None = Field(default=None, foreign_key="subscriber.id")
    state: DeliveryState = Field(sa_type=word(DeliveryState, "state"), default=DeliveryState.DUE)
    attempts: int = 0
    doubts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How often nobody learned whether the mail server took it."""
    next_attempt_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)
    queued_at: datetime | None = Field(sa_type=UtcDateTime, default_factory=utc_now)
    created_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)
    finished_at: datetime | None = Field(sa_type=UtcDateTime, default=None)
    answer: str | None = None
    resends: UUID | None = Field(
        default=None, foreign_key="delivery.id", description="Which e-mail this one sends again."
    )
    repeat: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Which time it is that the content is sent again; 0 for the first sending."""
    resend_reason: str | None = None
    resent_by: UUID | None = Field(
        default=None, description="Which coordinator wanted it again; nobody for an operator."
    )


class Trial(Table, table=True):
    """A test e-mail that a coordinator has sent to their own address, and what it shows."""

    __tablename__ = "trial"
    __table_args__ = (
        Index("ix_trial_person", "person_id", "asked_at"),
        Index("ix_trial_email_lower", text("lower(email)")),
    )
    id: UUID = Field(primary_key=True, default_factory=new_id)
    person_id: UUID
    email: str
    time_zone: str
    template: str
    language: str
    choice: dict[str, Any] = Field(sa_type=JSON, description="What it shows, by ids.")
    asked_at: datetime = Field(sa_type=UtcDateTime)


class MailDomain(Table, table=True):
    """A domain that defers or is limited: until when it rests, and when its next share is due."""

    __tablename__ = "mail_domain"
    domain: str = Field(primary_key=True)
    deferrals: int = 0
    rests_until: datetime | None = Field(sa_type=UtcDateTime, default=None)
    reason: str | None = None
    next_share_at: datetime | None = Field(sa_type=UtcDateTime, default=None)


class SendingPause(Table, table=True):
    """While its one row is there, nothing is sent."""

    __tablename__ = "sending_pause"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)
    id: int = Field(primary_key=True, default=1)
    reason: str
    paused_by: UUID | None = None
    paused_at: datetime = Field(sa_type=UtcDateTime)
