"""Announcements to groups, and the record of what was decided about each."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index
from sqlmodel import Field

from services.notifier.tables.base import Table, word
from services.notifier.vocabulary import AnnouncementAct, AnnouncementState
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Announcement(Table, table=True):
    """What a coordinator tells everybody of a group, and how far it went out."""

    __tablename__ = "announcement"
    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> author_id", name="second_person"),
        Index("ix_announcement_state", "state", "progressed_at"),
        Index("ix_announcement_group", "group_id"),
    )
    id: UUID = Field(primary_key=True, default_factory=new_id)
    group_id: UUID
    author_id: UUID
    state: AnnouncementState = Field(
        sa_type=word(AnnouncementState, "state"), default=AnnouncementState.DRAFT
    )
    texts: dict[str, dict[str, str]] = Field(
        sa_type=JSON, description="Subject and text (Markdown), by language."
    )
    language: str = Field(description="Which of them is for readers of other languages.")
    send_at: datetime | None = Field(sa_type=UtcDateTime, default=None)
    recipients: int = Field(default=0, description="How many it reached when last counted.")
    approved_by: UUID | None = None
    last_reader: UUID | None = Field(
        default=None, description="Up to which subscriber e-mails were made."
    )
    all_made: bool = Field(default=False, description="Whether there is one for each reader.")
    version: int = 1
    created_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)
    progressed_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)
    finished_at: datetime | None = Field(sa_type=UtcDateTime, default=None)


class AnnouncementRecord(Table, table=True):
    """One thing that was done to an announcement: who and when. Never changed."""

    __tablename__ = "announcement_record"
    __table_args__ = (Index("ix_announcement_record_announcement", "announcement_id", "id"),)
    id: UUID = Field(primary_key=True, default_factory=new_id)
    announcement_id: UUID = Field(foreign_key="announcement.id")
    act: AnnouncementAct = Field(sa_type=word(AnnouncementAct, "act"))
    by: UUID | None = Field(default=None, description="Nobody for what the time brought.")
    version: int
    recipients: int
    content_digest: str = Field(
        description="SHA-256 of group, texts and language: what was decided about."
    )
    reason: str | None = None
    at: datetime = Field(sa_type=UtcDateTime)
