"""Plain text: wrapped at 72 columns, where a Chinese character takes two."""

from functools import partial

WIDTH = 72


def wrapped(text: str, indent: int = 0, hang: int = 0) -> str:
    """Wrap each line; ``hang`` indents further the lines that go on.

    Addresses are never broken; scripts without spaces are, anywhere.
    """
    # The import is late because its tables are large and most processes write no e-mail.
    from wcwidth import wcswidth, wrap

    wrap_line = partial(
        wrap,
        width=WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hang),
        break_on_hyphens=False,
    )
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        is_wide = wcswidth(line) > len(line)
        lines += wrap_line(line, break_long_words=is_wide) or [""]
    return "\n".join(lines)


def underlined(title: str, mark: str) -> str:
    """Return the title with a line of ``mark`` below it, as wide as it is."""
    from wcwidth import wcswidth

    return f"{title}\n{mark * min(WIDTH, max(1, wcswidth(title)))}"
