"""The pictures that stand for institutions."""

from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from services.registry.tables.base import Table


class InstitutionLogo(Table, table=True):
    """The logo of an institution, as it was encoded anew; ``Institution.logo_digest`` is of it."""

    __tablename__ = "institution_logo"
    __table_args__ = (CheckConstraint("length(png) > 0", name="png"),)

    institution_id: UUID = Field(primary_key=True, foreign_key="institution.id")
    png: bytes
