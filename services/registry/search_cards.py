"""One institution as far as finding it needs, and how it is read from the database."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from sys import intern
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from services.registry.search_storage import Window
from services.registry.tables import Institution, SearchEntry
from shared.vocabularies import vocabulary

_KEPT = ("id", "name_key", "registered_at", "updated_at")
_CODED = ("status", "visibility", "organisation_type", "subtype", "country")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Order(StrEnum):
    """In which order institutions come, leaving aside how well they fit."""

    NAME = "name"
    OLDEST = "oldest"
    NEWEST = "newest"
    CHANGED = "changed"


Key = tuple[str | int, int]
"""What an order goes by; the second part is the institution's id as a number."""


@dataclass(frozen=True, slots=True)
class Card:
    """One institution, as far as finding it needs."""

    id: UUID
    name_key: str
    registered: int
    """Microseconds since 1970, as the next."""
    changed: int
    codes: tuple[str, ...]
    """As ``field=code``; of a region also those that include it."""

    def key(self, order: Order) -> Key:
        """Return what an order goes by."""
        if order is Order.NAME:
            return self.name_key, self.id.int
        return self.changed if order is Order.CHANGED else self.registered, self.id.int


def cards_of(session: Session, window: Window | None) -> dict[int, Card | None]:
    """Return what changed in a window, or everything without one, by number; ``None`` is gone."""
    columns = [
        col(SearchEntry.number),
        col(SearchEntry.codes),
        *(col(getattr(Institution, name)) for name in (*_KEPT, *_CODED)),
    ]
    statement = select(*columns).outerjoin(
        Institution, col(Institution.id) == col(SearchEntry.institution_id)
    )
    if window is not None:
        statement = statement.where(
            col(SearchEntry.change) >= window.since, col(SearchEntry.change) < window.until
        )
    return {row.number: _card(row) if row.id else None for row in session.execute(statement)}


def _card(row: Any) -> Card:
    own = {name: getattr(row, name) for name in _CODED}
    # Interned: a few hundred codes are shared by all the cards.
    codes = [f"{name}={value}" for name, value in own.items() if value is not None]
    return Card(
        id=row.id,
        name_key=row.name_key,
        registered=(row.registered_at - _EPOCH) // _MICROSECOND,
        changed=(row.updated_at - _EPOCH) // _MICROSECOND,
        codes=tuple(map(intern, (*codes, *_with_regions_around(row.codes.splitlines())))),
    )


def _with_regions_around(codes: Iterable[str]) -> dict[str, None]:
    """Return the codes with every region that includes one of them, so that it is found by both."""
    return dict.fromkeys(wider for code in codes for wider in _wider(code))


@cache
def _wider(name: str) -> tuple[str, ...]:
    field, _, code = name.partition("=")
    if field != "regions":
        return (name,)
    return tuple(f"{field}={each}" for each in vocabulary("regions").with_broader(code))
