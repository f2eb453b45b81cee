"""The e-mails in the mail programs people use, by the published data of Can I email."""

import json
import re
from email.message import EmailMessage
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from services.notifier import subscriptions, targets
from services.notifier.announcements import deciding, going_out, writing
from services.notifier.announcements.writing import Content, Text
from services.notifier.subscribers import Hours
from services.notifier.subscriptions import Wish
from services.notifier.targets import EVERYTHING
from services.notifier.vocabulary import Frequency
from shared.columns import utc_now
from shared.events.catalogue import ActionItemAssigned, InstitutionVerified
from shared.ids import new_id
from tests.notifier.announcing import ARABIC, RICH
from tests.notifier.mailbox import html_of
from tests.notifier.test_composing import messages
from tests.notifier.test_emails import retreat
from tests.notifier.world import World

ENHANCEMENTS = {
    "css-at-media": "the card keeps its wide padding, which fits 320 pixels too",
    "css-at-media-prefers-color-scheme": "light colours, or those that the program makes of them",
    "css-border-radius": "square corners",
    "css-display-none": "the preview is a line above the card",
    "css-selector-class": "the styles on the elements alone",
    "css-word-break": "the address is wider than the card; the button leads to the same page",
    "html-body": "the outer table has the background, language and direction too",
    "html-doctype": "the layout is of tables with widths in percent, the same in quirks mode",
    "html-meta-color-scheme": "light colours, or those that the program makes of them",
    "html-style": "the styles on the elements alone",
}
"""What some of the programs don't do, and what their readers see instead."""

EVERYWHERE = frozenset(["html", "head", "meta", "title", "a", "br", "em", "tr", "td"])
"""Elements without an entry of their own, as every program shows them."""

ELEMENTS = {
    "h1": "html-h1-h6",
    "h2": "html-h1-h6",
    "h3": "html-h1-h6",
    "ol": "html-lists",
    "ul": "html-lists",
    "li": "html-lists",
}
ATTRIBUTES = frozenset(["align", "cellpadding", "cellspacing", "dir", "lang", "role", "width"])
PROPERTIES = {"color": None, "border": "css-border", "padding": "css-padding"}


@cache
def data() -> dict[str, Any]:
    path = Path(__file__).parent / "data" / "caniemail.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


class Features(HTMLParser):
    """Collects the features of HTML and CSS that an e-mail uses."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.used: set[str] = set()
        self.widths: set[str] = set()
        self._in_style = False
        self.feed(html)

    def handle_decl(self, _declaration: str) -> None:
        self.used.add("html-doctype")

    def handle_comment(self, _comment: str) -> None:
        self.used.add("html-comments")

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        if tag not in EVERYWHERE:
            self.used.add(ELEMENTS.get(tag, f"html-{tag}"))
        for name, value in attributes:
            if name == "style":
                self._declarations(value or "")
            elif name in ATTRIBUTES:
                self.used.add(f"html-{name}")
            if name == "width":
                self.widths.add(value or "")
            if (tag, name, value) == ("meta", "name", "color-scheme"):
                self.used.add("html-meta-color-scheme")

    def handle_endtag(self, _tag: str) -> None:
        self._in_style = False

    def handle_data(self, text: str) -> None:
        if not self._in_style:
            return
        for query in re.findall(r"@media\s*\((.*?)[:)]", text):
            self.used.add("css-at-media")
            if query.startswith("prefers"):
                self.used.add(f"css-at-media-{query}")
        for selector, declarations in re.findall(r"([^{}]+)\{([^{}]*)\}", text):
            assert re.fullmatch(r"\s*\.[\w-]+\s*", selector), f"No entry for {selector}"
            self.used.add("css-selector-class")
            self._declarations(declarations)

    def _declarations(self, css: str) -> None:
        for declaration in filter(str.strip, css.split(";")):
            name, _, value = (part.strip() for part in declaration.partition(":"))
            feature = PROPERTIES.get(name.partition("-")[0], f"css-{name}")
            if (name, value) == ("display", "none"):
                feature = "css-display-none"
            if "!important" in value:
                self.used.add("css-important")
            self.used.update(f"css-unit-{unit}" for unit in re.findall(r"\d(px|em|rem|vw)", value))
            if feature:
                self.used.add(feature)
            if name == "border-radius":
                self.used.add("css-border-radius")


@pytest.fixture
def emails(world: World) -> list[EmailMessage]:
    """An e-mail of each sort, in both directions, with items of every form."""
    world.open_group()
    for language in ("en", "ar"):
        hours = Hours(language)
        world.subscribe(f"{language}@example.org", hours=hours)
        world.subscribe(f"{language}@example.net", Frequency.IMMEDIATE, hours=hours)
    world.tell(ActionItemAssigned(action=world.action()))
    world.tell(retreat(world))
    world.tell(InstitutionVerified(institution=world.institution()))
    for number in range(14):
        world.tell(world.update(f"Update number {number}"))
    world.close_windows()
    with world.database.write() as session:
        wish = Wish("new@example.org", EVERYTHING, Frequency.DAILY, Hours("ar"))
        subscriptions.ask(session, wish, utc_now(), per_minute=10)
    announce(world)
    return messages(world)


def announce(world: World) -> None:
    """Announce a text with every form of Markdown to a reader of each direction."""
    for language in ("en", "ar"):
        target = targets.group(world.group_id)
        world.subscribe(f"{language}@example.com", target=target, hours=Hours(language))
    texts = {"en": Text("Agenda", RICH), "ar": Text(ARABIC["subject"], RICH)}
    with world.database.write() as session:
        author = new_id()
        content = Content(world.group_id, texts, "en")
        announcement = writing.draft(session, content, author, utc_now())
        deciding.submit(session, announcement, 1, by=author, limit=2, now=utc_now())
        made = going_out.step(session, announcement.id, 2, utc_now())
    assert made is not None
    assert len(made.to_readers) == 2


def test_every_program_shows_what_the_emails_use_or_something_as_good(
    emails: list[EmailMessage],
) -> None:
    features = data()["features"]
    used = set().union(*(Features(html_of(email)).used for email in emails))
    assert not used - features.keys(), "Add the support of these from Can I email to the data."
    unsupported = {name for name in used if "n" in features[name]["support"].values()}
    assert unsupported == ENHANCEMENTS.keys()


def test_an_email_is_as_narrow_as_its_window(emails: list[EmailMessage]) -> None:
    for email in emails:
        html = html_of(email)
        assert Features(html).widths == {"100%"}
        assert not re.search(r"min-width|[^-]width:\s*\d+px", html)


def test_each_colour_has_one_for_the_dark(emails: list[EmailMessage]) -> None:
    for email in emails:
        dark = html_of(email).partition("prefers-color-scheme: dark")[2].partition("</style>")[0]
        coloured = re.findall(
            r"<\w+([^>]*style=\"[^\"]*[;\"]color:(?!#ffffff)[^>]*)>", html_of(email)
        )
        assert coloured
        for attributes in coloured:
            classes = re.search(r'class="([^"]+)"', attributes)
            assert classes, attributes
            assert any(f".{name} " in dark for name in classes[1].split())
