"""Plain text: wrapped at 72 columns, where a Chinese character takes two."""

import textwrap

WIDTH = 72

FIRST_WIDE = "\u1100"
"""No character before it takes two columns (UAX 11)."""


def wrapped(text: str, indent: int = 0, hang: int = 0) -> str:
    """Wrap each line; ``hang`` indents further the lines that go on.

    Addresses are never broken; scripts without spaces are, anywhere.
    """
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        is_wide = max(line, default="") >= FIRST_WIDE
        lines += (_wrap_wide if is_wide else _wrap)(line, indent, hang) or [""]
    return "\n".join(lines)


def _wrap(line: str, indent: int, hang: int) -> list[str]:
    return textwrap.wrap(
        line,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hang),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _wrap_wide(line: str, indent: int, hang: int) -> list[str]:
    # The import is late because its tables are large and most processes write no e-mail.
    from wcwidth import wcswidth, wrap

    return wrap(
        line,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hang),
        break_long_words=wcswidth(line) > len(line),
        break_on_hyphens=False,
    )


def underlined(title: str, mark: str) -> str:
    """Return the title with a line of ``mark`` below it, as wide as it is."""
    from wcwidth import wcswidth

    return f"{title}\n{mark * min(WIDTH, max(1, wcswidth(title)))}"
