"""Groups and their charter."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
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
        CheckConstraint("status IN ('active', 'archived')", name="status"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("visibility IN ('all', 'partners', 'members')", name="visibility"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    slug: str = Field(max_length=60, unique=True)
    title: str = Field(max_length=200)
    purpose: str
    results: str | None = None
    theme_id: UUID = Field(foreign_key="theme.id", index=True)
    time_zone: str = Field(default="UTC", max_length=64)
    status: str = Field(default="active", max_length=20)
    visibility: str = Field(default="all", max_length=20)
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
