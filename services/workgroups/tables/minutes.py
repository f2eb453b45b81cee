"""The agenda of a meeting and its minutes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class AgendaItem(Table, table=True):
    """What a meeting is to speak about; numbered within the meeting from 1."""

    __tablename__ = "agenda_item"
    __table_args__ = (
        UniqueConstraint("meeting_id", "number"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("length(title) > 0", name="titled"),
        CheckConstraint(
            "presenter_id IS NULL OR presenting_institution_id IS NULL", name="one_presenter"
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    meeting_id: UUID = Field(foreign_key="meeting.id")
    number: int
    title: str = Field(max_length=200)
    presenter_id: UUID | None = None
    presenting_institution_id: UUID | None = None


class MinutesVersion(Table, table=True):
    """The minutes of a meeting as they were once; rows are only added."""

    __tablename__ = "minutes_version"
    __table_args__ = (
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("state IN ('drafted', 'circulated', 'agreed')", name="state"),
    )

    meeting_id: UUID = Field(primary_key=True, foreign_key="meeting.id")
    number: int = Field(primary_key=True)
    state: str = Field(max_length=20)
    text: str
    items: dict[str, str] = Field(sa_type=JSON, description="The minutes of each agenda item.")
    reason: str | None = None
    written_by: UUID
    written_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
