"""People, and for whom they speak."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from services.registry.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Person(Table, table=True):
    """Somebody with an e-mail address; confirmed once a code from that address came back."""

    __tablename__ = "person"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(max_length=200)
    email: str = Field(max_length=254)
    email_key: str = Field(max_length=254, unique=True)
    language: str = Field(default="en", max_length=35)
    time_zone: str = Field(default="UTC", max_length=64)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Coordinator(Table, table=True):
    """A person who coordinates the platform."""

    __tablename__ = "coordinator"

    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    appointed_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class FocalPoint(Table, table=True):
    """A person who speaks for an institution, once confirmed."""

    __tablename__ = "focal_point"
    __table_args__ = (CheckConstraint("role IN ('focal_point', 'alternate')", name="role"),)

    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    institution_id: UUID = Field(primary_key=True, foreign_key="institution.id", index=True)
    role: str = Field(default="focal_point", max_length=20)
    named_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
