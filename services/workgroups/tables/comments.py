"""Comments on updates, whom they mention, and how they were before."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Comment(Table, table=True):
    """What somebody of the group says to an update, or to a comment on it."""

    __tablename__ = "comment"
    __table_args__ = (
        CheckConstraint("length(text) > 0", name="worded"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawal_reason IS NULL)", name="withdrawn"),
        Index(None, "update_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    update_id: UUID = Field(foreign_key="posted_update.id")
    parent_id: UUID | None = Field(default=None, foreign_key="comment.id", index=True)
    institution_id: UUID | None = None
    posted_by: UUID = Field(index=True)
    text: str
    text_html: str
    rendering: int
    language: str | None = Field(default=None, max_length=35)
    version: int = 1
    posted_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    edited_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    withdrawn_by_group: bool = False
    withdrawal_reason: str | None = None


class CommentMention(Table, table=True):
    """A person or an institution that a comment mentions."""

    __tablename__ = "comment_mention"
    __table_args__ = (CheckConstraint("kind IN ('person', 'institution')", name="kind"),)

    comment_id: UUID = Field(primary_key=True, foreign_key="comment.id")
    mentioned_id: UUID = Field(primary_key=True, index=True)
    kind: str = Field(max_length=20)


class CommentVersion(Table, table=True):
    """A comment as it was from a moment on, and what made it so; nobody changes these rows."""

    __tablename__ = "comment_version"

    comment_id: UUID = Field(primary_key=True, foreign_key="comment.id")
    version: int = Field(primary_key=True)
    action: str = Field(max_length=20)
    actor_id: UUID
    reason: str | None = None
    text: str
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
