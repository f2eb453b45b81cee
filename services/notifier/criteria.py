"""Criteria: which needs or offers a reader wants to hear of.

Of each field any code suffices, and every field that names a code must fit. The criteria without a
code fit all. Their key is the same however they are written, so a reader who asks for the same
again has one subscription.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Self

from shared.events.support import SupportFacts
from shared.vocabularies import VocabularyName, vocabulary

LONGEST_KEY = 1_000
"""Characters: a subscription is found by its key, and an index takes no longer ones."""

VOCABULARIES: Mapping[str, VocabularyName] = {
    "kinds": "support-kinds",
    "themes": "themes",
    "sdgs": "sdgs",
    "countries": "countries",
    "languages": "languages",
}
"""The code list of each field."""


@dataclass(frozen=True)
class Criteria:
    """Codes of kinds of support, themes, goals, countries and languages."""

    kinds: frozenset[str] = frozenset()
    themes: frozenset[str] = frozenset()
    sdgs: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()

    @classmethod
    def of(cls, named: Mapping[str, Iterable[str]]) -> Self:
        """Return the criteria that name these codes by field; ``ValueError`` for other fields."""
        if unknown := named.keys() - VOCABULARIES.keys():
            raise ValueError(f"{', '.join(sorted(unknown))}: no field of criteria.")
        return cls(**{name: frozenset(codes) for name, codes in named.items()})

    def named(self) -> dict[str, list[str]]:
        """Return the sorted codes of each field that names some."""
        return {
            each.name: sorted(codes) for each in fields(self) if (codes := getattr(self, each.name))
        }

    @property
    def key(self) -> str:
        """The form that tells them from others: ``countries=BD,NP;kinds=training``."""
        return ";".join(f"{name}={','.join(codes)}" for name, codes in sorted(self.named().items()))


@lru_cache(maxsize=4_096)
def of_key(key: str) -> Criteria:
    """Return the criteria that have this key; ``ValueError`` when none have it."""
    named = {}
    for part in filter(None, key.split(";")):
        name, _, codes = part.partition("=")
        named[name] = [code for code in codes.split(",") if code]
    criteria = Criteria.of(named)
    if criteria.key != key:
        raise ValueError(f"{key!r} is not a key of criteria.")
    return criteria


def fits(criteria: Criteria, facts: SupportFacts) -> bool:
    """Tell whether a need or an offer is one of those that a reader wants to hear of.

    What names no country is meant for any, and what names no language for speakers of any.
    """
    return (
        (not criteria.kinds or facts.kind in criteria.kinds)
        and _any(criteria.themes, facts.themes)
        and _any(criteria.sdgs, facts.sdgs)
        and (not facts.countries or _any(criteria.countries, facts.countries))
        and (not facts.languages or _any(criteria.languages, facts.languages))
    )


def unknown_codes(criteria: Criteria) -> dict[str, list[str]]:
    """Return the codes of each field that its code list doesn't have."""
    found = {}
    for name, codes in criteria.named().items():
        known = vocabulary(VOCABULARIES[name])
        if unknown := [code for code in codes if known.term(code) is None]:
            found[name] = unknown
    return found


def _any(wanted: frozenset[str], named: list[str]) -> bool:
    return not wanted or not wanted.isdisjoint(named)
