"""The tables of workgroups, with what must always hold as constraints.

Read models (`Institution`, `Coordinator`, `FocalPoint`) keep what the registry said and are
replaced by a rebuild, so no other table refers to them with a foreign key.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    MetaData,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared import outbox
from shared.columns import UtcDateTime, utc_now
from shared.consumer import CheckpointColumns, ParkedColumns
from shared.events.catalogue import WORKGROUPS
from shared.idempotency_columns import IdempotencyColumns
from shared.ids import new_id

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMES))):
    """Base of the tables of workgroups."""


class Institution(Table, table=True):
    """A partner institution, as the registry told it."""

    __tablename__ = "institution"

    id: UUID = Field(primary_key=True)
    name: str
    acronym: str | None = None
    organisation_type: str
    subtype: str | None = None
    country: str | None = None
    website: str | None = None
    visibility: str = "public"
    status: str
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
    institution_id: UUID = Field(primary_key=True, index=True)
    name: str
    role: str


class Theme(Table, table=True):
    """A theme under which groups follow up."""

    __tablename__ = "theme"
    __table_args__ = (CheckConstraint("length(slug) > 0 AND length(title) > 0", name="named"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    slug: str = Field(max_length=60, unique=True)
    title: str = Field(max_length=200)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Group(Table, table=True):
    """A follow-up group, with its charter."""

    __tablename__ = "workgroup"
    __table_args__ = (
        CheckConstraint("length(slug) > 0 AND length(title) > 0", name="named"),
        CheckConstraint("length(purpose) > 0", name="purpose"),
        CheckConstraint("status IN ('active', 'archived')", name="status"),
        CheckConstraint("version >= 1", name="version"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    slug: str = Field(max_length=60, unique=True)
    title: str = Field(max_length=200)
    purpose: str
    results: str | None = None
    theme_id: UUID = Field(foreign_key="theme.id", index=True)
    time_zone: str = Field(default="UTC", max_length=64)
    status: str = Field(default="active", max_length=20)
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Membership(Table, table=True):
    """An institution's time in a group; without ``left_at`` it is a member now."""

    __tablename__ = "membership"
    __table_args__ = (
        Index(
            "uq_membership_current",
            "group_id",
            "institution_id",
            unique=True,
            sqlite_where=text("left_at IS NULL"),
            postgresql_where=text("left_at IS NULL"),
        ),
        CheckConstraint("left_at IS NULL OR left_at >= joined_at", name="order"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    group_id: UUID = Field(foreign_key="workgroup.id")
    institution_id: UUID = Field(index=True)
    joined_by: UUID
    joined_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    left_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


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


class Meeting(Table, table=True):
    """A meeting that was held."""

    __tablename__ = "meeting"
    __table_args__ = (
        CheckConstraint("mode IN ('in_person', 'online', 'hybrid')", name="mode"),
        CheckConstraint("participants_in_person >= 0 AND participants_online >= 0", name="counts"),
        CheckConstraint("mode <> 'in_person' OR participants_online = 0", name="in_person"),
        CheckConstraint("mode <> 'online' OR participants_in_person = 0", name="online"),
        CheckConstraint("length(title) > 0", name="titled"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    title: str = Field(max_length=200)
    held_on: date
    place: str | None = Field(default=None, max_length=200)
    time_zone: str = Field(max_length=64)
    mode: str = Field(max_length=20)
    participants_in_person: int
    participants_online: int
    convenor_id: UUID | None = None
    recorded_by: UUID
    recorded_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class MeetingGroup(Table, table=True):
    """A group that took part in a meeting."""

    __tablename__ = "meeting_group"

    meeting_id: UUID = Field(primary_key=True, foreign_key="meeting.id")
    group_id: UUID = Field(primary_key=True, foreign_key="workgroup.id", index=True)


class AgreedPoint(Table, table=True):
    """What a meeting agreed; numbered within the meeting from 1."""

    __tablename__ = "agreed_point"
    __table_args__ = (
        UniqueConstraint("meeting_id", "number"),
        UniqueConstraint("id", "meeting_id"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("length(text) > 0", name="worded"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    meeting_id: UUID = Field(foreign_key="meeting.id")
    number: int
    text: str


class ActionItem(Table, table=True):
    """What an institution answers for until a date; numbered within its group from 1.

    Whether it is overdue follows from the date and is not stored.
    """

    __tablename__ = "action_item"
    __table_args__ = (
        UniqueConstraint("group_id", "number"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("length(title) > 0", name="titled"),
        CheckConstraint(
            "state IN ('open', 'in_progress', 'blocked', 'done', 'cancelled')", name="state"
        ),
        CheckConstraint("agreed_point_id IS NULL OR meeting_id IS NOT NULL", name="origin"),
        ForeignKeyConstraint(
            ["agreed_point_id", "meeting_id"], ["agreed_point.id", "agreed_point.meeting_id"]
        ),
        Index(None, "institution_id", "state"),
        Index(None, "state", "due_date"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    group_id: UUID = Field(foreign_key="workgroup.id")
    number: int
    title: str = Field(max_length=200)
    institution_id: UUID
    due_date: date
    state: str = Field(default="open", max_length=20)
    meeting_id: UUID | None = Field(default=None, foreign_key="meeting.id")
    agreed_point_id: UUID | None = None
    version: int = 1
    assigned_by: UUID
    assigned_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class IdempotencyRecord(IdempotencyColumns, Table, table=True):
    """The answer to a request with an Idempotency-Key."""

    __tablename__ = "idempotency_record"


class Checkpoint(CheckpointColumns, Table, table=True):
    """How far each source was applied."""

    __tablename__ = "checkpoint"


class Parked(ParkedColumns, Table, table=True):
    """Events that could not be applied."""

    __tablename__ = "parked"


class Outbox(outbox.OutboxColumns, Table, table=True):
    """Events, committed with the change they tell of."""

    __tablename__ = "outbox"


class RelayState(outbox.RelayStateColumns, Table, table=True):
    """The event history's epoch, its last position, and who relays."""

    __tablename__ = "relay_state"


outbox.register(source=WORKGROUPS, outbox=Outbox, state=RelayState)
