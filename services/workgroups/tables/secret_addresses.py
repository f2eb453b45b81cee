"""Addresses that are a secret: whoever knows one reads what its person may read."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class SecretAddress(Table, table=True):
    """An address of a person, of which a digest is kept; it holds until it is revoked."""

    __tablename__ = "secret_address"
    __table_args__ = (CheckConstraint("purpose IN ('calendar', 'feed')", name="purpose"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(index=True)
    purpose: str = Field(max_length=20)
    group_id: UUID | None = Field(default=None, foreign_key="workgroup.id")
    digest: str = Field(max_length=64, unique=True)
    made_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
