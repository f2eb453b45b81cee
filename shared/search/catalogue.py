"""Everything that a service finds, in memory: who has which code, and in which order they come.

A database counts by reading every row that is found, once for each field. Here a code is a number
whose bits are the things that have it, so that filters are ANDs, and a count is the bits
that are left: a few microseconds for a hundred thousand things. Each process keeps its own
catalogue and asks, before each search, for the changes that it hasn't seen.
"""

import heapq
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import RLock
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from shared.database import Database
from shared.search.cards import Card, Index, Key, Order
from shared.search.lexicon import Lexicon
from shared.search.storage import Storage, Term, storage_of

log = structlog.get_logger(__name__)

MANY = 2_000
"""From so many changes on, everything is put together anew; from so many hits on, a page is
gathered by going through all things in order."""


class Catalogue:
    """The things of one kind in one database, as of the last `refresh`; threads may share it."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lock = RLock()
        self._since = 0
        self._cards: dict[int, Card] = {}
        self._numbers: dict[UUID, int] = {}
        self._bits: dict[str, int] = {}
        self._all = 0
        self._sorted: dict[Order, array[int]] = {}
        self._lexicon = Lexicon(index.words)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that are filtered by and counted."""
        return self._index.fields

    def storage(self, session: Session) -> Storage:
        """Return the words of what the catalogue knows, in the session's database."""
        return storage_of(session, self._index.words)

    def refresh(self, session: Session) -> None:
        """Take in what was committed since the last time."""
        with self._lock:
            window = self.storage(session).window(session, self._since)
            changes = self._index.cards(session, window if self._since else None)
            self._since = window.next_since
            changes = {
                number: card for number, card in changes.items() if card != self._cards.get(number)
            }
            if not changes:
                return
            self._lexicon.note(number for number, card in changes.items() if card)
            if len(changes) > MANY:
                self._put_together(changes)
            else:
                for number, card in changes.items():
                    self._replace(number, card)

    def warm(self, database: Database) -> None:
        """Read everything, so that no search has to wait for it; what fails is only logged."""
        try:
            with database.read() as session:
                self.refresh(session)
                with self._lock:
                    self._lexicon.refresh(session)
        except SQLAlchemyError as error:
            # Such as a schema that is older than the code, which readiness tells of.
            log.warning("search_not_warmed", error=str(error))
            return
        with self._lock:
            for order in Order:
                self._in_order(order)

    def near(self, session: Session, terms: Sequence[Term]) -> list[list[Term]]:
        """Return each term with what may have been meant by it (`Lexicon.near`).

        Words that things are found by are taken as meant, unless all are such words. The
        last one may not be finished yet.
        """
        with self._lock:
            self._lexicon.refresh(session)
            unknown = [term for term in terms if not self._lexicon.knows(term)]
            return [
                [term, *self._lexicon.near(term.word, begun=term is terms[-1])]
                if term in (unknown or terms)
                else [term]
                for term in terms
            ]

    def everything(self) -> int:
        """Return the bits of all things."""
        return self._all

    def having(self, field: str, codes: Iterable[str]) -> int:
        """Return the bits of the things that have any of the codes."""
        bits = 0
        for code in codes:
            bits |= self._bits.get(f"{field}={code}", 0)
        return bits

    def of_ids(self, ids: Iterable[UUID]) -> int:
        """Return the bits of these things."""
        return _bits_at(self._numbers[one] for one in ids if one in self._numbers)

    def of_numbers(self, numbers: Iterable[int]) -> int:
        """Return the bits of the things with these numbers."""
        return _bits_at(numbers) & self._all

    def counts(self, among: Mapping[str, int]) -> dict[str, dict[str, int]]:
        """Return how many have each code of a field, among the things given for the field.

        The most frequent code comes first; one that none has is left out.
        """
        found: dict[str, dict[str, int]] = {field: {} for field in among}
        with self._lock:
            for name, bits in self._bits.items():
                field, _, code = name.partition("=")
                if field in among and (count := (bits & among[field]).bit_count()):
                    found[field][code] = count
        return {
            field: dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
            for field, counts in found.items()
        }

    def first(self, bits: int, order: Order, after: Key | None, limit: int) -> list[Card]:
        """Return the first things among ``bits`` in an order, of those after a place."""
        with self._lock:
            if bits.bit_count() > MANY:
                return self._first_of_many(bits, order, after, limit)
            cards = [self._cards[number] for number in _positions(bits)]
        if order in _DESCENDING:
            cards = [card for card in cards if after is None or card.key(order) < after]
            return heapq.nlargest(limit, cards, key=lambda card: card.key(order))
        cards = [card for card in cards if after is None or card.key(order) > after]
        return heapq.nsmallest(limit, cards, key=lambda card: card.key(order))

    def _first_of_many(self, bits: int, order: Order, after: Key | None, limit: int) -> list[Card]:
        ranked = self._in_order(order)
        marks = bits.to_bytes(bits.bit_length() // 8 + 1, "little")
        end = len(marks) * 8

        def key(number: int) -> Key:
            return self._cards[number].key(order)

        if order in _DESCENDING:
            begin = len(ranked) if after is None else bisect_left(ranked, after, key=key)
            places: Iterable[int] = range(begin - 1, -1, -1)
        else:
            begin = 0 if after is None else bisect_right(ranked, after, key=key)
            places = range(begin, len(ranked))
        found = []
        for place in places:
            number = ranked[place]
            if number < end and marks[number >> 3] >> (number & 7) & 1:
                found.append(self._cards[number])
                if len(found) == limit:
                    break
        return found

    def _in_order(self, order: Order) -> "array[int]":
        by = _SORTED_BY[order]
        if by not in self._sorted:
            self._sorted[by] = array(
                "L", sorted(self._cards, key=lambda number: self._cards[number].key(by))
            )
        return self._sorted[by]

    def _replace(self, number: int, card: Card | None) -> None:
        old = self._cards.get(number)
        for order, ranked in self._sorted.items():
            if old is not None and (card is None or card.key(order) != old.key(order)):
                del ranked[self._place(ranked, order, old)]
            if card is not None and (old is None or card.key(order) != old.key(order)):
                ranked.insert(self._place(ranked, order, card), number)
        bit = 1 << number
        before = set(old.codes) if old else set()
        after = set(card.codes) if card else set()
        for name in before - after:
            self._bits[name] &= ~bit
        for name in after - before:
            self._bits[name] = self._bits.get(name, 0) | bit
        if card is not None:
            self._cards[number] = card
            self._numbers[card.id] = number
            self._all |= bit
        elif old is not None:
            del self._cards[number], self._numbers[old.id]
            self._all &= ~bit

    def _place(self, ranked: "array[int]", order: Order, card: Card) -> int:
        return bisect_left(
            ranked, card.key(order), key=lambda number: self._cards[number].key(order)
        )

    def _put_together(self, changes: Mapping[int, Card | None]) -> None:
        cards = {**self._cards, **changes}
        self._cards = {number: card for number, card in cards.items() if card is not None}
        self._numbers = {card.id: number for number, card in self._cards.items()}
        self._sorted = {}
        numbers: dict[str, list[int]] = {}
        for number, card in self._cards.items():
            for name in card.codes:
                numbers.setdefault(name, []).append(number)
        self._bits = {name: _bits_at(some) for name, some in numbers.items()}
        self._all = _bits_at(self._cards)


_DESCENDING = frozenset({Order.NEWEST, Order.CHANGED})
_SORTED_BY = {
    Order.NAME: Order.NAME,
    Order.OLDEST: Order.OLDEST,
    Order.NEWEST: Order.OLDEST,
    Order.CHANGED: Order.CHANGED,
}
"""What is kept sorted, lowest first: two orders are one, read from either end."""


def _bits_at(numbers: Iterable[int]) -> int:
    some = list(numbers)
    if not some:
        return 0
    marks = bytearray((max(some) >> 3) + 1)
    for number in some:
        marks[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(marks, "little")


def _positions(bits: int) -> Iterator[int]:
    marks = bin(bits)[:1:-1]
    place = marks.find("1")
    while place >= 0:
        yield place
        place = marks.find("1", place + 1)
