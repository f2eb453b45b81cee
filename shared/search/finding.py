"""Finding things: by words, by codes, in an order, with counts of what there is."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate
from operator import or_
from uuid import UUID

from sqlmodel import Session

from shared.pagination import PageParams, Slice, cursor_after, place_of
from shared.search.cards import Card, Order
from shared.search.catalogue import Catalogue
from shared.search.storage import EVERYTHING, Term
from shared.search.words import words_asked

FEW = 10
"""With fewer hits than this, and no name that is exactly what was asked for, words that are nearly
so are looked for as well."""

BEGINNING = 3
"""A word of so many letters is also the beginning of others; the last one, being typed, of two."""


class Sort(StrEnum):
    """In which order what is found comes."""

    RELEVANCE = "relevance"
    NAME = "name"
    OLDEST = "oldest"
    NEWEST = "newest"
    CHANGED = "changed"


@dataclass(frozen=True)
class Question:
    """What somebody looks for."""

    words: str | None = None
    codes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By field of the catalogue: one of these codes must fit, and so in each field."""
    sort: Sort = Sort.OLDEST

    def identity(self) -> str:
        """Return what tells this list from others, whose cursors are no good in it."""
        codes = {name: sorted(set(codes)) for name, codes in sorted(self.codes.items()) if codes}
        asked = None if self.words is None else words_asked(self.words)
        return json.dumps([asked, codes, self.sort])


@dataclass(frozen=True)
class Found:
    """What fits a question; things are bits of the catalogue."""

    question: Question
    ranks: Sequence[int]
    """What has the words and is in sight, best first; none is in two ranks."""
    filters: Mapping[str, int]
    """What has the codes asked for, by field."""

    def narrowed(self, bits: int, *, but: str | None = None) -> int:
        """Return those of ``bits`` that have the codes asked for, in every field but one."""
        for name, fitting in self.filters.items():
            if name != but:
                bits &= fitting
        return bits


Exactly = Callable[[Session, Catalogue, str, Sequence[str]], tuple[int, ...]]
"""Returns the bits of what is called exactly so, the best first: by the text and by its words."""


def _nothing_exactly(
    _session: Session, _catalogue: Catalogue, _text: str, _words: Sequence[str]
) -> tuple[int, ...]:
    return ()


def look_for(
    session: Session,
    catalogue: Catalogue,
    visible: int,
    question: Question,
    exactly: Exactly = _nothing_exactly,
) -> Found:
    """Return what fits a question among ``visible``, bits of a catalogue that is up to date."""
    ranks = [visible]
    if question.words is not None:
        ranks = _ranked(session, catalogue, visible, question.words, exactly)
    return Found(
        question,
        ranks,
        {name: catalogue.having(name, codes) for name, codes in question.codes.items() if codes},
    )


def total(found: Found) -> int:
    """Return how many were found."""
    return found.narrowed(_union(found.ranks)).bit_count()


def facets(catalogue: Catalogue, found: Found) -> dict[str, dict[str, int]]:
    """Return by field how many have each code, were it not for the filter of that field itself.

    The most frequent code comes first.
    """
    every = _union(found.ranks)
    return catalogue.counts({name: found.narrowed(every, but=name) for name in catalogue.fields})


def page_of(catalogue: Catalogue, found: Found, page: PageParams) -> Slice[UUID]:
    """Return a page of the ids of what was found.

    By relevance what is called exactly this comes first, then names with all the words, names
    with words that begin so, those with the help of a description, and last what
    has words that are nearly so; those alike by name. Raises a Problem (422) for a cursor of
    another question.
    """
    question = found.question
    by_rank = question.sort is Sort.RELEVANCE
    order = Order.NAME if by_rank else Order(question.sort)
    ranks = found.ranks if by_rank else [_union(found.ranks)]
    identity = question.identity()
    begin, after = 0, None
    if page.cursor is not None:
        kind = str if order is Order.NAME else int
        rank, value, hexadecimal = place_of(page.cursor, identity, (int, kind, str))
        begin, after = max(0, int(rank)), (value, _number(str(hexadecimal)))
    cards: list[tuple[int, Card]] = []
    for rank in range(begin, len(ranks)):
        missing = page.limit + 1 - len(cards)
        if missing > 0:
            bits = found.narrowed(ranks[rank])
            place = after if rank == begin else None
            cards += ((rank, card) for card in catalogue.first(bits, order, place, missing))
    if len(cards) <= page.limit:
        return Slice([card.id for _, card in cards], None)
    rank, last = cards[page.limit - 1]
    value, _ = last.key(order)
    return Slice(
        [card.id for _, card in cards[: page.limit]],
        cursor_after((rank, value, last.id.hex), identity),
    )


def _ranked(
    session: Session, catalogue: Catalogue, visible: int, words: str, exactly: Exactly
) -> list[int]:
    asked = words_asked(words)
    if not asked:
        return []
    storage = catalogue.storage(session)

    begun = [_begun(word, last=word == asked[-1]) for word in asked]
    whole, in_names, anywhere = map(
        catalogue.of_numbers,
        storage.ranked(session, [[Term(word)] for word in asked], [[term] for term in begun]),
    )
    exact = exactly(session, catalogue, words, asked)
    ranks = [*exact, whole, in_names, anywhere]
    if not _union(exact) & visible and (_union(ranks) & visible).bit_count() < FEW:
        near = storage.numbers(session, catalogue.near(session, begun), EVERYTHING)
        ranks.append(catalogue.of_numbers(near))
    before = accumulate(ranks, or_, initial=0)
    return [rank & visible & ~better for rank, better in zip(ranks, before, strict=False)]


def _begun(word: str, *, last: bool) -> Term:
    return Term(word, begins=len(word) >= (BEGINNING - 1 if last else BEGINNING))


def _union(ranks: Sequence[int]) -> int:
    every = 0
    for rank in ranks:
        every |= rank
    return every


def _number(hexadecimal: str) -> int:
    try:
        return UUID(hex=hexadecimal).int
    except ValueError:
        return 0
