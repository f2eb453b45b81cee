"""Who is invited to a meeting, what they replied, and who was there."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Invitation(Table, table=True):
    """A person or an institution that is invited to a meeting, with its reply as it stands."""

    __tablename__ = "invitation"
    __table_args__ = (
        UniqueConstraint("meeting_id", "person_id"),
        UniqueConstraint("meeting_id", "institution_id"),
        CheckConstraint("(person_id IS NULL) <> (institution_id IS NULL)", name="one_side"),
        CheckConstraint("reply IN ('accepted', 'declined', 'tentative')", name="reply"),
        CheckConstraint("place IN ('seated', 'waiting')", name="place"),
        CheckConstraint(
            "(place IS NOT NULL AND acceptance IS NOT NULL AND reply IS NOT NULL "
            "AND reply = 'accepted') OR (place IS NULL AND acceptance IS NULL "
            "AND (reply IS NULL OR reply <> 'accepted'))",
            name="accepted",
        ),
        CheckConstraint("coming >= 1", name="coming"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    meeting_id: UUID = Field(foreign_key="meeting.id")
    person_id: UUID | None = Field(default=None, index=True)
    institution_id: UUID | None = Field(default=None, index=True)
    invited_by: UUID
    invited_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reply: str | None = Field(default=None, max_length=20)
    coming: int = 1
    place: str | None = Field(default=None, max_length=20)
    acceptance: int | None = Field(default=None, description="Acceptances go in this order.")
    replied_to: int | None = Field(default=None, description="The sequence that was replied to.")
    reply_stamp: datetime | None = Field(default=None, sa_type=UtcDateTime)


class InvitationReply(Table, table=True):
    """A reply to an invitation; rows are only added."""

    __tablename__ = "invitation_reply"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    invitation_id: UUID = Field(foreign_key="invitation.id", index=True)
    reply: str = Field(max_length=20)
    coming: int
    place: str | None = Field(default=None, max_length=20)
    replied_to: int
    replied_by: UUID
    replied_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Attendance(Table, table=True):
    """How a person, or so many of an institution, took part in a meeting."""

    __tablename__ = "attendance"
    __table_args__ = (
        UniqueConstraint("meeting_id", "person_id"),
        UniqueConstraint("meeting_id", "institution_id", "presence"),
        CheckConstraint("(person_id IS NULL) <> (institution_id IS NULL)", name="one_side"),
        CheckConstraint(
            "presence IN ('in_person', 'online', 'excused', 'absent')", name="presence"
        ),
        CheckConstraint("heads >= 1 AND (person_id IS NULL OR heads = 1)", name="heads"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    meeting_id: UUID = Field(foreign_key="meeting.id")
    person_id: UUID | None = Field(default=None, index=True)
    institution_id: UUID | None = Field(default=None, index=True)
    presence: str = Field(max_length=20)
    heads: int = 1
    recorded_by: UUID
    recorded_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
