"""The names of an institution: which it shows, and which it is found by."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from services.registry.tables import Institution, InstitutionName
from shared.comparison import comparison_key

_ALPHABETS = ("LATIN", "GREEK", "CYRILLIC")
"""Scripts whose letters look alike, so that a word of two of them deceives or is mistyped."""


def name_rows(institution: Institution, profile: Mapping[str, Any]) -> Iterator[InstitutionName]:
    """Yield what the table of names holds: the two that the institution shows, and the others."""
    shown = [("official", profile["name"], profile["name_language"])]
    if profile["acronym"]:
        shown.append(("acronym", profile["acronym"], None))
    others = [(name["kind"], name["value"], name["language"]) for name in profile["names"]]
    for kind, value, language in [*shown, *others]:
        yield InstitutionName(
            institution_id=institution.id,
            kind=kind,
            value=value,
            comparison_key=comparison_key(value),
            language=language,
        )


def is_shown(institution: Institution, kind: str, value: str) -> bool:
    """Return whether the institution's own row shows this name."""
    return (kind, value) in {("official", institution.name), ("acronym", institution.acronym)}


def mixed_word(text: str) -> str | None:
    """Return the first word that mixes Latin, Greek and Cyrillic letters, or ``None``.

    ``UNDР`` with a Cyrillic last letter looks like another institution. Words side by side in
    different alphabets are as usual as they look.
    """
    for word in re.findall(r"\w+", text):
        found = {_alphabet(character) for character in word} - {None}
        if len(found) > 1:
            return str(word)
    return None


def _alphabet(character: str) -> str | None:
    name = unicodedata.name(character, "")
    # Signs such as µ (micro) or Ω (ohm) have no alphabet; their names don't begin with one.
    return next((alphabet for alphabet in _ALPHABETS if name.startswith(f"{alphabet} ")), None)
