"""Names of criteria in the reader's language: kinds of support, themes, goals, places, languages.

Names of countries and languages are those of the Unicode CLDR; the others are texts of ours. The
goals are called as the United Nations call them in each of their languages.
"""

from typing import TYPE_CHECKING

from services.notifier.criteria import VOCABULARIES, Criteria
from services.notifier.languages import N_
from shared.vocabularies import vocabulary

if TYPE_CHECKING:
    from services.notifier.wording import Wording

KINDS = {
    "equipment": N_("equipment"),
    "expertise": N_("expertise"),
    "funding": N_("funding"),
    "knowledge_exchange": N_("knowledge exchange"),
    "other": N_("other support"),
    "technology": N_("technology"),
    "training": N_("training"),
}

THEMES = {
    "agriculture-food-security": N_("Agriculture and food security"),
    "climate-environment": N_("Climate and environment"),
    "culture-education": N_("Culture and education"),
    "decent-work": N_("Decent work and social protection"),
    "digital-transformation": N_("Digital transformation"),
    "disaster-risk-reduction": N_("Disaster risk reduction"),
    "energy": N_("Energy"),
    "entrepreneurship": N_("Entrepreneurship"),
    "finance-investment": N_("Finance and investment"),
    "gender-equality": N_("Gender equality"),
    "governance-public-service": N_("Governance and public service"),
    "health": N_("Health"),
    "industry-infrastructure": N_("Industry and infrastructure"),
    "migration-displacement": N_("Migration and displacement"),
    "peace-security": N_("Peace and security"),
    "population-development": N_("Population and development"),
    "post-covid-19-recovery": N_("Post COVID-19 recovery"),
    "rural-development": N_("Rural development"),
    "science-technology-innovation": N_("Science, technology and innovation"),
    "trade-regional-integration": N_("Trade and regional integration"),
    "urban-development": N_("Urban development"),
    "volunteerism": N_("Volunteerism"),
    "water-sanitation": N_("Water and sanitation"),
    "youth": N_("Youth"),
}

GOALS = {
    "1": N_("No Poverty"),
    "2": N_("Zero Hunger"),
    "3": N_("Good Health and Well-being"),
    "4": N_("Quality Education"),
    "5": N_("Gender Equality"),
    "6": N_("Clean Water and Sanitation"),
    "7": N_("Affordable and Clean Energy"),
    "8": N_("Decent Work and Economic Growth"),
    "9": N_("Industry, Innovation and Infrastructure"),
    "10": N_("Reduced Inequalities"),
    "11": N_("Sustainable Cities and Communities"),
    "12": N_("Responsible Consumption and Production"),
    "13": N_("Climate Action"),
    "14": N_("Life Below Water"),
    "15": N_("Life on Land"),
    "16": N_("Peace, Justice and Strong Institutions"),
    "17": N_("Partnerships for the Goals"),
}

ORDER = ("kinds", "themes", "sdgs", "countries", "languages")
"""In which the fields are told."""


def in_words(criteria: Criteria, words: "Wording") -> str:
    """Return the names by field, such as ``training · Health · Bangladesh or Nepal``."""
    named = criteria.named()
    return " · ".join(
        words.one_of([called(field, code, words) for code in named[field]])
        for field in ORDER
        if field in named
    )


def called(field: str, code: str, words: "Wording") -> str:
    """Return the name of a code of the field; one without a name in this language keeps its own."""
    match field:
        case "countries":
            found = words.country(code)
        case "languages":
            found = words.language_name(code)
        case "sdgs":
            found = words.gettext("goal %(number)s (%(name)s)") % {
                "number": code,
                "name": words.gettext(GOALS[code]) if code in GOALS else code,
            }
        case _:
            text = (KINDS if field == "kinds" else THEMES).get(code)
            found = words.gettext(text) if text else None
    if found:
        return found
    term = vocabulary(VOCABULARIES[field]).term(code)
    return words.name(term.name if term else code)
