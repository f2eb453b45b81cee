"""The read model of introductions, by which the registry brings a need and an offer together."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field

from services.workgroups.tables.base import Table


class Introduction(Table, table=True):
    """How far a need and an offer came together, as the registry told it."""

    __tablename__ = "introduction"

    id: UUID = Field(primary_key=True)
    need_id: UUID = Field(index=True)
    offer_id: UUID = Field(index=True)
    provider_id: UUID = Field(description="The institution that makes the offer.")
    state: str
    volume_amount: int | None = Field(default=None, sa_type=BigInteger)
    volume_unit: str | None = None
    volume_currency: str | None = None
    delivered_on: date | None = None
    version: int
