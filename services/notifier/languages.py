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

SOURCE = "en"
"""The language that texts are written in."""

TRANSLATED: tuple[str, ...] = ()
"""The languages that have a catalogue."""

LANGUAGES = (SOURCE, *TRANSLATED)

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
