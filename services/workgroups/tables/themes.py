"""Themes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Theme(Table, table=True):
    """A theme under which groups follow up."""

    __tablename__ = "theme"
    __table_args__ = (
        CheckConstraint("length(slug) > 0 AND length(title) > 0", name="named"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("merged_into <> id", name="not_itself"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    slug: str = Field(max_length=60, unique=True)
    title: str = Field(max_length=200)
    description: str | None = None
    translations: dict[str, dict[str, str | None]] = Field(default_factory=dict, sa_type=JSON)
    """Title and description by BCP 47 language."""
    goals: list[str] = Field(default_factory=list, sa_type=JSON)
    sectors: list[str] = Field(default_factory=list, sa_type=JSON)
    """Codes of the vocabulary sectors."""
    retired: bool = False
    merged_into: UUID | None = Field(default=None, foreign_key="theme.id")
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
