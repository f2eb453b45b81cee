"""Needs and offers, as the registry told of them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import JSON, Index
from sqlmodel import Field

from services.notifier.tables.base import Table
from shared.columns import UtcDateTime


class Support(Table, table=True):
    """A need or an offer of an institution."""

    __tablename__ = "support"
    __table_args__ = (
        Index("ix_support_open", "side", "state", "kind"),
        Index("ix_support_institution_id", "institution_id", "side"),
    )
    id: UUID = Field(primary_key=True)
    side: str = Field(description="need or offer")
    institution_id: UUID
    institution_name: str
    title: str
    kind: str
    themes: list[str] = Field(sa_type=JSON)
    countries: list[str] = Field(sa_type=JSON, description="None: anywhere.")
    ends_on: date | None = None
    state: str
    since: datetime = Field(sa_type=UtcDateTime, description="Of this state.")
    version: int
