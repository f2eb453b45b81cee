"""Merges: which institution became part of which, and what came with it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index
from sqlmodel import Field

from services.registry.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Merge(Table, table=True):
    """A merge of one institution into another, with all that it moved, so that it can be undone."""

    __tablename__ = "institution_merge"
    __table_args__ = (
        CheckConstraint("institution_id <> into_id", name="into_id"),
        CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone"),
        Index(None, "institution_id", "undone_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    institution_id: UUID = Field(foreign_key="institution.id")
    into_id: UUID = Field(foreign_key="institution.id", index=True)
    status_before: str = Field(max_length=20)
    reason: str
    moved: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    """Each row that changed hands: its table, its key now, and its values before and after."""
    by: UUID = Field(foreign_key="person.id")
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    undone_by: UUID | None = Field(default=None, foreign_key="person.id")
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
