"""People, and for whom they speak."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, text
from sqlmodel import Field

from services.registry.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Person(Table, table=True):
    """Somebody with an e-mail address; confirmed once a code from that address came back.

    Of an erased person only the id stays, so that the history still says that it was one person.
    """

    __tablename__ = "person"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(max_length=200)
    email: str = Field(max_length=254)
    email_key: str = Field(max_length=254, unique=True)
    language: str = Field(default="en", max_length=35)
    time_zone: str = Field(default="UTC", max_length=64)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    erased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    contact_told: int | None = Field(
        default=None, description="The version whose address others were told; none: not told."
    )


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
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})


class RoleChange(Table, table=True):
    """One change of who speaks for an institution: by whom and why. Never changed.

    ``role`` is the one that the person has from then on, ``None`` when it was taken.
    """

    __tablename__ = "role_change"
    __table_args__ = (
        CheckConstraint(
            "action IN ('accepted', 'changed', 'handed_over', 'removed', 'erased')", name="action"
        ),
        CheckConstraint("role IN ('focal_point', 'alternate')", name="role"),
        Index(None, "institution_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    institution_id: UUID = Field(foreign_key="institution.id")
    person_id: UUID = Field(foreign_key="person.id", index=True)
    action: str = Field(max_length=20)
    role: str | None = Field(default=None, max_length=20)
    actor_id: UUID = Field(foreign_key="person.id", index=True)
    reason: str | None = None
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Invitation(Table, table=True):
    """Somebody was asked to speak for an institution; open until it has an outcome or expires.

    The address belongs to nobody here before it accepts: only then is there a person.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        CheckConstraint("role IN ('focal_point', 'alternate')", name="role"),
        CheckConstraint(
            "outcome IN ('accepted', 'declined', 'revoked', 'expired')", name="outcome"
        ),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended_at"),
        CheckConstraint("delivery IN ('waiting', 'sent', 'refused')", name="delivery"),
        Index(
            "uq_invitation_open",
            "institution_id",
            "email_key",
            unique=True,
            sqlite_where=text("outcome IS NULL"),
            postgresql_where=text("outcome IS NULL"),
        ),
        Index(None, "institution_id", "invited_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    institution_id: UUID = Field(foreign_key="institution.id")
    name: str = Field(max_length=200)
    email: str = Field(max_length=254)
    email_key: str = Field(max_length=254, index=True)
    role: str = Field(max_length=20)
    language: str = Field(default="en", max_length=35)
    time_zone: str = Field(default="UTC", max_length=64)
    invited_by: UUID = Field(foreign_key="person.id", index=True)
    hands_over_from: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    """The focal point whose place the person takes by accepting."""
    hand_over_reason: str | None = None
    accepted_by: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    secret_digest: str | None = Field(default=None, max_length=64)
    """Of the secret in the newest e-mail; ``None`` before the first one."""
    mailings: int = Field(default=1)
    asked_to_mail_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    delivery: str = Field(default="waiting", max_length=20)
    invited_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    outcome: str | None = Field(default=None, max_length=20)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OutgoingLetter(Table, table=True):
    """An e-mail that the mail server has not taken yet; the row goes once it has.

    No secret is here: one that a letter needs is made when it is sent.
    """

    __tablename__ = "outgoing_letter"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: str = Field(max_length=40)
    email: str = Field(max_length=254)
    language: str = Field(max_length=35)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    person_id: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    invitation_id: UUID | None = Field(default=None, foreign_key="invitation.id", index=True)
    attempts: int = Field(default=0)
    next_attempt_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, index=True)
    written_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
