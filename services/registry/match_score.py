"""How well an offer fits a need: one table of weights, and each part in words.

What excludes a match, whatever else fits:

- both are of one institution;
- the kinds of support differ;
- no theme is shared;
- both name countries, and none is shared;
- both name a period, and the periods don't overlap.

Every share is of what the need names: what an offer has beyond that neither helps nor harms. What
the need doesn't name asks for nothing in particular, and so is met.
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from shared.vocabularies import vocabulary

DAYS_OF_A_MONTH = 30.44


class Part(StrEnum):
    """A part of the score."""

    KIND = "kind"
    THEMES = "themes"
    SDGS = "sdgs"
    COUNTRIES = "countries"
    LANGUAGES = "languages"
    PERIOD = "period"
    VOLUME = "volume"


WEIGHTS: Mapping[Part, int] = {
    Part.KIND: 30,
    Part.THEMES: 25,
    Part.SDGS: 10,
    Part.COUNTRIES: 10,
    Part.LANGUAGES: 10,
    Part.PERIOD: 10,
    Part.VOLUME: 5,
}
"""The weight of each part in hundredths; together 100."""


@dataclass(frozen=True)
class Amount:
    """How much of something: ``unit`` is a code of volume-units, ``currency`` goes with money."""

    amount: int
    unit: str
    currency: str | None = None


@dataclass(frozen=True)
class Terms:
    """What a need or an offer is about, as far as a match regards it."""

    institution_id: UUID
    kind: str
    themes: Set[str] = frozenset()
    sdgs: Set[str] = frozenset()
    countries: Set[str] = frozenset()
    languages: Set[str] = frozenset()
    starts_on: date | None = None
    ends_on: date | None = None
    volume: Amount | None = None


@dataclass(frozen=True)
class Component:
    """One part of a score: ``weight`` and ``value`` are from 0 to 1."""

    part: Part
    weight: float
    value: float
    words: str


@dataclass(frozen=True)
class Score:
    """How well an offer fits, from 0 to 1, and why."""

    value: float
    components: tuple[Component, ...]


def score(need: Terms, offer: Terms) -> Score | None:
    """Return how well the offer fits the need; ``None`` when something excludes it."""
    if excludes(need, offer):
        return None
    parts = {part: found(need, offer) for part, found in _PARTS.items()}
    return Score(
        total({part: value for part, (value, _) in parts.items()}),
        tuple(
            Component(
                part,
                WEIGHTS[part] / 100,
                round(value, 4),
                f"{words} (weight {WEIGHTS[part] / 100:.2f})",
            )
            for part, (value, words) in parts.items()
        ),
    )


def total(values: Mapping[Part, float]) -> float:
    """Return the weighted sum of the values of all parts, from 0 to 1, to four digits."""
    return round(sum(WEIGHTS[part] * values[part] for part in Part) / 100, 4)


def excludes(need: Terms, offer: Terms) -> str | None:
    """Return why the offer can't be a match, in words; ``None`` when it can."""
    if need.institution_id == offer.institution_id:
        return "both are of one institution"
    if need.kind != offer.kind:
        return "the kinds of support differ"
    if not need.themes & offer.themes:
        return "no theme is shared"
    if need.countries and offer.countries and not need.countries & offer.countries:
        return "no country is shared"
    if _first_day(need, offer) > _last_day(need, offer):
        return "the periods don't overlap"
    return None


def _kind(need: Terms, _offer: Terms) -> tuple[float, str]:
    term = vocabulary("support-kinds").term(need.kind)
    return 1.0, f"same kind of support: {term.name.lower() if term else need.kind}"


def _themes(need: Terms, offer: Terms) -> tuple[float, str]:
    shared = len(need.themes & offer.themes)
    return shared / len(need.themes), f"shares {shared} of {_counted(need.themes, 'theme')}"


def _sdgs(need: Terms, offer: Terms) -> tuple[float, str]:
    if not need.sdgs:
        return 1.0, "the need names no goals"
    shared = len(need.sdgs & offer.sdgs)
    return shared / len(need.sdgs), f"shares {shared} of {_counted(need.sdgs, 'goal')}"


def _countries(need: Terms, offer: Terms) -> tuple[float, str]:
    if not need.countries:
        return 1.0, "the need names no countries"
    if not offer.countries:
        return 1.0, "offered in any country"
    shared = len(need.countries & offer.countries)
    counted = _counted(need.countries, "country", "countries")
    return shared / len(need.countries), f"offered in {shared} of {counted}"


def _languages(need: Terms, offer: Terms) -> tuple[float, str]:
    if not need.languages:
        return 1.0, "the need names no languages"
    shared = sorted(need.languages & offer.languages)
    if shared:
        return 1.0, f"offered in a language you work in: {', '.join(shared)}"
    if not offer.languages:
        return 0.0, "the offer names no languages"
    return 0.0, "not offered in a language you work in"


def _period(need: Terms, offer: Terms) -> tuple[float, str]:
    if need.starts_on is None and need.ends_on is None:
        return 1.0, "the need names no period"
    if need.starts_on is None or need.ends_on is None:
        return 1.0, "the periods overlap; the need's is open at one end"
    asked = (need.ends_on - need.starts_on).days + 1
    overlap = (_last_day(need, offer) - _first_day(need, offer)).days + 1
    return overlap / asked, f"the periods overlap for {_duration(overlap)}"


def _volume(need: Terms, offer: Terms) -> tuple[float, str]:
    asked, given = need.volume, offer.volume
    if asked is None:
        return 1.0, "the need names no volume"
    if given is None:
        return 0.0, "the offer names no volume"
    if (asked.unit, asked.currency) != (given.unit, given.currency):
        return 0.0, "the volume is in another unit"
    percent = min(100, 100 * given.amount // asked.amount)
    return min(1.0, given.amount / asked.amount), f"the volume covers {percent} %"


_PARTS: Mapping[Part, Callable[[Terms, Terms], tuple[float, str]]] = {
    Part.KIND: _kind,
    Part.THEMES: _themes,
    Part.SDGS: _sdgs,
    Part.COUNTRIES: _countries,
    Part.LANGUAGES: _languages,
    Part.PERIOD: _period,
    Part.VOLUME: _volume,
}


def _first_day(need: Terms, offer: Terms) -> date:
    return max(need.starts_on or date.min, offer.starts_on or date.min)


def _last_day(need: Terms, offer: Terms) -> date:
    return min(need.ends_on or date.max, offer.ends_on or date.max)


def _counted(codes: Set[str], one: str, many: str | None = None) -> str:
    return f"{len(codes)} {one if len(codes) == 1 else many or one + 's'}"


def _duration(days: int) -> str:
    months = round(days / DAYS_OF_A_MONTH)
    if months >= 2:
        return f"{months} months"
    return f"{days} day{'' if days == 1 else 's'}"
