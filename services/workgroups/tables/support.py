"""The read model of needs and offers, which the registry keeps."""

from uuid import UUID

from sqlmodel import Field

from services.workgroups.tables.base import Table


class Support(Table, table=True):
    """A need or an offer, as the registry told it; a rebuild replaces it."""

    __tablename__ = "support"

    id: UUID = Field(primary_key=True)
    side: str = Field(description="need or offer")
    institution_id: UUID = Field(index=True)
    title: str
    state: str
    version: int
