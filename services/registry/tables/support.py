"""Needs and offers: what is asked for and given, their history, and which fit together."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Index,
    UniqueConstraint,
)
from sqlmodel import Field

from services.registry.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class SupportItem(Table, table=True):
    """A need or an offer of an institution: both are described in the same terms.

    One table, because a need and an offer differ in their side alone: a match compares two rows
    field by field.
    """

    __tablename__ = "support_item"
    __table_args__ = (
        CheckConstraint("side IN ('need', 'offer')", name="side"),
        CheckConstraint(
            "state IN ('draft', 'published', 'matched', 'agreed', 'delivered', 'withdrawn', "
            "'expired')",
            name="state",
        ),
        CheckConstraint("length(title) > 0", name="title"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint(
            "starts_on IS NULL OR ends_on IS NULL OR starts_on <= ends_on", name="period"
        ),
        CheckConstraint(
            "(volume_amount IS NULL) = (volume_unit IS NULL) "
            "AND (volume_amount IS NULL OR volume_amount > 0)",
            name="volume",
        ),
        CheckConstraint("side = 'offer' OR NOT facilitates", name="facilitates"),
        Index(None, "side", "state", "id"),
        Index(None, "institution_id", "id"),
        Index(None, "state", "ends_on"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    side: str = Field(max_length=10)
    institution_id: UUID = Field(foreign_key="institution.id")
    title: str = Field(max_length=200)
    text: str
    kind: str = Field(max_length=40)
    """A code of the vocabulary support-kinds."""
    starts_on: date | None = None
    ends_on: date | None = None
    volume_amount: int | None = Field(default=None, sa_type=BigInteger)
    volume_unit: str | None = Field(default=None, max_length=40)
    volume_currency: str | None = Field(default=None, max_length=3)
    facilitates: bool = Field(default=False)
    """Whether the offer is to bring others together as a third side."""
    themes_named: int = Field(default=0)
    sdgs_named: int = Field(default=0)
    countries_named: int = Field(default=0)
    languages_named: int = Field(default=0)
    """How many codes of a vocabulary its rows in ``support_code`` have: a match's shares are of
    these, and 0 means that it asks for none in particular."""
    state: str = Field(max_length=20)
    version: int = Field(default=1)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    waiting_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Since when it is published and no introduction is under way; ``None`` in other states."""
    waiting_key: str | None = Field(default=None, max_length=80, unique=True)
    """``waiting_since`` with the id: unique, in the order of waiting."""
    unanswered_days: int = Field(default=0)
    """The longest wait that was told of, in days."""
    match_again_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    """When its matches must be looked for once more, as two that are published at the same moment
    don't see each other."""
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class SupportCode(Table, table=True):
    """A code that a need or an offer names: a theme, a goal, a country, a language.

    Side and kind are those of the item, here once more, so that what may fit a new need is found in
    one index.
    """

    __tablename__ = "support_code"
    __table_args__ = (
        Index(None, "vocabulary", "code"),
        Index(None, "side", "kind", "vocabulary", "code", "item_id"),
    )

    item_id: UUID = Field(primary_key=True, foreign_key="support_item.id")
    vocabulary: str = Field(primary_key=True, max_length=40)
    """One of themes, sdgs, countries, languages."""
    code: str = Field(primary_key=True, max_length=40)
    side: str = Field(max_length=10)
    kind: str = Field(max_length=40)


class SupportHistoryEntry(Table, table=True):
    """One step of a need or an offer: who did what and why. Each version has exactly one."""

    __tablename__ = "support_history"
    __table_args__ = (UniqueConstraint("item_id", "version"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    item_id: UUID = Field(foreign_key="support_item.id")
    version: int
    action: str = Field(max_length=20)
    from_state: str | None = Field(default=None, max_length=20)
    to_state: str = Field(max_length=20)
    actor_id: UUID | None = Field(default=None, foreign_key="person.id")
    """``None`` when a day had come, or an introduction moved it."""
    reason: str | None = None
    changes: dict[str, list[Any]] | None = Field(default=None, sa_type=JSON)
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class SupportMatch(Table, table=True):
    """An offer that fits a need, with why, and what the recipient makes of it."""

    __tablename__ = "support_match"
    __table_args__ = (
        UniqueConstraint("need_id", "offer_id"),
        CheckConstraint("score >= 0 AND score <= 1", name="score"),
        CheckConstraint("standing IN ('proposed', 'dismissed', 'accepted')", name="standing"),
        CheckConstraint("need_id <> offer_id", name="offer_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    need_id: UUID = Field(foreign_key="support_item.id")
    offer_id: UUID = Field(foreign_key="support_item.id", index=True)
    score: float
    components: list[dict[str, Any]] = Field(sa_type=JSON)
    """Each part of the score with its weight, its value and words."""
    position: int | None = None
    """The place that the recipient gave it, from 1."""
    standing: str = Field(default="proposed", max_length=20)
    computed_at: datetime = Field(sa_type=UtcDateTime)
