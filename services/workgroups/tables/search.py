"""What the search keeps of each thing beside the thing itself."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint
from sqlmodel import Field

from services.workgroups.tables.base import Table
from shared.columns import UtcDateTime


class SearchEntry(Table, table=True):
    """A thing in the search: its number there, and the change that wrote it last.

    Its words are in ``found_words``, which each database has in its own form
    (`shared.search.storage`) under the same number.
    """

    __tablename__ = "search_entry"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('group', 'update', 'meeting', 'agreed_point', 'action_item')", name="kind"
        ),
    )

    number: int | None = Field(default=None, primary_key=True)
    """Small and never used again: a place in a map of bits."""
    subject_id: UUID = Field(unique=True)
    kind: str = Field(max_length=20)
    title_key: str | None = None
    """``None`` while it is not to be found: a draft, or withdrawn."""
    begun: datetime | None = Field(default=None, sa_type=UtcDateTime)
    changed: datetime | None = Field(default=None, sa_type=UtcDateTime)
    change: int = Field(sa_type=BigInteger, index=True)
    """Grows with each commit, so that a process asks only for what is new to it."""
    codes: str = ""
    """What it is filtered by, as lines of ``field=code``."""
