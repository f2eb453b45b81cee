"""Updates."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Update(Table, table=True):
    """What a member institution told its group."""

    __tablename__ = "posted_update"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('initiative', 'opportunity', 'challenge', 'resource', 'decision', 'news')",
            name="kind",
        ),
        CheckConstraint("length(title) > 0 AND length(text) > 0", name="worded"),
        Index(None, "group_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    group_id: UUID = Field(foreign_key="workgroup.id")
    institution_id: UUID = Field(index=True)
    posted_by: UUID
    kind: str = Field(max_length=20)
    title: str = Field(max_length=200)
    text: str
    posted_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
