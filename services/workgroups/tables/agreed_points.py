"""What meetings agreed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class AgreedPoint(Table, table=True):
    """What a meeting agreed; numbered within the meeting from 1.

    How far it has come follows from its action items and is not stored.
    """

    __tablename__ = "agreed_point"
    __table_args__ = (
        UniqueConstraint("meeting_id", "number"),
        UniqueConstraint("id", "meeting_id"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("length(text) > 0", name="worded"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("outcome IS NULL OR length(outcome) > 0", name="outcome"),
        CheckConstraint("update_id IS NULL OR need_id IS NULL", name="answers_one"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    meeting_id: UUID = Field(foreign_key="meeting.id")
    number: int
    text: str
    outcome: str | None = None
    raised_by: UUID | None = Field(default=None, index=True)
    """The institution that raised what this point answers."""
    update_id: UUID | None = Field(default=None, foreign_key="posted_update.id", index=True)
    need_id: UUID | None = Field(default=None, index=True)
    """The need that it answers, as the registry knows it."""
    agenda_item_id: UUID | None = Field(default=None, foreign_key="agenda_item.id", index=True)
    """The item of its meeting's agenda under which it was agreed."""
    version: int = 1
    recorded_by: UUID | None = None
    recorded_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class AgreedPointChange(Table, table=True):
    """One step of an agreed point: who changed what. Each version has at most one."""

    __tablename__ = "agreed_point_change"
    __table_args__ = (UniqueConstraint("agreed_point_id", "version"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    agreed_point_id: UUID = Field(foreign_key="agreed_point.id")
    version: int
    by: UUID
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    changes: dict[str, list[Any]] = Field(sa_type=JSON)
    """The value before and after, by field."""
