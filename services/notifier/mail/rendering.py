"""Rendering: the templates of the e-mails, one environment for each language."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from services.notifier.mail.plain import underlined, wrapped
from services.notifier.wording import wording

SLOT = "\x01"
"""What stands on both sides of the name of a place that each reader's own words fill."""


def rendered(language: str, template: str, **values: Any) -> str:
    """Return what the template says in the language."""
    return _templates(language).get_template(template).render(values)


def slot(name: str) -> str:
    """Return the mark of a place for one reader's own words; it takes a line of its own."""
    return f"{SLOT}{name}{SLOT}"


@cache
def _templates(language: str) -> Environment:
    words = wording(language)
    environment = Environment(
        loader=PackageLoader("services.notifier.mail", "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext, words.ngettext, newstyle=True, pgettext=words.pgettext
    )
    environment.filters["wrapped"] = wrapped
    environment.filters["underlined"] = underlined
    environment.globals.update(
        slot=slot,
        language=language,
        direction=words.direction,
        start="right" if words.direction == "rtl" else "left",
    )
    return environment
