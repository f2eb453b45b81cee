"""Themes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Theme(Table, table=True):
    """A theme under which groups follow up."""

    __tablename__ = "theme"
    __table_args__ = (CheckConstraint("length(slug) > 0 AND length(title) > 0", name="named"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    slug: str = Field(max_length=60, unique=True)
    title: str = Field(max_length=200)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
