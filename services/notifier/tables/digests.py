"""What readers are told: notices, windows, runs, and digests with their items."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field

from services.notifier.tables.base import Table, word
from services.notifier.vocabulary import (
    Frequency,
    NoticeKind,
    RunState,
    RunTrigger,
)
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Notice(Table, table=True):
    """One thing that happened and that readers care about, with the facts needed to tell it."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_subject_kind", "subject", "kind"),)
    id: UUID = Field(primary_key=True, default_factory=new_id)
    event_id: UUID = Field(unique=True)
    kind: NoticeKind = Field(sa_type=word(NoticeKind, "kind"))
    subject: str
    theme_slug: str | None = None
    theme_title: str | None = None
    group_id: UUID | None = None
    group_title: str | None = None
    facts: dict[str, Any] = Field(sa_type=JSON)
    targets: list[str] = Field(sa_type=JSON)
    concerns: list[str] = Field(
        default=[],
        sa_column=Column(JSON, nullable=False, server_default="[]"),
        description="Who hears of it without asking: keys of `audiences.Audience`.",
    )
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    taken_back_at: datetime | None = Field(
        sa_type=UtcDateTime, default=None, description="Since when nobody is told of it any more."
    )


class NoticeTarget(Table, table=True):
    """One of the targets of a notice, by which a feed finds it."""

    __tablename__ = "notice_target"
    target: str = Field(primary_key=True)
    notice_id: UUID = Field(primary_key=True, foreign_key="notice.id")


class DigestWindow(Table, table=True):
    """A subscriber's open window at one frequency: ``[starts_at, ends_at)``."""

    __tablename__ = "digest_window"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        Index("ix_digest_window_end", "frequency", "ends_at"),
    )
    subscriber_id: UUID = Field(primary_key=True, foreign_key="subscriber.id")
    frequency: Frequency = Field(primary_key=True, sa_type=word(Frequency, "frequency"))
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)


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
    frequency: Frequency = Field(sa_type=word(Frequency, "frequency"))
    trigger: RunTrigger = Field(sa_type=word(RunTrigger, "trigger"))
    state: RunState = Field(sa_type=word(RunState, "state"), default=RunState.COLLECTING)
    window_end: datetime = Field(sa_type=UtcDateTime)
    requested_by: UUID | None = None
    subscribers: int = 0
    started_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)
    progressed_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)
    finished_at: datetime | None = Field(sa_type=UtcDateTime, default=None)


class DigestShard(Table, table=True):
    """A part of a run: the subscribers whose ids are after one and up to another.

    Workers collect several shards of a run at once; a shard has one of them at a time.
    """

    __tablename__ = "digest_shard"
    run_id: UUID = Field(primary_key=True, foreign_key="digest_run.id")
    number: int = Field(primary_key=True)
    after: UUID | None = None
    up_to: UUID | None = None
    collected: bool = False
    subscribers: int = 0
    digests: int = 0
    progressed_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)


class Digest(Table, table=True):
    """What one subscriber is told at once: the items of a window, or one notice right away."""

    __tablename__ = "digest"
    __table_args__ = (UniqueConstraint("run_id", "subscriber_id"),)
    id: UUID = Field(primary_key=True, default_factory=new_id)
    run_id: UUID | None = Field(default=None, foreign_key="digest_run.id")
    subscriber_id: UUID = Field(foreign_key="subscriber.id")
    frequency: Frequency = Field(sa_type=word(Frequency, "frequency"))
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
    frequency: Frequency = Field(sa_type=word(Frequency, "frequency"))
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    digest_id: UUID | None = Field(default=None, foreign_key="digest.id")
