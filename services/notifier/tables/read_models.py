"""What other services said: themes, groups, institutions, people and their roles."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from services.notifier.tables.base import Table
from shared.columns import UtcDateTime


class Theme(Table, table=True):
    """A theme, as workgroups told it."""

    __tablename__ = "theme"
    slug: str = Field(primary_key=True)
    title: str


class Group(Table, table=True):
    """A follow-up group, as workgroups told it."""

    __tablename__ = "workgroup"
    id: UUID = Field(primary_key=True)
    title: str
    theme_slug: str
    status: str
    visibility: str = Field(default="all", sa_column_kwargs={"server_default": "all"})
    version: int


class GroupMember(Table, table=True):
    """An institution that belongs to a group, as workgroups told it."""

    __tablename__ = "group_member"
    group_id: UUID = Field(primary_key=True)
    institution_id: UUID = Field(primary_key=True, index=True)
    suspended: bool = Field(default=False, description="Whether its place waits to be confirmed.")
    suspended_at: datetime | None = Field(
        sa_type=UtcDateTime, default=None, description="Since when, where that is known."
    )


class Participant(Table, table=True):
    """A role of a person in a group, as workgroups told it."""

    __tablename__ = "participant"
    id: UUID = Field(primary_key=True)
    group_id: UUID = Field(index=True)
    person_id: UUID = Field(index=True)
    institution_id: UUID | None = Field(
        default=None, description="Through which the person takes part."
    )
    role: str
    suspended: bool = Field(default=False, description="Whether it waits to be confirmed.")
    suspended_at: datetime | None = Field(
        sa_type=UtcDateTime, default=None, description="Since when, where that is known."
    )


class Institution(Table, table=True):
    """A partner institution, as the registry told it."""

    __tablename__ = "institution"
    id: UUID = Field(primary_key=True)
    name: str
    acronym: str | None = None
    status: str
    visibility: str = Field(
        default="private",
        sa_column_kwargs={"server_default": "private"},
        description="Who may hear of it: everybody, people of verified institutions, its own.",
    )
    version: int
    merged_into: UUID | None = None


class Coordinator(Table, table=True):
    """A person who coordinates the platform, as the registry told it."""

    __tablename__ = "coordinator"
    person_id: UUID = Field(primary_key=True)
    name: str


class FocalPoint(Table, table=True):
    """A person who speaks for an institution, as the registry told it."""

    __tablename__ = "focal_point"
    person_id: UUID = Field(primary_key=True)
    institution_id: UUID = Field(primary_key=True)
    role: str


class Person(Table, table=True):
    """How to reach a person who has a role, as the registry told it."""

    __tablename__ = "person"
    __table_args__ = (Index("ix_person_email_lower", text("lower(email)")),)
    id: UUID = Field(primary_key=True)
    email: str = Field(index=True)
    language: str
    time_zone: str
    version: int
