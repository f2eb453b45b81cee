"""Markdown that people write, as HTML that is safe to show on any page.

A text is CommonMark with tables and struck-out words. Raw HTML in it is shown as it was typed, a
picture becomes a link to it, so that opening a page tells nobody's server who reads it, and a link
leads only to the web or to an e-mail address. What the renderer made goes through a sanitizer all
the same: neither is trusted alone.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from shared.text import without_deceiving

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict
    from nh3 import Cleaner

RENDERING = 1
"""Grows when the same text is to become other HTML, so that what was stored is made anew."""

SCHEMES = frozenset({"http", "https", "mailto"})
"""Where a link may lead."""

TAGS = frozenset(
    {"a", "blockquote", "br", "code", "em", "hr", "li", "ol", "p", "pre", "s", "strong", "ul"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "table", "tbody", "td", "th", "thead", "tr"}
)
"""Every element that a rendered text may have."""

LINK_REL = "nofollow noopener noreferrer"


def html_of(text: str) -> str:
    """Return a text in Markdown as a safe fragment of HTML; the same text gives the same HTML."""
    return without_deceiving(_cleaner().clean(_renderer().render(text)))


# Both are loaded by the first text only: most processes never see one.
@cache
def _renderer() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    renderer = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    # Without these rules what looks like HTML is text.
    renderer.disable(["html_block", "html_inline"])
    renderer.validateLink = _leads_somewhere_safe  # type: ignore[assignment, method-assign]
    renderer.add_render_rule("image", _picture_as_link)
    return renderer


@cache
def _cleaner() -> "Cleaner":
    from nh3 import Cleaner

    return Cleaner(
        tags=TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        clean_content_tags={"script", "style"},
        link_rel=LINK_REL,
        url_schemes=SCHEMES,
        url_relative="deny",
    )


def _leads_somewhere_safe(address: str) -> bool:
    # The renderer has escaped whatever could hide a scheme; a relative address leads elsewhere on
    # each page that shows the text.
    scheme, colon, rest = address.partition(":")
    return bool(colon and rest) and scheme.lower() in SCHEMES


def _picture_as_link(
    renderer: "RendererHTML",
    tokens: "Sequence[Token]",
    place: int,
    options: "OptionsDict",
    env: "EnvType",
) -> str:
    from markdown_it.common.utils import escapeHtml

    picture = tokens[place]
    address = str(picture.attrs.get("src", ""))
    words = renderer.renderInlineAsText(picture.children, options, env) or address
    before = [token.type for token in tokens[:place]]
    if before.count("link_open") > before.count("link_close"):
        return escapeHtml(words)
    return f'<a href="{escapeHtml(address)}">{escapeHtml(words)}</a>'
