"""Meetings and their history."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, UniqueConstraint
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Meeting(Table, table=True):
    """A meeting, from its planning to when it was held.

    Its times are what clocks on the wall show in its time zone; the moments in UTC follow from
    them. A meeting that was recorded afterwards has a day only.
    """

    __tablename__ = "meeting"
    __table_args__ = (
        CheckConstraint("mode IN ('in_person', 'online', 'hybrid')", name="mode"),
        CheckConstraint("participants_in_person >= 0 AND participants_online >= 0", name="counts"),
        CheckConstraint("mode <> 'in_person' OR participants_online = 0", name="in_person"),
        CheckConstraint("mode <> 'online' OR participants_in_person = 0", name="online"),
        CheckConstraint("length(title) > 0", name="titled"),
        CheckConstraint(
            "status IN ('planned', 'scheduled', 'rescheduled', 'cancelled', 'held')", name="status"
        ),
        CheckConstraint(
            "(begins_at IS NULL AND ends_at IS NULL AND begins_local IS NULL "
            "AND ends_local IS NULL) OR (begins_local IS NOT NULL AND ends_local IS NOT NULL "
            "AND begins_at < ends_at)",
            name="times",
        ),
        CheckConstraint(
            "status NOT IN ('scheduled', 'rescheduled') OR begins_at IS NOT NULL", name="scheduled"
        ),
        CheckConstraint("status <> 'held' OR held_on IS NOT NULL", name="held"),
        CheckConstraint("begins_fold IN (0, 1) AND ends_fold IN (0, 1)", name="folds"),
        CheckConstraint("capacity IS NULL OR capacity >= 1", name="capacity"),
        CheckConstraint("version >= 1 AND sequence >= 0", name="version"),
        CheckConstraint("(series_id IS NULL) = (occurrence IS NULL)", name="series"),
        UniqueConstraint("series_id", "occurrence"),
        Index(None, "begins_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    title: str = Field(max_length=200)
    description: str | None = None
    status: str = Field(default="held", max_length=20)
    held_on: date | None = None
    begins_local: datetime | None = Field(default=None, sa_type=DateTime)
    begins_fold: int = 0
    begins_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ends_local: datetime | None = Field(default=None, sa_type=DateTime)
    ends_fold: int = 0
    ends_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    place: str | None = Field(default=None, max_length=200)
    link: str | None = Field(default=None, max_length=2000)
    time_zone: str = Field(max_length=64)
    mode: str = Field(max_length=20)
    capacity: int | None = None
    participants_in_person: int = 0
    participants_online: int = 0
    convenor_id: UUID | None = None
    recorded_by: UUID
    recorded_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    version: int = 1
    sequence: int = Field(
        default=0,
        description="Rises when time or place move (RFC 5545); in a series to what the series "
        "has then.",
    )
    series_id: UUID | None = Field(default=None, foreign_key="meeting_series.id")
    occurrence: datetime | None = Field(
        default=None,
        sa_type=DateTime,
        description="When the series has it begin, on the wall: its RECURRENCE-ID.",
    )


class MeetingChange(Table, table=True):
    """What changed in a meeting, with the values before; rows are only added."""

    __tablename__ = "meeting_change"

    meeting_id: UUID = Field(primary_key=True, foreign_key="meeting.id")
    version: int = Field(primary_key=True, description="The version that the change made.")
    status: str = Field(max_length=20, description="The status since then.")
    before: str = Field(description="The values before, by name, as JSON.")
    reason: str | None = None
    changed_by: UUID
    changed_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class MeetingGroup(Table, table=True):
    """A group whose meeting it is."""

    __tablename__ = "meeting_group"

    meeting_id: UUID = Field(primary_key=True, foreign_key="meeting.id")
    group_id: UUID = Field(primary_key=True, foreign_key="workgroup.id", index=True)
