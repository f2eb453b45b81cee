"""Languages: the six official ones of the United Nations, and what the notifier says in each.

Texts are written in English, in code and templates; ``locale`` has their translations (GNU
gettext). The catalogues are read as they are written, since a compiled copy can differ from its
source.
"""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from typing import Literal

SOURCE = "en"
"""The language that texts are written in."""

TRANSLATED = ("ar", "es", "fr", "ru", "zh")
"""The languages that have a catalogue."""

LANGUAGES = (SOURCE, *TRANSLATED)

NAMES = {
    "en": "English",
    "ar": "العربية",
    "es": "español",
    "fr": "français",
    "ru": "русский",
    "zh": "中文",
}
"""What each language calls itself."""

Language = Literal["ar", "zh", "en", "fr", "ru", "es"]
"""A choice of one of the six (ISO 639-1)."""

RIGHT_TO_LEFT = frozenset({"ar"})


def written(tag: str | None) -> str:
    """Return the language to write in for somebody who prefers ``tag``, a BCP 47 tag.

    English when it is none of the six: ``zh-Hant`` gets Chinese, ``pt`` and ``None`` English.
    """
    primary = (tag or "").partition("-")[0].lower()
    return primary if primary in TRANSLATED else SOURCE


def direction(language: str) -> str:
    """Return the direction of the language's script, as HTML names it."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def accepted(header: str) -> str:
    """Return the language for whoever sends this ``Accept-Language`` (RFC 9110, 12.5.4)."""
    ranked = []
    for place, part in enumerate(header.split(",")):
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            quality = 0.0
        language = tag.strip().partition("-")[0].lower()
        if language in LANGUAGES and quality > 0:
            ranked.append((-quality, place, language))
    return min(ranked)[2] if ranked else SOURCE


def N_(text: str) -> str:  # noqa: N802  # the name by which gettext's tools know it
    """Return the text as it is; what is marked so has translations, looked up where it is shown."""
    return text


@cache
def translations(language: str) -> NullTranslations:
    """Return the texts of one of `LANGUAGES`; those of `SOURCE` are the ones in the code."""
    if language == SOURCE:
        return NullTranslations()
    # Babel is loaded only by what writes in another language.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with catalogue(language).open("rb") as source:
        write_mo(compiled, read_po(source, locale=language, abort_invalid=True))
    compiled.seek(0)
    return GNUTranslations(compiled)


def catalogue(language: str) -> Traversable:
    """Return the file with the translations into ``language``."""
    return files("services.notifier") / "locale" / language / "LC_MESSAGES" / "notifier.po"
