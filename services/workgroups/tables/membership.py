"""Who belongs to a group: institutions, and people through them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Membership(Table, table=True):
    """An institution's time in a group; without ``left_at`` it belongs to it now.

    While suspended it keeps its place and takes no part.
    """

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
        CheckConstraint(
            "state IN ('active', 'suspended', 'left', 'removed', 'merged')", name="state"
        ),
        CheckConstraint("(left_at IS NULL) = (state IN ('active', 'suspended'))", name="ended"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    group_id: UUID = Field(foreign_key="workgroup.id")
    institution_id: UUID = Field(index=True)
    state: str = Field(default="active", max_length=20)
    joined_by: UUID | None = None
    joined_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    left_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Admission(Table, table=True):
    """An institution's request to join a group, or the group's invitation to it."""

    __tablename__ = "admission"
    __table_args__ = (
        CheckConstraint("kind IN ('request', 'invitation')", name="kind"),
        CheckConstraint(
            "state IN ('requested', 'invited', 'active', 'declined', 'withdrawn')", name="state"
        ),
        CheckConstraint(
            "(decided_at IS NULL) = (state IN ('requested', 'invited'))", name="decided"
        ),
        Index(
            "uq_admission_open",
            "group_id",
            "institution_id",
            unique=True,
            sqlite_where=text("decided_at IS NULL"),
            postgresql_where=text("decided_at IS NULL"),
        ),
        Index(None, "group_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    group_id: UUID = Field(foreign_key="workgroup.id")
    institution_id: UUID = Field(index=True)
    kind: str = Field(max_length=20)
    state: str = Field(max_length=20)
    message: str | None = None
    asked_by: UUID
    asked_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    decided_by: UUID | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str | None = None


class Participant(Table, table=True):
    """A person's time in a group in one role; without ``ended_at`` it lasts.

    Who speaks for a member institution belongs to the group without a row of their own.
    """

    __tablename__ = "participant"
    __table_args__ = (
        CheckConstraint(
            "role IN ('coordinator', 'co_chair', 'rapporteur', 'focal_point', 'alternate', "
            "'member', 'observer', 'adviser')",
            name="role",
        ),
        CheckConstraint("state IN ('active', 'suspended')", name="state"),
        CheckConstraint("ended_at IS NULL OR ended_at >= since", name="order"),
        Index(
            "uq_participant_current",
            "group_id",
            "person_id",
            "role",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    group_id: UUID = Field(foreign_key="workgroup.id")
    person_id: UUID = Field(index=True)
    institution_id: UUID | None = Field(default=None, index=True)
    role: str = Field(max_length=20)
    state: str = Field(default="active", max_length=20)
    since: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class MembershipHistory(Table, table=True):
    """One step of an institution's membership, or of a person's role. Never changed."""

    __tablename__ = "membership_history"
    __table_args__ = (
        CheckConstraint("institution_id IS NOT NULL OR person_id IS NOT NULL", name="of"),
        CheckConstraint("(person_id IS NULL) = (role IS NULL)", name="role"),
        Index(None, "group_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    group_id: UUID = Field(foreign_key="workgroup.id")
    institution_id: UUID | None = None
    person_id: UUID | None = None
    role: str | None = Field(default=None, max_length=20)
    action: str = Field(max_length=20)
    from_state: str | None = Field(default=None, max_length=20)
    to_state: str = Field(max_length=20)
    actor_id: UUID | None = None
    reason: str | None = None
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
