"""How alike two institutions are: a score from 0 to 1, and the reasons in words."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files

from rapidfuzz.distance import OSA

from services.registry.spelling import Spelling, is_kind, letters, skeleton, spelling

BLOCKS = 0.9
"""From here on a person must say whether two institutions are one."""
WARNS = 0.5
"""From here on a person is shown that two institutions may be one."""

MOST_NAMES = 20
"""How many names of an institution are compared."""

SAME_ACRONYM = 0.6
ACRONYM_AS_NAME = 0.9
INITIALS = 0.6
SHORT_INITIALS = 0.5
SAME_HOST = 0.6
SAME_IDENTIFIER = 1.0

OTHER_COUNTRY = 0.7
"""The most that two institutions of different countries can reach without an identifier."""
OTHER_GOVERNMENT = 0.4
"""The same for two bodies of different governments: their names are often the same."""
OTHER_IDENTIFIER = 0.85
OTHER_NUMBER = 0.8

_KIND_WEIGHT = 0.35
_SHORT_WEIGHT = 0.7
_LIKE_WORDS = 0.7
_UNLIKE_NAMES = 0.3
_BOTH_HAVE_OWN_WORDS = 0.8
_GOVERNMENT = "10"
_VOWELS = frozenset("aeiou")


@dataclass(frozen=True)
class Likeness:
    """How alike two institutions are."""

    score: float
    """0 to 1, with two decimals."""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Features:
    """What an institution is recognised by."""

    names: tuple[str, ...] = ()
    acronyms: tuple[str, ...] = ()
    hosts: frozenset[str] = frozenset()
    """Its website's host and its e-mail domains."""
    identifiers: frozenset[tuple[str, str]] = frozenset()
    """Scheme and value."""
    country: str | None = None
    organisation_type: str | None = None


@dataclass
class _Evidence:
    against: float = 1.0
    """How likely it is that all of what speaks for one institution is chance."""
    limit: float = 1.0
    reasons: list[str] = field(default_factory=list)

    def add(self, weight: float, reason: str) -> None:
        self.against *= 1 - weight
        self.reasons.append(reason)

    def doubt(self, limit: float, reason: str) -> None:
        self.limit = min(self.limit, limit)
        self.reasons.append(reason)


def likeness(one: Features, other: Features) -> Likeness:
    """Return how alike two institutions are; the order of the two doesn't count.

    What speaks for one institution adds up like independent chances: 0.6 and 0.6 make 0.84. What
    speaks against it, such as another country, sets a limit.
    """
    evidence = _Evidence()
    _compare_names(evidence, one, other)
    _compare_acronyms(evidence, one, other)
    for host in sorted(hosts_alike(one, other)):
        evidence.add(SAME_HOST, f"same website or e-mail domain {host}")
    _look_for_doubts(evidence, one, other)
    score = min(1 - evidence.against, evidence.limit)
    for scheme, value in sorted(one.identifiers & other.identifiers):
        score = SAME_IDENTIFIER
        evidence.reasons.insert(0, f"same {scheme} identifier {value}")
    if score < 0.005:
        return Likeness(0.0)
    return Likeness(round(score, 2), tuple(evidence.reasons))


def name_likeness(one: str, other: str) -> Likeness:
    """Return how alike two names are: 1.0 when only case, accents, order or script differ."""
    if one > other:
        one, other = other, one
    return _name_likeness(one, other)


def hosts_alike(one: Features, other: Features) -> frozenset[str]:
    """Return the hosts that two institutions share, where that says anything."""
    return (one.hosts & other.hosts) - public_mail_domains()


@cache
def public_mail_domains() -> frozenset[str]:
    """Return domains at which anybody can have an address: they say nothing of an institution."""
    path = files(__package__) / "vocabulary_data" / "public-mail-domains.json"
    return frozenset(json.loads(path.read_text(encoding="utf-8"))["domains"])


@lru_cache(maxsize=8192)
def _name_likeness(one: str, other: str) -> Likeness:
    a, b = spelling(one), spelling(other)
    if not a.words or not b.words:
        return Likeness(float(one == other), ("the names are the same",) if one == other else ())
    if sorted(a.words) == sorted(b.words):
        same = "the names are the same"
        return Likeness(1.0, (same if one == other else f"{same} but for how they are written",))
    score, shared = _aligned(a, b)
    if len(a.words) != len(b.words):
        score = max(score, _run_together(a, b))
    numbers, others = ({w for w in s.words if w.isdigit()} for s in (a, b))
    if numbers != others and numbers and others:
        score = min(score, OTHER_NUMBER)
    # Only the same words make 1: a person should see that something differs.
    score = min(score, 0.99)
    if not shared:
        return Likeness(score, ("the names are spelt alike",))
    return Likeness(score, (f"the names share {', '.join(shared)}",))


def _aligned(a: Spelling, b: Spelling) -> tuple[float, list[str]]:
    """Pair the words of two names, the most alike first; weigh what is paired against the whole."""
    pairs = sorted(
        (
            (alike, (min(x, y), max(x, y)), i, j)
            for i, x in enumerate(a.words)
            for j, y in enumerate(b.words)
            if (alike := word_likeness(x, y))
        ),
        key=lambda pair: (-pair[0], pair[1], pair[2] + pair[3], abs(pair[2] - pair[3])),
    )
    left, right = set(range(len(a.words))), set(range(len(b.words)))
    both = 0.0
    shared: list[tuple[int, str]] = []
    for alike, _, i, j in pairs:
        if i in left and j in right:
            left.remove(i)
            right.remove(j)
            both += alike * (_weight(a.words[i]) + _weight(b.words[j]))
            shared.append((i, a.words[i]))
    total = sum(map(_weight, a.words)) + sum(map(_weight, b.words))
    score = both / total
    if all(any(_weight(s.words[i]) > _KIND_WEIGHT for i in r) for s, r in ((a, left), (b, right))):
        score *= _BOTH_HAVE_OWN_WORDS
    return score, [word for _, word in sorted(shared)]


def _run_together(a: Spelling, b: Spelling) -> float:
    """Return how alike two names are without their spaces, where that is nearly the same."""
    alike = OSA.normalized_similarity("".join(a.words), "".join(b.words), score_cutoff=0.85)
    return float(alike)


@lru_cache(maxsize=65536)
def word_likeness(one: str, other: str) -> float:
    """Return how alike two words in Latin letters are: 1 for the same, 0 for different ones."""
    if one == other:
        return 1.0
    if one.isdigit() or other.isdigit():
        return 0.0
    bones = skeleton(one)
    same_bones = len(bones) >= 2 and bones == skeleton(other)
    if same_bones and not (_VOWELS & set(one) and _VOWELS & set(other)):
        # Arabic and Hebrew are written without vowels.
        return 0.9
    short, long = sorted((one, other), key=lambda word: (len(word), word))
    if len(short) < 3 or len(long) < 4:
        return 0.0
    return _alike_by_letters(short, long, same_bones=same_bones)


def _alike_by_letters(short: str, long: str, *, same_bones: bool) -> float:
    if len(short) <= 4 and long.startswith(short):
        return 0.85
    alike = float(OSA.normalized_similarity(short, long))
    if same_bones and alike >= 0.6:
        return max(alike, 0.9 if len(skeleton(short)) >= 3 else 0.8)
    if short[0] != long[0]:
        # People rarely mistype the first letter: health is not wealth.
        alike -= 0.1
    return alike if alike >= _LIKE_WORDS else 0.0


def _weight(word: str) -> float:
    if is_kind(word):
        return _KIND_WEIGHT
    return _SHORT_WEIGHT if len(word) <= 3 and not word.isdigit() else 1.0


def _compare_names(evidence: _Evidence, one: Features, other: Features) -> None:
    pairs = (name_likeness(x, y) for x in one.names[:MOST_NAMES] for y in other.names[:MOST_NAMES])
    best = max(pairs, key=lambda found: (found.score, found.reasons), default=Likeness(0.0))
    if best.score >= _UNLIKE_NAMES:
        evidence.add(best.score, best.reasons[0])


def _compare_acronyms(evidence: _Evidence, one: Features, other: Features) -> None:
    ours, theirs = _by_letters(one.acronyms), _by_letters(other.acronyms)
    if shared := sorted(ours.keys() & theirs.keys()):
        evidence.add(SAME_ACRONYM, f"same acronym {min(ours[shared[0]], theirs[shared[0]])}")
        return
    for acronyms, names in ((ours, other.names), (theirs, one.names)):
        for name in names[:MOST_NAMES]:
            if (alone := spelling(name).alone) and alone in acronyms:
                evidence.add(
                    ACRONYM_AS_NAME, f"the name of one, {name}, is the acronym of the other"
                )
                return
    fitting = [
        acronym
        for acronyms, names in (
            (ours | _short_names(one.names), other.names),
            (theirs | _short_names(other.names), one.names),
        )
        for key, acronym in acronyms.items()
        if any(key in spelling(name).initials for name in names[:MOST_NAMES])
    ]
    if fitting:
        acronym = min(fitting)
        evidence.add(
            SHORT_INITIALS if len(letters(acronym)) < 4 else INITIALS,
            f"the acronym {acronym} is the initials of the other's name",
        )


def _look_for_doubts(evidence: _Evidence, one: Features, other: Features) -> None:
    if one.country and other.country and one.country != other.country:
        first, second = sorted((one.country, other.country))
        governments = one.organisation_type == other.organisation_type == _GOVERNMENT
        evidence.doubt(
            OTHER_GOVERNMENT if governments else OTHER_COUNTRY,
            f"but the countries differ: {first} and {second}",
        )
    schemes = {scheme for scheme, _ in one.identifiers} & {s for s, _ in other.identifiers}
    for scheme in sorted(schemes):
        ours, theirs = (
            {value for s, value in of.identifiers if s == scheme} for of in (one, other)
        )
        if not ours & theirs:
            evidence.doubt(OTHER_IDENTIFIER, f"but the {scheme} identifiers differ")


def _by_letters(acronyms: Iterable[str]) -> dict[str, str]:
    return {key: acronym for acronym in sorted(acronyms) if (key := letters(acronym))}


def _short_names(names: Iterable[str]) -> dict[str, str]:
    return {alone: name for name in sorted(names) if (alone := spelling(name).alone)}
