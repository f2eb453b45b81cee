"""Updates, what they link to and whom they mention, and how they were before."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Update(Table, table=True):
    """What a member institution tells its group: a draft, published, or withdrawn again.

    ``place`` orders what is published: a UUIDv7 made at its publication.
    """

    __tablename__ = "posted_update"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('initiative', 'opportunity', 'challenge', 'resource', 'decision', 'news')",
            name="kind",
        ),
        CheckConstraint("length(title) > 0 AND length(text) > 0", name="worded"),
        CheckConstraint("state IN ('draft', 'published', 'withdrawn')", name="state"),
        CheckConstraint(
            "(state = 'draft') = (posted_at IS NULL) AND (state = 'draft') = (place IS NULL)",
            name="published",
        ),
        CheckConstraint("state = 'draft' OR publish_at IS NULL", name="scheduled"),
        CheckConstraint("state = 'published' OR pinned_at IS NULL", name="pinned"),
        CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn"),
        CheckConstraint("version >= 1", name="version"),
        Index(None, "group_id", "place"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    group_id: UUID = Field(foreign_key="workgroup.id")
    institution_id: UUID = Field(index=True)
    posted_by: UUID
    kind: str = Field(max_length=20)
    title: str = Field(max_length=200)
    text: str
    text_html: str = ""
    rendering: int = Field(
        default=0, index=True, description="Which rendering text_html is; 0: none yet."
    )
    language: str | None = Field(default=None, max_length=35)
    state: str = Field(default="draft", max_length=20)
    version: int = 1
    place: UUID | None = Field(default=None, unique=True)
    publish_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    held_back: str | None = Field(default=None, description="Why its day came and it stayed.")
    posted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    edited_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    pinned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    withdrawn_by_group: bool = False
    withdrawal_reason: str | None = None
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class UpdateLink(Table, table=True):
    """A need or an offer that an update is about."""

    __tablename__ = "update_link"
    __table_args__ = (CheckConstraint("side IN ('need', 'offer')", name="side"),)

    update_id: UUID = Field(primary_key=True, foreign_key="posted_update.id")
    support_id: UUID = Field(primary_key=True, index=True)
    side: str = Field(max_length=10)


class UpdateMention(Table, table=True):
    """A person or an institution that an update mentions."""

    __tablename__ = "update_mention"
    __table_args__ = (CheckConstraint("kind IN ('person', 'institution')", name="kind"),)

    update_id: UUID = Field(primary_key=True, foreign_key="posted_update.id")
    mentioned_id: UUID = Field(primary_key=True, index=True)
    kind: str = Field(max_length=20)


class UpdateVersion(Table, table=True):
    """An update as it was from a moment on, and what made it so; nobody changes these rows."""

    __tablename__ = "update_version"

    update_id: UUID = Field(primary_key=True, foreign_key="posted_update.id")
    version: int = Field(primary_key=True)
    action: str = Field(max_length=20)
    actor_id: UUID | None = Field(default=None, description="None: its time had come.")
    reason: str | None = None
    said: dict[str, Any] = Field(sa_type=JSON, description="The whole content as of then.")
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
