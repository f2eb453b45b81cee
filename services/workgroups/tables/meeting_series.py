"""Series of meetings."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class MeetingSeries(Table, table=True):
    """What the meetings of a series have in common; each of them is a row of `Meeting`.

    Its times are those of the first meeting on the wall: the others follow from the rule.
    """

    __tablename__ = "meeting_series"
    __table_args__ = (
        CheckConstraint("mode IN ('in_person', 'online', 'hybrid')", name="mode"),
        CheckConstraint("length(title) > 0", name="titled"),
        CheckConstraint("length(rule) > 0", name="rule"),
        CheckConstraint("capacity IS NULL OR capacity >= 1", name="capacity"),
        CheckConstraint("version >= 1 AND sequence >= 0", name="version"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    title: str = Field(max_length=200)
    description: str | None = None
    rule: str = Field(max_length=200, description="RRULE (RFC 5545), always with COUNT.")
    begins_local: datetime = Field(sa_type=DateTime)
    begins_fold: int | None = Field(default=None, description="For meetings in a doubled hour.")
    ends_local: datetime = Field(sa_type=DateTime)
    ends_fold: int | None = None
    time_zone: str = Field(max_length=64)
    mode: str = Field(max_length=20)
    place: str | None = Field(default=None, max_length=200)
    link: str | None = Field(default=None, max_length=2000)
    capacity: int | None = None
    convenor_id: UUID | None = None
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    recorded_by: UUID
    recorded_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    version: int = 1
    sequence: int = Field(
        default=0, description="Rises when a time or place of one of its meetings moves."
    )
