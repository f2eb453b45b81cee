"""What the search keeps of each institution beside the institution itself."""

from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field

from services.registry.tables.base import Table


class SearchEntry(Table, table=True):
    """An institution in the search: its number there, and the change that wrote it last.

    Its words are in ``institution_words``, which each database has in its own form
    (`shared.search.storage`) under the same number.
    """

    __tablename__ = "search_entry"

    number: int | None = Field(default=None, primary_key=True)
    """Small and never used again: a place in a map of bits."""
    institution_id: UUID | None = Field(default=None, foreign_key="institution.id", unique=True)
    """``None`` once the institution is forgotten."""
    change: int = Field(sa_type=BigInteger, index=True)
    """Grows with each commit, so that a process asks only for what is new to it."""
    codes: str = ""
    """Its codes (`InstitutionCode`) as lines of ``vocabulary=code``."""
