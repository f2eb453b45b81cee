"""Names of real institutions, and the ways in which people write such a name differently.

The same names and variants on every machine.
"""

import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

SEED = 2026
DATA = Path(__file__).parent / "data" / "schools-and-universities.json"
REGISTERED = 1_200
"""How many of the names are registered; the rest are new ones, of which none should be found."""

# Doc 9303 of ICAO, part 3, section 6: Cyrillic in passports. Not the table that is measured.
_LATIN = "a b v g d e e zh z i i k l m n o p r s t u f kh ts ch sh shch ie y * e iu ia i i ie g"
CYRILLIC = dict(zip("абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґ", _LATIN.split(" "), strict=True))
SHORT_FORMS = {
    "university": "Univ.",
    "universidad": "Univ.",
    "universität": "Univ.",
    "université": "Univ.",
    "universitas": "Univ.",
    "institute": "Inst.",
    "institut": "Inst.",
    "international": "Int'l",
    "national": "Nat'l",
    "technology": "Tech.",
    "technical": "Techn.",
    "college": "Coll.",
    "school": "Sch.",
    "department": "Dept.",
    "management": "Mgmt.",
    "sciences": "Sci.",
    "science": "Sci.",
    "saint": "St.",
    "state": "St.",
    "and": "&",
    "medical": "Med.",
    "engineering": "Eng.",
    "education": "Ed.",
    "applied": "Appl.",
}


@dataclass(frozen=True)
class Known:
    """A registered institution by its place in the list, its name, and another of its names."""

    name: str
    other: str | None


@cache
def names() -> tuple[Known, ...]:
    """Return the names of the list."""
    content = json.loads(DATA.read_text(encoding="utf-8"))
    return tuple(Known(each["name"], each.get("other")) for each in content["institutions"])


def source() -> str:
    """Return where the names are from, and the date of the list."""
    content = json.loads(DATA.read_text(encoding="utf-8"))
    return f"{content['title']}. {content['source']} {content['as_of']}."


def misspelt(known: Known, chance: Random) -> str | None:
    """Return the name with one slip of the keyboard in one longer word."""
    words = known.name.split()
    long = [place for place, word in enumerate(words) if len(word) >= 5 and word.isalpha()]
    if not long:
        return None
    place = chance.choice(long)
    word = words[place]
    at = chance.randrange(1, len(word) - 1)
    words[place] = chance.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + chance.choice("aeionrst") + word[at + 1 :],
        ]
    )
    return " ".join(words)


def misspelt_twice(known: Known, chance: Random) -> str | None:
    """Return a name of four words or more with two slips."""
    if len(known.name.split()) < 4:
        return None
    once = misspelt(known, chance)
    return misspelt(Known(once, None), chance) if once else None


def reordered(known: Known, chance: Random) -> str | None:
    """Return the words in another order."""
    words = known.name.replace(",", " ").split()
    return " ".join(chance.sample(words, len(words)))


def without_accents(known: Known, _chance: Random) -> str | None:
    """Return the name in capitals and without accents, where it has any."""
    parts = unicodedata.normalize("NFD", known.name)
    return "".join(c for c in parts if not unicodedata.combining(c)).upper()


def transliterated(known: Known, _chance: Random) -> str | None:
    """Return a Cyrillic name in Latin letters, as passports have it."""
    letters = known.name.lower()
    if not any(c in CYRILLIC for c in letters):
        return None
    return "".join(CYRILLIC.get(c, c).replace("*", "") for c in letters).title()


def abbreviated(known: Known, _chance: Random) -> str | None:
    """Return the name with its usual words in their short forms, where it has any."""
    return " ".join(SHORT_FORMS.get(word.lower(), word) for word in known.name.split())


def shortened(known: Known, chance: Random) -> str | None:
    """Return a name of four words or more without one of them."""
    words = known.name.split()
    if len(words) < 4:
        return None
    del words[chance.randrange(len(words))]
    return " ".join(words)


def in_another_language(known: Known, _chance: Random) -> str | None:
    """Return the other name that the list has, most often in another language or script."""
    return known.other


KINDS: Mapping[str, Callable[[Known, Random], str | None]] = {
    "misspelt": misspelt,
    "misspelt twice": misspelt_twice,
    "reordered": reordered,
    "accents dropped": without_accents,
    "transliterated": transliterated,
    "abbreviated": abbreviated,
    "one word dropped": shortened,
    "other language": in_another_language,
}
"""Every kind of variant by its name; ``None`` where a name has no such variant."""


def variants(kind: str) -> Iterator[tuple[int, str]]:
    """Yield the variants of the registered names: the place of the original, and how it is written.

    One that equals its original is left out.
    """
    chance = Random(f"{SEED} {kind}")
    for place, known in enumerate(names()[:REGISTERED]):
        varied = KINDS[kind](known, chance)
        if varied is not None and varied != known.name:
            yield place, varied
