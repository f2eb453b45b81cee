"""Verifications: what was checked, by whom, until when it holds. Rows are only ever added."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.registry.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Verification(Table, table=True):
    """A coordinator's statement that an institution is what it says. Never changed."""

    __tablename__ = "verification"
    __table_args__ = (
        UniqueConstraint("institution_id", "version"),
        CheckConstraint("valid_until > verified_at", name="valid_until"),
        CheckConstraint("length(evidence) > 0", name="evidence"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    institution_id: UUID = Field(foreign_key="institution.id")
    version: int
    """The version of the institution that this made."""
    evidence: str
    verified_by: UUID = Field(foreign_key="person.id")
    verified_at: datetime = Field(sa_type=UtcDateTime)
    valid_until: datetime = Field(sa_type=UtcDateTime)


class VerificationCheck(Table, table=True):
    """One item of the checklist of a verification. Never changed."""

    __tablename__ = "verification_check"
    __table_args__ = (
        CheckConstraint(
            "outcome IN ('confirmed', 'not_applicable', 'not_confirmed')", name="outcome"
        ),
        CheckConstraint("outcome = 'confirmed' OR comment IS NOT NULL", name="comment"),
    )

    verification_id: UUID = Field(primary_key=True, foreign_key="verification.id")
    item: str = Field(primary_key=True, max_length=40)
    place: int
    """Where it stood in the checklist, from 0."""
    outcome: str = Field(max_length=20)
    comment: str | None = None


class VerificationNotice(Table, table=True):
    """That it was told that a verification runs out, or has run out: once each. Never changed."""

    __tablename__ = "verification_notice"
    __table_args__ = (CheckConstraint("kind IN ('90_days', '30_days', 'expired')", name="kind"),)

    verification_id: UUID = Field(primary_key=True, foreign_key="verification.id")
    kind: str = Field(primary_key=True, max_length=20)
    told_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
