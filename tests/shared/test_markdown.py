"""Markdown becomes HTML that is safe on any page, whatever somebody wrote."""

from functools import partial
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.markdown import LINK_REL, SCHEMES, TAGS, html_of
from tests.effort import lines_run
from tests.hostile import HOSTILE, LONG_TO_RENDER


class Seen(HTMLParser):
    """What a browser finds in a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.others: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_decl(self, decl: str) -> None:
        self.others.append(decl)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)


def assert_safe(html: str) -> None:
    seen = Seen(html)
    assert seen.others == []
    for tag, attributes in seen.elements:
        assert tag in TAGS
        allowed = {"a": {"href", "title", "rel"}, "ol": {"start"}}.get(tag, set())
        assert set(attributes) <= allowed, html
        if tag == "a":
            assert attributes["rel"] == LINK_REL
            if "href" in attributes:
                assert urlsplit(attributes["href"] or "").scheme.lower() in SCHEMES, html
    assert not any(sign in html for sign in "\u202e\u200b\u2066\x00\x1b"), ascii(html)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_comes_through(text: str) -> None:
    assert_safe(html_of(text))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(HOSTILE) | st.text(max_size=12), max_size=8), st.sampled_from("\n >-`")
)
@example(["[a](", "javascript:alert(1)", ")"], "")
def test_nothing_that_is_put_together_from_hostile_parts_comes_through(
    parts: list[str], between: str
) -> None:
    assert_safe(html_of(between.join(parts)))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="<>[]()!*_`#&;:\"'=/\\ \n\t-|~1ajvscriptdatheflonm", max_size=80))
def test_nothing_that_is_typed_at_random_comes_through(text: str) -> None:
    assert_safe(html_of(text))


@given(st.text(max_size=60))
def test_the_same_text_gives_the_same_html(text: str) -> None:
    assert html_of(text) == html_of(text)


@pytest.mark.parametrize("filler", LONG_TO_RENDER)
def test_a_text_of_twice_the_length_takes_no_more_than_twice_the_work(filler: str) -> None:
    text = filler * (4_000 // len(filler))
    html_of(text)
    half, whole = (lines_run(partial(html_of, part)) for part in (text[: len(text) // 2], text))
    assert whole < 2.2 * half


@pytest.mark.parametrize("filler", LONG_TO_RENDER)
def test_the_longest_text_is_safe_whatever_it_repeats(filler: str) -> None:
    assert_safe(html_of(filler * (20_000 // len(filler))))


def test_what_people_write_is_shown() -> None:
    text = """## What we *offer*

- **three hundred** volunteers
- `code` and ~~fees~~

3. a
4. b

> [the call](https://example.org/call?a=1&b=2 "Read it") by <mailto:desk@example.org>

| who | how many |
|---|---|
| UNV | 300 |
"""
    html = html_of(text)

    assert "<h2>What we <em>offer</em></h2>" in html
    assert "<li><strong>three hundred</strong> volunteers</li>" in html
    assert "<code>code</code> and <s>fees</s>" in html
    assert '<ol start="3">' in html
    link = 'href="https://example.org/call?a=1&amp;b=2"'
    assert f'<a {link} title="Read it" rel="{LINK_REL}">the call</a>' in html
    assert 'href="mailto:desk@example.org"' in html
    assert "<td>300</td>" in html


def test_html_is_shown_as_it_was_typed() -> None:
    html = html_of('<script>alert("1")</script>\n\n<b onclick=x>bold</b>')

    assert "<script" not in html
    assert Seen(html).text.split() == ['<script>alert("1")</script>', "<b", "onclick=x>bold</b>"]


def test_a_picture_becomes_a_link_so_that_nobody_is_counted() -> None:
    html = html_of("![Our team](https://tracker.example/pixel.gif?reader=1)")

    assert html.strip() == (
        f'<p><a href="https://tracker.example/pixel.gif?reader=1" rel="{LINK_REL}">Our team</a></p>'
    )


def test_a_picture_without_words_is_named_by_its_address() -> None:
    assert Seen(html_of("![](https://e.org/a.png)")).text.strip() == "https://e.org/a.png"


def test_a_picture_in_a_link_is_its_words() -> None:
    html = html_of("[![Report](https://e.org/cover.png)](https://e.org/report)")

    links = [attributes["href"] for tag, attributes in Seen(html).elements if tag == "a"]
    assert links == ["https://e.org/report"]
    assert Seen(html).text.strip() == "Report"


@pytest.mark.parametrize("address", ["/groups", "groups", "//evil.example/x", "#x", "ftp://e.org"])
def test_a_link_that_leads_nowhere_safe_stays_text(address: str) -> None:
    html = html_of(f"[here]({address})")

    assert "<a" not in html
    assert Seen(html).text.strip() == f"[here]({address})"
