"""The read models of the registry: institutions and who acts for them.

They keep what the registry said and are replaced by a rebuild, so no other table refers to them
with a foreign key.
"""

from uuid import UUID

from sqlmodel import Field

from services.workgroups.tables.base import Table


class Institution(Table, table=True):
    """A partner institution, as the registry told it."""

    __tablename__ = "institution"

    id: UUID = Field(primary_key=True)
    name: str
    acronym: str | None = None
    organisation_type: str
    subtype: str | None = None
    country: str | None = None
    website: str | None = None
    visibility: str = "public"
    status: str
    version: int
    merged_into: UUID | None = None


class Coordinator(Table, table=True):
    """A person who coordinates the platform, as the registry told it."""

    __tablename__ = "coordinator"

    person_id: UUID = Field(primary_key=True)
    name: str


class FocalPoint(Table, table=True):
    """A person who speaks for an institution, as the registry told it."""

    __tablename__ = "focal_point"

    person_id: UUID = Field(primary_key=True)
    institution_id: UUID = Field(primary_key=True, index=True)
    name: str
    role: str
