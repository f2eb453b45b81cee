"""Duplicates: what names are found by, and what people decided."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import Field

from services.registry.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class InstitutionNameKey(Table, table=True):
    """What an institution is found by as a possible duplicate (`services.registry.name_keys`).

    Every institution has at least one key; rows are made anew with each change of a name.
    """

    __tablename__ = "institution_name_key"

    key: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    institution_id: UUID = Field(primary_key=True, foreign_key="institution.id", index=True)


class DuplicateDecision(Table, table=True):
    """What a coordinator decided on two institutions that may be one. Never changed.

    The newest of a pair counts, whichever of the two it names first.
    """

    __tablename__ = "duplicate_decision"
    __table_args__ = (
        CheckConstraint("decision IN ('distinct', 'duplicate')", name="decision"),
        CheckConstraint("institution_id <> other_id", name="other_id"),
        CheckConstraint("length(reason) > 0", name="reason"),
        Index(None, "institution_id", "other_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    institution_id: UUID = Field(foreign_key="institution.id")
    other_id: UUID = Field(foreign_key="institution.id", index=True)
    decision: str = Field(max_length=20)
    reason: str
    score: float
    """How alike the two were when it was decided."""
    by: UUID = Field(foreign_key="person.id")
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
