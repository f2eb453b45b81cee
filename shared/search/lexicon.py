"""The words that things are found by, in memory, to find those that somebody mistyped."""

from collections.abc import Iterable

from sqlmodel import Session

from shared.search.storage import Term, storage_of
from shared.search.words import is_spelt

NEAREST = 24
"""How many words are taken for one that was mistyped."""
SHORTEST = 3
RELOAD = 2_000
"""From so many changed things on, all words are read instead of theirs."""


class Lexicon:
    """Every word that something is, or was since this process read it, found by."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._by_length: dict[int, dict[str, None]] = {}
        self._beginnings: dict[int, dict[str, None]] = {}
        """Of the words that are longer, by their own length; made when they are asked for."""
        self._changed: set[int] | None = None
        """The things whose words aren't read yet; ``None`` before the first time."""

    def note(self, numbers: Iterable[int]) -> None:
        """Note that the words of these may be new."""
        if self._changed is not None:
            self._changed.update(numbers)

    def refresh(self, session: Session) -> None:
        """Read the words that are new."""
        storage = storage_of(session, self._table)
        if self._changed is None or len(self._changed) > RELOAD:
            words = storage.vocabulary(session)
        elif self._changed:
            words = storage.words_of(session, sorted(self._changed))
        else:
            return
        for word in words:
            if len(word) >= SHORTEST and not word.isdigit():
                self._by_length.setdefault(len(word), {})[word] = None
        self._beginnings = {}
        self._changed = set()

    def knows(self, term: Term) -> bool:
        """Return whether there is such a word, or one that begins so."""
        length = len(term.word)
        return term.word in self._by_length.get(length, {}) or (
            term.begins and term.word in self._begin(length)
        )

    def near(self, word: str, *, begun: bool) -> list[Term]:
        """Return what may have been meant by a word, the nearest first.

        One edit (a letter too many, too few, another, or two swapped) in a word of four letters
        or more, two from eight on. With ``begun`` the word may not be finished yet.
        """
        if not is_spelt(word):
            return []
        edits = 2 if len(word) >= 8 else 1
        lengths = range(len(word) - edits, len(word) + edits + 1)
        whole = _near(word, [w for n in lengths for w in self._by_length.get(n, {})], edits)
        begin = _near(word, list(self._begin(len(word))), edits) if begun else []
        return [
            *map(Term, whole),
            *(Term(other, begins=True) for other in begin if other not in whole),
        ]

    def _begin(self, length: int) -> dict[str, None]:
        if length not in self._beginnings:
            self._beginnings[length] = {
                word[:length]: None
                for longer, words in self._by_length.items()
                if longer > length
                for word in words
            }
        return self._beginnings[length]


def _near(word: str, among: list[str], edits: int) -> list[str]:
    # Read late: the processes that only relay or consume need none of it.
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    found = process.extract(word, among, scorer=OSA.distance, score_cutoff=edits, limit=None)
    ranked = sorted((distance, other) for other, distance, _ in found if distance)
    return [other for _, other in ranked[:NEAREST]]
