"""One thing as far as finding it needs, and what a service says of the things that it finds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from sys import intern
from uuid import UUID

from sqlmodel import Session

from shared.search.storage import Window

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Order(StrEnum):
    """In which order things come, leaving aside how well they fit."""

    NAME = "name"
    OLDEST = "oldest"
    NEWEST = "newest"
    CHANGED = "changed"


Key = tuple[str | int, int]
"""What an order goes by; the second part is the thing's id as a number."""


@dataclass(frozen=True, slots=True)
class Card:
    """One thing, as far as finding it needs."""

    id: UUID
    name_key: str
    begun: int
    """Microseconds since 1970, as the next."""
    changed: int
    codes: tuple[str, ...]
    """As ``field=code``."""

    def key(self, order: Order) -> Key:
        """Return what an order goes by."""
        if order is Order.NAME:
            return self.name_key, self.id.int
        return self.changed if order is Order.CHANGED else self.begun, self.id.int


@dataclass(frozen=True)
class Index:
    """What a service finds: where its words are, what is filtered by, how its cards are read."""

    words: str
    """The table of words (`shared.search.storage`)."""
    fields: tuple[str, ...]
    """The fields that are filtered by and counted."""
    cards: Callable[[Session, Window | None], dict[int, Card | None]]
    """Returns what changed in a window, or everything without one, by number; ``None`` is gone."""


def card_of(
    id_: UUID, name_key: str, begun: datetime, changed: datetime, codes: Iterable[str]
) -> Card:
    """Return the card of something that began and changed at these times."""
    return Card(
        id=id_,
        name_key=name_key,
        begun=(begun - _EPOCH) // _MICROSECOND,
        changed=(changed - _EPOCH) // _MICROSECOND,
        # Interned: a few hundred codes are shared by all the cards.
        codes=tuple(map(intern, codes)),
    )
