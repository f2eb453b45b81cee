"""The words of a text as the search compares them: those it stores, and those somebody asks for.

Case, accents, punctuation and width don't count (`comparison_key`), nor do apostrophes and the
points of an abbreviation: ``d'Ivoire`` is found as ``dIvoire``, ``d Ivoire`` and ``Ivoire``,
``U.N.`` as ``UN``. Scripts that write no spaces are taken apart into pairs of characters, so that a
part of a name is found in them too. Databases are given these words and no text, so that each
finds the same.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from shared.comparison import comparison_key

LONGEST = 64
"""Characters of a word that count; PostgreSQL and SQLite have limits of their own beyond that."""

_APOSTROPHES = re.compile("['`´\u2018\u2019\u201b\u02bb\u02bc\u02b9\u2032\uff07]")
_ABBREVIATION = re.compile(r"(?:\w\.)+\w?", re.ASCII)
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)
"""Thai, Lao, Burmese, Khmer, Kana and Han."""


def words_to_store(texts: Iterable[str]) -> list[str]:
    """Return every word under which the texts shall be found, once each."""
    return list(
        dict.fromkeys(word for text in texts for piece in text.split() for word in _stored(piece))
    )


def words_asked(text: str) -> list[str]:
    """Return the words that somebody asks for, in order; each of them must be found."""
    return list(dict.fromkeys(word for piece in text.split() for word in _asked(piece)))


def is_spelt(word: str) -> bool:
    """Return whether the word is of letters in which one can mistype a single one."""
    return len(word) > 3 and not word.isdigit() and _UNSPACED.search(word) is None


@lru_cache(maxsize=50_000)
def _stored(piece: str) -> tuple[str, ...]:
    joined = _joined(piece)
    words = [*_folded(joined), *(_folded(piece) if joined != piece else ())]
    return tuple(part for word in words for part in _parts_to_store(word))


def _asked(piece: str) -> Iterator[str]:
    for word in _folded(_joined(piece)):
        yield from _parts_asked(word)


def _joined(piece: str) -> str:
    piece = _APOSTROPHES.sub("", piece)
    return piece.replace(".", "") if _ABBREVIATION.fullmatch(piece) else piece


def _folded(piece: str) -> list[str]:
    return [word[:LONGEST] for word in comparison_key(piece).split()]


def _parts_to_store(word: str) -> Iterator[str]:
    for run, unspaced in _runs(word):
        if unspaced:
            yield from run
            yield from _pairs(run)
        else:
            yield run


def _parts_asked(word: str) -> Iterator[str]:
    for run, unspaced in _runs(word):
        if unspaced and len(run) > 1:
            yield from _pairs(run)
        else:
            yield run


def _pairs(run: str) -> Iterator[str]:
    return (run[place : place + 2] for place in range(len(run) - 1))


def _runs(word: str) -> Iterator[tuple[str, bool]]:
    begin = 0
    for match in _UNSPACED.finditer(word):
        if begin < match.start():
            yield word[begin : match.start()], False
        yield match.group(), True
        begin = match.end()
    if begin < len(word):
        yield word[begin:], False
