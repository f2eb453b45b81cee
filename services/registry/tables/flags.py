"""What coordinators note about an institution for each other. Rows are only ever added."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from services.registry.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class InstitutionFlag(Table, table=True):
    """Something to know of an institution, raised by a coordinator. Never changed."""

    __tablename__ = "institution_flag"
    __table_args__ = (
        CheckConstraint(
            "severity IN ('information', 'concern', 'serious', 'blocking')", name="severity"
        ),
        CheckConstraint("length(reason) > 0", name="reason"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    institution_id: UUID = Field(foreign_key="institution.id", index=True)
    severity: str = Field(max_length=20)
    reason: str
    raised_by: UUID = Field(foreign_key="person.id")
    raised_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class FlagLifting(Table, table=True):
    """That a flag no longer stands, and why. A flag without such a row is open. Never changed."""

    __tablename__ = "flag_lifting"
    __table_args__ = (CheckConstraint("length(reason) > 0", name="reason"),)

    flag_id: UUID = Field(primary_key=True, foreign_key="institution_flag.id")
    reason: str
    lifted_by: UUID = Field(foreign_key="person.id")
    lifted_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
