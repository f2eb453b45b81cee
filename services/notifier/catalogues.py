"""Catalogues: what there is to translate, gathered from code and templates.

``python -m services.notifier.catalogues`` (``make messages``) brings the catalogues up to date:
new texts wait in them without a translation, and those that nothing says any more go.
"""

from collections.abc import Mapping
from importlib.resources import as_file, files

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from services.notifier.languages import TRANSLATED, catalogue

_METHODS = [("**.py", "python"), ("**/templates/**", "jinja2.ext:babel_extract")]
_OPTIONS: Mapping[str, dict[str, str]] = {
    "**/templates/**": {
        "extensions": "jinja2.ext.i18n",
        "newstyle_gettext": "true",
        "trim_blocks": "true",
        "lstrip_blocks": "true",
        "silent": "false",
    }
}


def gathered() -> Catalog:
    """Return every text that the notifier says, with the files that say it."""
    catalog = Catalog(project="Southlink", charset="utf-8", fuzzy=False)
    with as_file(files("services.notifier")) as folder:
        found = extract_from_dir(folder, method_map=_METHODS, options_map=_OPTIONS)
        for name, _line, message, comments, context in found:
            catalog.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    return catalog


def kept(language: str) -> Catalog:
    """Return the translations into ``language`` as they are written down."""
    with catalogue(language).open("rb") as source:
        return read_po(source, locale=language, abort_invalid=True)


def bring_up_to_date() -> None:
    """Write each catalogue with the texts that there are now."""
    template = gathered()
    for language in TRANSLATED:
        translated = kept(language)
        template.creation_date = translated.creation_date
        translated.update(template, no_fuzzy_matching=True)
        with as_file(catalogue(language)) as path, path.open("wb") as target:
            write_po(
                target,
                translated,
                width=100,
                sort_by_file=True,
                ignore_obsolete=True,
                include_lineno=False,
            )


if __name__ == "__main__":
    bring_up_to_date()
