"""Action items, who is responsible for them, and what was done."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class ActionItem(Table, table=True):
    """What an institution answers for until a date; numbered within its group from 1.

    Whether it is overdue follows from the date and is not stored.
    """

    __tablename__ = "action_item"
    __table_args__ = (
        UniqueConstraint("group_id", "number"),
        UniqueConstraint("id", "group_id"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("length(title) > 0", name="titled"),
        CheckConstraint(
            "state IN ('open', 'in_progress', 'blocked', 'done', 'cancelled')", name="state"
        ),
        CheckConstraint("priority IN ('low', 'normal', 'high')", name="priority"),
        CheckConstraint("start_date IS NULL OR start_date <= due_date", name="period"),
        CheckConstraint("parent_id IS NULL OR parent_id <> id", name="parent"),
        CheckConstraint("agreed_point_id IS NULL OR meeting_id IS NOT NULL", name="origin"),
        CheckConstraint("result IS NULL OR state = 'done'", name="result"),
        CheckConstraint(
            "(finished_at IS NULL) = (state NOT IN ('done', 'cancelled'))", name="finished"
        ),
        ForeignKeyConstraint(
            ["agreed_point_id", "meeting_id"], ["agreed_point.id", "agreed_point.meeting_id"]
        ),
        ForeignKeyConstraint(["parent_id", "group_id"], ["action_item.id", "action_item.group_id"]),
        Index(None, "institution_id", "state"),
        Index(None, "state", "due_date"),
        Index(None, "due_date", "id"),
        Index(None, "updated_at", "id"),
        Index(None, "agreed_point_id"),
        Index(None, "meeting_id"),
        Index(None, "parent_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    group_id: UUID = Field(foreign_key="workgroup.id")
    number: int
    title: str = Field(max_length=200)
    description: str | None = None
    institution_id: UUID
    priority: str = Field(default="normal", max_length=10)
    start_date: date | None = None
    due_date: date
    state: str = Field(default="open", max_length=20)
    reason: str | None = None
    """Why it is blocked or was cancelled."""
    result: str | None = None
    result_links: list[str] = Field(default_factory=list, sa_type=JSON)
    parent_id: UUID | None = None
    meeting_id: UUID | None = Field(default=None, foreign_key="meeting.id")
    agreed_point_id: UUID | None = None
    version: int = 1
    assigned_by: UUID
    assigned_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    due_soon_told_for: date | None = None
    overdue_told_for: date | None = None
    """For which due date an event told that it is over."""


class ActionItemPerson(Table, table=True):
    """A person of the accountable institution who sees to an action item."""

    __tablename__ = "action_item_person"

    action_item_id: UUID = Field(primary_key=True, foreign_key="action_item.id")
    person_id: UUID = Field(primary_key=True, index=True)


class ActionItemSupport(Table, table=True):
    """A need or an offer that an action item is about, as the registry knows it."""

    __tablename__ = "action_item_support"
    __table_args__ = (CheckConstraint("side IN ('need', 'offer')", name="side"),)

    action_item_id: UUID = Field(primary_key=True, foreign_key="action_item.id")
    support_id: UUID = Field(primary_key=True, index=True)
    side: str = Field(max_length=10)


class ActionItemEntry(Table, table=True):
    """A line of an action item's log: what was done, or what was changed. It is never edited."""

    __tablename__ = "action_item_entry"
    __table_args__ = (
        CheckConstraint("kind IN ('assigned', 'changed', 'reassigned', 'note')", name="kind"),
        CheckConstraint("kind <> 'note' OR length(text) > 0", name="worded"),
        Index(None, "action_item_id", "id"),
        Index(
            "uq_action_item_entry_version",
            "action_item_id",
            "version",
            unique=True,
            sqlite_where=text("kind <> 'note'"),
            postgresql_where=text("kind <> 'note'"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    action_item_id: UUID = Field(foreign_key="action_item.id")
    kind: str = Field(max_length=20)
    version: int
    """The version that the action item had then; each change made one."""
    by: UUID | None = None
    """Null where an event of the registry did it."""
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    text: str | None = None
    changes: dict[str, list[Any]] | None = Field(default=None, sa_type=JSON)
    """The value before and after, by field."""


class Reassignment(Table, table=True):
    """A proposal that another institution answers for an action item; at most one waits."""

    __tablename__ = "reassignment"
    __table_args__ = (
        CheckConstraint("state IN ('proposed', 'accepted', 'declined', 'withdrawn')", name="state"),
        CheckConstraint("from_institution_id <> to_institution_id", name="sides"),
        CheckConstraint("(state = 'proposed') = (answered_at IS NULL)", name="answered"),
        CheckConstraint("version >= 1", name="version"),
        Index(
            "uq_reassignment_waiting",
            "action_item_id",
            unique=True,
            sqlite_where=text("state = 'proposed'"),
            postgresql_where=text("state = 'proposed'"),
        ),
        Index(None, "action_item_id", "id"),
        Index(None, "to_institution_id", "state"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    action_item_id: UUID = Field(foreign_key="action_item.id")
    from_institution_id: UUID
    to_institution_id: UUID
    state: str = Field(default="proposed", max_length=20)
    message: str | None = None
    proposed_by: UUID
    proposed_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    reason: str | None = None
    """Why it was declined or withdrawn."""
    answered_by: UUID | None = None
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1
