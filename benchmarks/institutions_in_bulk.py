"""Institutions in any number: names, codes and descriptions like those of real partners.

The same number always makes the same institutions, on every machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from typing import Any
from uuid import UUID

from shared.comparison import comparison_key
from shared.vocabularies import vocabulary

SEED = 2030
BEGIN = datetime(2015, 1, 1, tzinfo=UTC)
BETWEEN = timedelta(minutes=55)
"""The time from one registration to the next: 100,000 of them in a little over ten years."""

STATUSES = {"verified": 84, "submitted": 5, "returned": 4, "unconfirmed": 4, "rejected": 3}
THEMES = [f"theme-{number:02}" for number in range(1, 41)]
SDGS = [str(number) for number in range(1, 18)]
REGIONS = ["002", "009", "019", "142", "150", "011", "014", "015", "017", "018", "005", "013"]
LANGUAGES = ["en", "fr", "es", "pt", "ar", "zh", "ru", "sw", "hi", "id", "th", "vi", "am", "bn"]

TOPICS = [
    "Agriculture",
    "Health",
    "Education",
    "Trade",
    "Fisheries",
    "Water Resources",
    "Renewable Energy",
    "Forestry",
    "Public Administration",
    "Statistics",
    "Tourism",
    "Youth Employment",
    "Gender Equality",
    "Food Security",
    "Climate Adaptation",
    "Disaster Risk Reduction",
    "Digital Government",
    "Rural Development",
    "Urban Planning",
    "Small Enterprises",
    "Marine Science",
    "Vocational Training",
    "Nutrition",
    "Soil Conservation",
    "Social Protection",
    "Animal Health",
    "Transport",
    "Cultural Heritage",
]
BODIES = {
    "10": ("Ministry of {topic} of {place}", "{place} Agency for {topic} Cooperation"),
    "11": ("{place} District Council", "Municipality of {place}", "Commune de {place}"),
    "15": ("{place} {topic} Authority", "Autorité nationale de {place} pour {topic}"),
    "21": ("{person} International for {topic}", "Global {topic} Alliance of {place}"),
    "22": ("{place} Association for {topic}", "Asociación de {topic} de {place}"),
    "23": ("{place} Regional Network on {topic}",),
    "40": ("Intergovernmental Centre on {topic} in {place}", "{place} Commission for {topic}"),
    "60": ("{person} Foundation", "Fundação {person}", "Fondation {person} pour {topic}"),
    "70": ("{person} {topic} Ltd", "{place} {topic} Company"),
    "80": ("University of {place}", "Université de {place}", "{place} Institute of {topic}"),
}
SUBTYPES = {"10": ["ministry", "cooperation_agency"], "40": ["intergovernmental", "regional_body"]}
SENTENCES = (
    "Works with farmers and {topic} officers in {place} to share what has proved itself",
    "Supports exchange between {place} and {other} on {topic} and on {topic2}",
    "Trains public servants, teachers and engineers in {topic} with partners from {other}",
    "Publishes yearly surveys of {topic2} and advises the government on {topic}",
    "Founded by {person}, it brings experience of {place} to villages near {other}",
    "Hosts a regional laboratory, a library and a fund for {topic2} projects",
    "Accompagne les communes de {place} dans leurs projets de coopération et de formation",
    "Apoya el intercambio de conocimientos sobre desarrollo rural entre {place} y {other}",
)
_BEGINNINGS = [
    "ba",
    "be",
    "bo",
    "cha",
    "da",
    "de",
    "do",
    "fa",
    "ga",
    "go",
    "gu",
    "ha",
    "ja",
    "ka",
    "ke",
    "ki",
    "ko",
    "la",
    "lo",
    "lu",
    "ma",
    "me",
    "mo",
    "mu",
    "na",
    "ne",
]
_MIDDLES = [
    "bi",
    "da",
    "di",
    "ga",
    "go",
    "la",
    "le",
    "li",
    "lo",
    "ma",
    "mba",
    "mi",
    "na",
    "nda",
    "ngo",
    "ra",
    "ri",
    "ro",
    "sa",
    "si",
    "ta",
    "ti",
    "to",
    "va",
    "vi",
    "wa",
]
_ENDS = [
    "bad",
    "bar",
    "dé",
    "do",
    "du",
    "kô",
    "la",
    "lan",
    "li",
    "ma",
    "mir",
    "na",
    "nga",
    "no",
    "po",
    "pur",
    "ra",
    "ri",
    "ro",
    "rê",
    "sa",
    "si",
    "ta",
    "té",
    "tra",
    "wa",
]


@dataclass(frozen=True)
class Made:
    """One institution: its row, the rows of its names, and its codes."""

    institution: dict[str, Any]
    names: list[dict[str, Any]]
    codes: list[dict[str, Any]]


def institutions(count: int) -> Iterator[Made]:
    """Yield ``count`` institutions, in the order in which they registered."""
    chance = Random(SEED)
    places = _words(chance, 12_000)
    people = _words(chance, 9_000)
    countries = [term.code for term in vocabulary("countries").terms]
    for number in range(count):
        yield _institution(number, chance, places, people, countries)


def _words(chance: Random, count: int) -> list[str]:
    every = ["".join(parts).capitalize() for parts in product(_BEGINNINGS, _MIDDLES, _ENDS)]
    return chance.sample(every, count)


def _institution(
    number: int, chance: Random, places: list[str], people: list[str], countries: list[str]
) -> Made:
    kind = chance.choice(list(BODIES))
    words = {
        "place": chance.choice(places),
        "other": chance.choice(places),
        "person": f"{chance.choice(people)} {chance.choice(people)}",
        "topic": chance.choice(TOPICS),
        "topic2": chance.choice(TOPICS),
    }
    name = chance.choice(BODIES[kind]).format(**words)
    initials = "".join(word[0] for word in name.split() if word[0].isupper())
    acronym = f"{initials}{number % 1000}" if chance.random() < 0.6 else None
    registered = BEGIN + number * BETWEEN
    changed = registered + timedelta(days=chance.randrange(400), seconds=chance.randrange(86_400))
    # As UUIDv7 would be: the moment in milliseconds first, so that ids are in order of time.
    milliseconds = int(registered.timestamp() * 1000)
    identity = UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | number)
    sentences = chance.sample(SENTENCES, chance.randrange(1, 4))
    shown: dict[str, str | None] = {"official": name, "acronym": acronym}
    if chance.random() < 0.2:
        shown["former"] = f"{words['other']} {chance.choice(TOPICS)} Office"
    country = chance.choice(countries)
    return Made(
        {
            "id": identity,
            "name": name,
            "name_key": comparison_key(name),
            "acronym": acronym,
            "acronym_key": comparison_key(acronym) if acronym else None,
            "organisation_type": kind,
            "subtype": chance.choice(SUBTYPES[kind]) if kind in SUBTYPES else None,
            "country": None if kind == "40" and chance.random() < 0.5 else country,
            "descriptions": {"en": ". ".join(sentences).format(**words) + "."},
            "status": chance.choices(list(STATUSES), list(STATUSES.values()))[0],
            "version": 1,
            "visibility": "public",
            "registered_at": registered,
            "updated_at": changed,
        },
        [
            {
                "id": UUID(int=identity.int ^ (place << 48)),
                "institution_id": identity,
                "kind": what,
                "value": value,
                "comparison_key": comparison_key(value),
            }
            for place, (what, value) in enumerate(shown.items(), start=1)
            if value
        ],
        [
            {"institution_id": identity, "vocabulary": name, "code": code}
            for name, codes, most in (
                ("themes", THEMES, 4),
                ("sdgs", SDGS, 5),
                ("countries", countries, 8),
                ("regions", REGIONS, 3),
                ("languages", LANGUAGES, 4),
            )
            for code in chance.sample(codes, chance.randrange(most + 1))
        ],
    )
