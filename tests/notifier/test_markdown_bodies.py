"""Markdown in e-mails: safe, and as good to read in plain text as in HTML."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.mail.markdown_bodies import CLASSES, STYLES, html_body, plain_body
from shared.markdown import SCHEMES
from tests.hostile import HOSTILE

ELEMENTS = {*STYLES, "em", "strong", "span", "br", "tr"}
ATTRIBUTES = {"href", "start", "class", "style", "cellpadding", "cellspacing"}


class Seen(HTMLParser):
    """What a mail program finds in a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"br", "hr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


pieces = st.sampled_from(
    [
        *HOSTILE,
        *("word ", "\n", "\n\n", "- ", "1. ", "> ", "**", "_", "~~", "`", "# ", "    ", "---\n"),
        *("[x](https://e.org)", "<https://e.org>", "```\n", "a\\\nb", "&amp;"),
        "| a | b |\n|-|-|\n",
    ]
)
texts = st.lists(pieces, max_size=12).map("".join) | st.text(max_size=200)


@settings(deadline=None)
@given(texts, st.sampled_from(["ltr", "rtl"]))
def test_html_has_only_elements_with_a_style_of_ours(text: str, direction: str) -> None:
    seen = Seen(html_body(text, direction))  # type: ignore[arg-type]
    assert not seen.open
    for tag, attributes in seen.elements:
        assert tag in ELEMENTS
        assert attributes.keys() <= ATTRIBUTES
        assert attributes.get("class") == CLASSES.get(tag)
        style = attributes.get("style") or ""
        assert "url" not in style
        assert "{" not in style
        if "href" in attributes:
            assert (attributes["href"] or "").partition(":")[0].lower() in SCHEMES


@settings(deadline=None)
@given(texts)
def test_plain_text_has_every_word_of_the_html(text: str) -> None:
    plain = (letter for letter in plain_body(text) if not letter.isspace())
    for letter in Seen(html_body(text, "ltr")).words:
        # In their order; addresses and marks of the form stand between them.
        assert letter.isspace() or letter in plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("# Title\n\nText", "Title\n=====\n\nText"),
        ("one\ntwo", "one two"),
        ("one\\\ntwo", "one\ntwo"),
        ("- a\n- b\n\nafter", "- a\n- b\n\nafter"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("- a\n  - b", "- a\n  - b"),
        ("> a\n>\n> b", "> a\n>\n> b"),
        ("```\nx = 1\n  y\n```", "    x = 1\n      y"),
        ("[here](https://e.org)", "here <https://e.org>"),
        ("<https://e.org>", "https://e.org"),
        ("[a@e.org](mailto:a@e.org)", "a@e.org"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a | b\n1 | 2"),
        ("![a hall](https://e.org/x.png)", "a hall <https://e.org/x.png>"),
    ],
)
def test_each_form_has_its_like_in_plain_text(text: str, plain: str) -> None:
    assert plain_body(text) == plain


def test_a_list_from_right_to_left_is_indented_from_the_right() -> None:
    assert "padding-right:24px" in html_body("- x", "rtl")
    assert "padding-left:24px" in html_body("- x", "ltr")
