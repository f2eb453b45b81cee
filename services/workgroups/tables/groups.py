"""Groups, the versions of their charter, and the steps of their life."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Group(Table, table=True):
    """A follow-up group, with its charter."""

    __tablename__ = "workgroup"
    __table_args__ = (
        CheckConstraint("length(slug) > 0 AND length(title) > 0", name="named"),
        CheckConstraint("length(purpose) > 0", name="purpose"),
        CheckConstraint(
            "status IN ('proposed', 'active', 'dormant', 'concluded', 'replaced', 'abandoned')",
            name="status",
        ),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("visibility IN ('all', 'partners', 'members')", name="visibility"),
        CheckConstraint("admission IN ('open', 'on_request', 'invitation')", name="admission"),
        CheckConstraint("(status = 'replaced') = (replaced_by IS NOT NULL)", name="successor"),
        CheckConstraint("replaced_by <> id", name="not_itself"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    slug: str = Field(max_length=60, unique=True)
    title: str = Field(max_length=200)
    purpose: str
    scope: str | None = None
    results: str | None = None
    review_date: date | None = None
    charter: int = 1
    """The number of the charter's version."""
    review_told: bool = False
    rest_suggested_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    theme_id: UUID = Field(foreign_key="theme.id", index=True)
    time_zone: str = Field(default="UTC", max_length=64)
    status: str = Field(default="active", max_length=20)
    visibility: str = Field(default="all", max_length=20)
    admission: str = Field(default="open", max_length=20)
    replaced_by: UUID | None = Field(default=None, foreign_key="workgroup.id")
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Charter(Table, table=True):
    """A version of a group's charter, numbered from 1. Never changed."""

    __tablename__ = "charter"
    __table_args__ = (
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("length(purpose) > 0", name="purpose"),
    )

    group_id: UUID = Field(primary_key=True, foreign_key="workgroup.id")
    number: int = Field(primary_key=True)
    purpose: str
    scope: str | None = None
    results: str | None = None
    review_date: date | None = None
    written_by: UUID | None = None
    reason: str | None = None
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class GroupHistory(Table, table=True):
    """One step of a group: who did what and why. Never changed; one entry for each version."""

    __tablename__ = "group_history"
    __table_args__ = (UniqueConstraint("group_id", "version"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    group_id: UUID = Field(foreign_key="workgroup.id")
    version: int
    action: str = Field(max_length=20)
    from_status: str | None = Field(default=None, max_length=20)
    to_status: str = Field(max_length=20)
    actor_id: UUID | None = None
    reason: str | None = None
    changes: dict[str, list[Any]] | None = Field(default=None, sa_type=JSON)
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
