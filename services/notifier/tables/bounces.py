"""What was reported of our e-mails, and the addresses that get none."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from services.notifier.tables.base import Table, word
from services.notifier.vocabulary import BounceKind, BounceSource, SuppressionReason
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class BounceReport(Table, table=True):
    """A report that came, and what was made of it; it holds no address and no text of ours."""

    __tablename__ = "bounce_report"
    __table_args__ = (
        Index("ix_bounce_report_fingerprint", "fingerprint", "kind", "received_at"),
        Index("ix_bounce_report_delivery_id", "delivery_id"),
        Index("ix_bounce_report_kind", "kind"),
    )
    id: UUID = Field(primary_key=True, default_factory=new_id)
    digest: str = Field(unique=True)
    """SHA-256 of what came, so that the same report twice is one row."""
    times: int = 1
    """How often the same report came."""
    source: BounceSource = Field(sa_type=word(BounceSource, "source"))
    reported_by: UUID | None = None
    kind: BounceKind = Field(sa_type=word(BounceKind, "kind"))
    outcome: str
    delivery_id: UUID | None = Field(default=None, foreign_key="delivery.id")
    fingerprint: str | None = None
    """Of the address that it counts against."""
    code: str | None = None
    diagnostic: str | None = None
    feedback_type: str | None = None
    reporter: str | None = None
    size: int
    received_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)


class Suppression(Table, table=True):
    """An address that gets no e-mail, until it is lifted.

    It is found by its fingerprint; the address itself goes when its person is erased.
    """

    __tablename__ = "suppression"
    __table_args__ = (
        Index(
            "uq_suppression_active",
            "fingerprint",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
        Index("ix_suppression_fingerprint", "fingerprint", "lifted_at"),
        Index("ix_suppression_report_id", "report_id"),
        CheckConstraint("version > 0", name="version"),
    )
    id: UUID = Field(primary_key=True, default_factory=new_id)
    fingerprint: str
    address: str | None = None
    reason: SuppressionReason = Field(sa_type=word(SuppressionReason, "reason"))
    report_id: UUID | None = Field(default=None, foreign_key="bounce_report.id")
    note: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime, default_factory=utc_now)
    created_by: UUID | None = None
    lifted_at: datetime | None = Field(sa_type=UtcDateTime, default=None)
    lifted_by: UUID | None = None
    lifted_because: str | None = None
    version: int = 1
