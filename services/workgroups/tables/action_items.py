"""Action items."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class ActionItem(Table, table=True):
    """What an institution answers for until a date; numbered within its group from 1.

    Whether it is overdue follows from the date and is not stored.
    """

    __tablename__ = "action_item"
    __table_args__ = (
        UniqueConstraint("group_id", "number"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("length(title) > 0", name="titled"),
        CheckConstraint(
            "state IN ('open', 'in_progress', 'blocked', 'done', 'cancelled')", name="state"
        ),
        CheckConstraint("agreed_point_id IS NULL OR meeting_id IS NOT NULL", name="origin"),
        ForeignKeyConstraint(
            ["agreed_point_id", "meeting_id"], ["agreed_point.id", "agreed_point.meeting_id"]
        ),
        Index(None, "institution_id", "state"),
        Index(None, "state", "due_date"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    group_id: UUID = Field(foreign_key="workgroup.id")
    number: int
    title: str = Field(max_length=200)
    institution_id: UUID
    due_date: date
    state: str = Field(default="open", max_length=20)
    meeting_id: UUID | None = Field(default=None, foreign_key="meeting.id")
    agreed_point_id: UUID | None = None
    version: int = 1
    assigned_by: UUID
    assigned_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
