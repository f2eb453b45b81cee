"""E-mails from their templates: ``mail/<kind>/subject.txt``, ``body.txt`` and ``body.html``.

A translation is a folder of the same three files below, named for its language (BCP 47, lower
case), such as ``mail/invitation/fr/``. Whoever has none gets English, and is told so in the header.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateNotFound, select_autoescape

from shared.columns import utc_now

LANGUAGE = "en"
"""The language of the templates that stand in no folder of a language."""


@dataclass(frozen=True)
class Letter:
    """An e-mail to one person: its templates, and the facts that they tell."""

    kind: str
    to: str
    language: str
    facts: Mapping[str, Any]


def compose(letter: Letter, sender: str) -> EmailMessage:
    """Return the e-mail, as text and as HTML, in the reader's language where there is one."""
    language, folder = _translation(letter.kind, letter.language)
    _name, address = parseaddr(sender)
    message = EmailMessage()
    message["Subject"] = " ".join(_render(f"{folder}/subject.txt", letter.facts).split())
    message["From"] = sender
    message["To"] = letter.to
    message["Date"] = format_datetime(utc_now())
    message["Message-ID"] = make_msgid(domain=address.partition("@")[2] or "southlink.invalid")
    message["Auto-Submitted"] = "auto-generated"
    message["X-Southlink-Kind"] = letter.kind.replace("_", "-")
    message.set_content(_render(f"{folder}/body.txt", letter.facts))
    message.add_alternative(_render(f"{folder}/body.html", letter.facts), subtype="html")
    # Set before, it would have moved into the text part with the other Content headers.
    message["Content-Language"] = language
    return message


def _translation(kind: str, language: str) -> tuple[str, str]:
    tag = language.lower()
    for wanted in dict.fromkeys((tag, tag.partition("-")[0])):
        folder = f"{kind}/{wanted}"
        try:
            _templates().get_template(f"{folder}/subject.txt")
        except TemplateNotFound:
            continue
        return wanted, folder
    return LANGUAGE, kind


def _render(name: str, facts: Mapping[str, Any]) -> str:
    return _templates().get_template(name).render(facts)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader(__package__, "mail"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
