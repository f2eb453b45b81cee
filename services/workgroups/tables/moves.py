"""What moved in the groups when two institutions became one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class MembershipMove(Table, table=True):
    """What a merge at the registry moved in one group, so that its end can move it back."""

    __tablename__ = "membership_move"
    __table_args__ = (UniqueConstraint("event_id", "group_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    event_id: UUID
    group_id: UUID = Field(foreign_key="workgroup.id")
    institution_id: UUID = Field(index=True)
    into_id: UUID
    membership_id: UUID | None = Field(default=None, foreign_key="membership.id")
    state_before: str | None = Field(default=None, max_length=20)
    made_membership_id: UUID | None = Field(default=None, foreign_key="membership.id")
    moved: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """The ids of roles, admissions and action items, by what they are."""
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
