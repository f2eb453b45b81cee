"""Files attached to updates and to meetings."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Attachment(Table, table=True):
    """A file of an update or of a meeting; its content is the object of that digest.

    Without ``removed_at`` it is there. ``cleared`` says that its object was looked after since.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("length(digest) = 64", name="digest"),
        CheckConstraint("length(name) > 0", name="named"),
        CheckConstraint("removed_at IS NOT NULL OR NOT cleared", name="cleared"),
        CheckConstraint("(update_id IS NULL) <> (meeting_id IS NULL)", name="one_side"),
        Index(
            "uq_attachment_of_meeting",
            "meeting_id",
            "digest",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
        Index(
            "uq_attachment_there",
            "update_id",
            "digest",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
        Index(None, "removed_at", "cleared"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    update_id: UUID | None = Field(default=None, foreign_key="posted_update.id", index=True)
    meeting_id: UUID | None = Field(default=None, foreign_key="meeting.id", index=True)
    group_id: UUID = Field(foreign_key="workgroup.id", index=True)
    name: str = Field(max_length=200)
    media_type: str = Field(max_length=100)
    size: int
    digest: str = Field(max_length=64, index=True)
    added_by: UUID
    added_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    removed_by: UUID | None = None
    cleared: bool = False


class AttachmentSweep(Table, table=True):
    """When objects without a row were looked for last; one row."""

    __tablename__ = "attachment_sweep"

    id: int = Field(default=1, primary_key=True)
    swept_at: datetime = Field(sa_type=UtcDateTime)
