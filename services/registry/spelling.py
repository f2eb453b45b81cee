"""How a name is spelt: its words in Latin letters, in one language where they are known.

Any script is put into Latin letters by anyascii, a table of about 120,000 characters. Words that
many institutions share, such as ministry or health, are known in several languages and short forms.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from anyascii import anyascii

from shared.comparison import comparison_key

_ARABIC_ARTICLE = re.compile(r"^و?(?:ال|لل|بال)(?=..)")
_NOT_LATIN_WORD = re.compile(r"[^a-z0-9]+")
_VOWELS = frozenset("aeiouywh")
"""With ``w``, ``y`` and ``h``, which come and go between one transliteration and another."""


@dataclass(frozen=True)
class Glossary:
    """Words known in several languages, each by its spelling in Latin letters."""

    meaning: dict[str, tuple[str, ...]]
    phrases: tuple[tuple[str, str], ...]
    """In scripts without spaces: what is read, the longest first, and what it means."""
    kinds: frozenset[str]
    """What says what an institution is, not which: ministry, university, international …"""
    small_words: frozenset[str]


@dataclass(frozen=True)
class Spelling:
    """What two spellings of one name share."""

    words: tuple[str, ...]
    """Its words with a meaning, in order, in Latin letters."""
    initials: frozenset[str]
    """Of its words, with and without the small ones; three letters or more."""
    alone: str | None
    """The name, when it is a single short word, as an acronym is."""


@lru_cache(maxsize=4096)
def spelling(name: str) -> Spelling:
    """Return the spelling of a name; without words where nothing in it is a letter or digit."""
    known = glossary()
    text = comparison_key(name)
    for phrase, meaning in known.phrases:
        text = text.replace(phrase, f" {meaning} ")
    latin = _joined(filter(None, map(_latin, text.split())))
    significant = [word for word in latin if word not in known.small_words]
    words = tuple(part for word in significant or latin for part in _meaning(known, word))
    both = {"".join(w[0] for w in kept) for kept in (latin, significant)}
    alone = latin[0] if len(latin) == 1 and 2 <= len(latin[0]) <= 12 else None
    return Spelling(words, frozenset(i for i in both if 3 <= len(i) <= 12), alone)


def letters(acronym: str) -> str:
    """Return an acronym's letters and digits alone, in Latin lower case; '' when it has none."""
    return "".join(map(_latin, comparison_key(acronym).split()))


@lru_cache(maxsize=16384)
def skeleton(word: str) -> str:
    """Return what is left of a word in Latin letters whoever transliterated it.

    Its first sound and its consonants, each once in a row; ``tz``, ``ts`` and ``z`` are one sound.
    """
    sounds = word
    for written, sound in (
        ("ph", "f"),
        ("ts", "s"),
        ("tz", "s"),
        ("ck", "k"),
        ("ce", "se"),
        ("ci", "si"),
        ("c", "k"),
        ("q", "k"),
        ("x", "ks"),
        ("z", "s"),
        ("j", "i"),
    ):
        sounds = sounds.replace(written, sound)
    first = "a" if sounds[:1] in {"a", "e", "i", "o", "u"} else sounds[:1]
    rest = "".join(c for c in sounds[1:] if c not in _VOWELS and c != "i")
    return re.sub(r"(.)\1+", r"\1", first + rest)


def is_kind(word: str) -> bool:
    """Return whether a word says what an institution is rather than which."""
    return word in glossary().kinds


@cache
def glossary() -> Glossary:
    """Return the words that are known in several languages."""
    path = files(__package__) / "vocabulary_data" / "words-of-names.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    meaning: dict[str, tuple[str, ...]] = {}
    phrases = []
    for word, forms in (data["kinds"] | data["subjects"]).items():
        for form in (word, *forms):
            key = comparison_key(form)
            if _unspaced(key):
                phrases.append((key, word))
            elif " " not in key:
                meaning[_latin(key)] = tuple(word.split())
    return Glossary(
        meaning,
        tuple(sorted(phrases, key=lambda pair: -len(pair[0]))),
        frozenset(part for word in data["kinds"] for part in word.split()),
        frozenset(data["small_words"]),
    )


def _latin(word: str) -> str:
    return _NOT_LATIN_WORD.sub("", anyascii(_ARABIC_ARTICLE.sub("", word)).lower())


def _unspaced(text: str) -> bool:
    return any("\u3400" <= c <= "\u9fff" for c in text)


def _joined(words: Iterable[str]) -> list[str]:
    """Put letters that stand alone together: ``u n`` is ``un``."""
    joined: list[str] = []
    run = False
    for word in words:
        single = len(word) == 1
        if single and run:
            joined[-1] += word
        else:
            joined.append(word)
        run = single
    return joined


def _meaning(known: Glossary, word: str) -> tuple[str, ...]:
    if found := known.meaning.get(word):
        return found
    if word.endswith("s") and (found := known.meaning.get(word[:-1])):
        return found
    return (word,)
