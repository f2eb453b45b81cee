"""Introductions: a recipient asks an offering institution, and what comes of it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from services.registry.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id

_UNDER_WAY = text("state IN ('requested', 'accepted', 'agreed')")


class Introduction(Table, table=True):
    """What the recipient of a need asks of an offer; whose both are is told by the two rows."""

    __tablename__ = "introduction"
    __table_args__ = (
        CheckConstraint(
            "state IN ('requested', 'accepted', 'declined', 'withdrawn', 'agreed', 'delivered', "
            "'fell_through')",
            name="state",
        ),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("(state = 'delivered') = (delivered_on IS NOT NULL)", name="delivered_on"),
        CheckConstraint("(volume_amount IS NULL) = (volume_unit IS NULL)", name="volume"),
        Index(
            "uq_introduction_under_way",
            "need_id",
            "offer_id",
            unique=True,
            postgresql_where=_UNDER_WAY,
            sqlite_where=_UNDER_WAY,
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    need_id: UUID = Field(foreign_key="support_item.id", index=True)
    offer_id: UUID = Field(foreign_key="support_item.id", index=True)
    message: str
    state: str = Field(max_length=20)
    version: int = Field(default=1)
    reason: str | None = None
    """Why it was declined, withdrawn or fell through."""
    volume_amount: int | None = Field(default=None, sa_type=BigInteger)
    volume_unit: str | None = Field(default=None, max_length=40)
    volume_currency: str | None = Field(default=None, max_length=3)
    """What was agreed, and once delivered, what was delivered."""
    delivered_on: date | None = None
    requested_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class IntroductionHistoryEntry(Table, table=True):
    """One step of an introduction: who did what and why. Each version has exactly one."""

    __tablename__ = "introduction_history"
    __table_args__ = (UniqueConstraint("introduction_id", "version"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    introduction_id: UUID = Field(foreign_key="introduction.id")
    version: int
    action: str = Field(max_length=20)
    from_state: str | None = Field(default=None, max_length=20)
    to_state: str = Field(max_length=20)
    actor_id: UUID | None = Field(default=None, foreign_key="person.id")
    """``None`` when it ended because the need or the offer did."""
    reason: str | None = None
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
