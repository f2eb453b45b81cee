"""Markdown bodies: what a person wrote for an e-mail, as HTML that mail programs show and as text.

Both are made from the safe HTML of `shared.markdown`, by its own elements alone. Mail programs
ignore style sheets, so each element carries its style.
"""

from collections.abc import Mapping
from html import escape
from html.parser import HTMLParser
from typing import Literal

from services.notifier.mail.plain import underlined, wrapped
from shared.markdown import html_of

_HEADING = "margin:20px 0 0;font-size:{size}px;line-height:{line}px;"
_RULE = "border:1px solid #cfe3de;"

STYLES: Mapping[str, str] = {
    "p": "margin:12px 0 0;",
    "h2": _HEADING.format(size=20, line=28),
    "h3": _HEADING.format(size=18, line=26),
    "h4": _HEADING.format(size=16, line=24),
    "h5": _HEADING.format(size=16, line=24),
    "h6": _HEADING.format(size=16, line=24),
    "ol": "margin:12px 0 0;padding:0;padding-{side}:24px;",
    "ul": "margin:12px 0 0;padding:0;padding-{side}:24px;",
    "li": "margin:0 0 4px;",
    "blockquote": "margin:12px 0 0;padding:0 12px;border-{side}:3px solid #cfe3de;",
    "a": "color:#0b6b5d;",
    "code": "font:14px/20px Courier,monospace;",
    "table": "margin:12px 0 0;",
    "td": _RULE + "text-align:{side};",
    "hr": "margin:20px 0 0;border:0;border-top:1px solid #cfe3de;",
}
CLASSES = {"a": "accent", "blockquote": "rule", "td": "rule", "hr": "rule"}
"""What the dark style of the frame changes."""

_LOWER = {"h1": "h2", "h2": "h3", "h3": "h4", "h4": "h5", "h5": "h6", "h6": "h6"}
"""The first heading of the e-mail is its subject."""

_LEFT_OUT = frozenset({"thead", "tbody"})

Direction = Literal["ltr", "rtl"]


def html_body(text: str, direction: Direction) -> str:
    """Return a text in Markdown as a fragment of HTML for an e-mail."""
    return _Styled(html_of(text), "right" if direction == "rtl" else "left").html


def plain_body(text: str) -> str:
    """Return a text in Markdown as plain text that is good to read by itself."""
    return _Plain(html_of(text)).text


class _Styled(HTMLParser):
    """Writes each element anew, with its style."""

    def __init__(self, html: str, side: str) -> None:
        super().__init__(convert_charrefs=True)
        self._side = side
        self._written: list[str] = []
        self._in_pre = False
        self.feed(html)
        self.close()

    @property
    def html(self) -> str:
        return "".join(self._written)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _LEFT_OUT:
            return
        if tag == "pre":
            # A block of code keeps its lines, and is no wider than the window.
            self._in_pre = True
            tag = "p"
        if tag == "s":
            self._written.append('<span style="text-decoration:line-through;">')
            return
        is_head = tag == "th"
        tag = "td" if is_head else _LOWER.get(tag, tag)
        given = {name: value for name, value in attrs if name in {"href", "start"} and value}
        if tag in CLASSES:
            given["class"] = CLASSES[tag]
        if tag == "table":
            given |= {"cellpadding": "6", "cellspacing": "0"}
        style = STYLES.get(tag, "").format(side=self._side)
        if style:
            given["style"] = style + ("font-weight:700;" if is_head else "")
        said = "".join(f' {name}="{escape(value or "")}"' for name, value in given.items())
        self._written.append(f"<{tag}{said}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in _LEFT_OUT:
            return
        if tag == "pre":
            self._in_pre = False
            tag = "p"
        tag = {"s": "span", "th": "td"}.get(tag, _LOWER.get(tag, tag))
        if tag not in {"br", "hr"}:
            self._written.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        text = escape(data, quote=False)
        if self._in_pre:
            text = text.strip("\n").replace("  ", "&nbsp; ").replace("\n", "<br>\n")
        self._written.append(text)


class _Plain(HTMLParser):
    """Writes the words in lines, with marks where the form carries a meaning."""

    _AROUND: Mapping[str, str] = {"strong": "*", "em": "_", "s": "~", "code": "`"}
    _HEADINGS: Mapping[str, str] = {"h1": "=", "h2": "-"}

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._words = ""
        self._indent = 0
        self._marker = ""
        self._numbers: list[int | None] = []
        self._quotes = 0
        self._links: list[tuple[str, int]] = []
        self._in_pre = False
        self.feed(html)
        self.close()
        self._end_block()

    @property
    def text(self) -> str:
        return "\n".join(self._lines).strip("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self._links.append((given.get("href") or "", len(self._words)))
        elif tag == "br":
            self._words += "\n"
        elif tag in {"td", "th"}:
            self._words = f"{self._words.rstrip()} | " if self._words.strip() else ""
        elif tag in self._AROUND and not self._in_pre:
            self._words += self._AROUND[tag]
        else:
            self._begin(tag, given)

    def _begin(self, tag: str, given: Mapping[str, str | None]) -> None:
        if tag in {"strong", "em", "s", "code", "thead", "tbody"}:
            return
        self._end_block()
        if tag in {"ol", "ul"}:
            first = given.get("start") or "1"
            self._numbers.append(int(first) if tag == "ol" and first.isdigit() else None)
            if len(self._numbers) == 1:
                self._gap()
        elif tag == "li":
            number = self._numbers[-1] if self._numbers else None
            self._marker = "- " if number is None else f"{number}. "
            if number is not None:
                self._numbers[-1] = number + 1
            self._indent += len(self._marker)
        elif tag == "blockquote":
            self._gap()
            self._quotes += 1
        elif tag == "hr":
            self._gap()
            self._add("* * *")
        elif tag != "tr":
            self._in_pre = tag == "pre"
            if not self._marker:
                self._gap()

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._end_link()
        elif tag in self._AROUND:
            if not self._in_pre:
                self._words += self._AROUND[tag]
        elif tag in self._HEADINGS:
            self._words = " ".join(self._words.split())
            self._words, title = "", self._words
            for line in underlined(wrapped(title), self._HEADINGS[tag]).split("\n"):
                self._add(line)
        elif tag not in {"td", "th", "thead", "tbody", "br", "hr"}:
            self._end_block()
            if tag == "li":
                number = self._numbers[-1] if self._numbers else None
                self._indent -= 2 if number is None else len(f"{number - 1}. ")
                self._marker = ""
            elif tag in {"ol", "ul"} and self._numbers:
                self._numbers.pop()
            elif tag == "blockquote":
                self._quotes -= 1
            elif tag == "pre":
                self._in_pre = False

    def handle_data(self, data: str) -> None:
        self._words += data if self._in_pre else " ".join(("x" + data + "x").split())[1:-1]

    def _end_link(self) -> None:
        if not self._links:
            return
        address, begin = self._links.pop()
        said = self._words[begin:].strip()
        if address.removeprefix("mailto:") != said and address != said:
            self._words += f" <{address}>"

    def _end_block(self) -> None:
        words, self._words = self._words, ""
        if self._in_pre:
            for line in words.strip("\n").split("\n"):
                self._add(f"{' ' * (self._indent + 4)}{line}".rstrip())
            return
        if not words.strip():
            return
        outer = self._indent - len(self._marker)
        first, self._marker = self._marker, ""
        for number, line in enumerate(words.strip().split("\n")):
            if number == 0 and first:
                self._add(wrapped(first + line.strip(), outer, len(first)))
            else:
                self._add(wrapped(line.strip(), self._indent))

    def _gap(self) -> None:
        if self._lines and self._lines[-1].strip("> "):
            self._add("")

    def _add(self, text: str) -> None:
        quoted = "> " * self._quotes
        self._lines += [f"{quoted}{line}".rstrip() for line in text.split("\n")]
