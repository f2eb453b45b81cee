"""Meetings."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Meeting(Table, table=True):
    """A meeting that was held."""

    __tablename__ = "meeting"
    __table_args__ = (
        CheckConstraint("mode IN ('in_person', 'online', 'hybrid')", name="mode"),
        CheckConstraint("participants_in_person >= 0 AND participants_online >= 0", name="counts"),
        CheckConstraint("mode <> 'in_person' OR participants_online = 0", name="in_person"),
        CheckConstraint("mode <> 'online' OR participants_in_person = 0", name="online"),
        CheckConstraint("length(title) > 0", name="titled"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    title: str = Field(max_length=200)
    held_on: date
    place: str | None = Field(default=None, max_length=200)
    time_zone: str = Field(max_length=64)
    mode: str = Field(max_length=20)
    participants_in_person: int
    participants_online: int
    convenor_id: UUID | None = None
    recorded_by: UUID
    recorded_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class MeetingGroup(Table, table=True):
    """A group that took part in a meeting."""

    __tablename__ = "meeting_group"

    meeting_id: UUID = Field(primary_key=True, foreign_key="meeting.id")
    group_id: UUID = Field(primary_key=True, foreign_key="workgroup.id", index=True)
