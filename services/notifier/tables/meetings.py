"""Meetings that were planned and who is invited, as workgroups told it."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from services.notifier.tables.base import Table
from shared.columns import UtcDateTime


class Meeting(Table, table=True):
    """A meeting that was planned, with what an invitation to it says."""

    __tablename__ = "meeting"
    id: UUID = Field(primary_key=True)
    title: str
    status: str
    begins_at: datetime | None = Field(sa_type=UtcDateTime, default=None, index=True)
    ends_at: datetime | None = Field(sa_type=UtcDateTime, default=None)
    time_zone: str
    mode: str
    place: str | None = None
    link: str | None = Field(
        default=None, description="For those who belong to its groups or are invited; nobody else."
    )
    convenor_id: UUID | None = None
    sequence: int
    moved_at: datetime = Field(sa_type=UtcDateTime, description="When it got this sequence.")
    told_at: datetime = Field(sa_type=UtcDateTime, description="When it got this version.")
    version: int
    series_id: UUID | None = None
    occurrence: datetime | None = Field(
        sa_type=UtcDateTime, default=None, description="When its series has it begin."
    )


class MeetingGroup(Table, table=True):
    """A group that a meeting belongs to."""

    __tablename__ = "meeting_group"
    meeting_id: UUID = Field(primary_key=True)
    group_id: UUID = Field(primary_key=True, index=True)


class Invitation(Table, table=True):
    """An invitation of a person or an institution to a meeting, and the reply."""

    __tablename__ = "invitation"
    id: UUID = Field(primary_key=True)
    meeting_id: UUID = Field(index=True)
    person_id: UUID | None = Field(default=None, index=True)
    institution_id: UUID | None = Field(default=None, index=True)
    stands: bool = Field(description="Whether it was not taken back.")
    stood_at: datetime = Field(sa_type=UtcDateTime, description="When it was made or taken back.")
    reply: str | None = None
    replied_at: datetime | None = Field(sa_type=UtcDateTime, default=None)
