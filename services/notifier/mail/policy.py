"""How headers are written.

Python's own folding writes a long ``List-Unsubscribe`` as encoded words, which mail programs don't
read there, puts a short subject behind an empty first line, and can lose a space between words in
other scripts. So: an ASCII header is one line (RFC 5322 allows 998 characters), other texts are
encoded words of the older, exact kind (RFC 2047).
"""

from email.header import Header
from email.policy import EmailPolicy
from typing import Any


class MailPolicy(EmailPolicy):
    """The policy of every e-mail that the notifier writes."""

    def fold(self, name: str, value: Any) -> str:
        """Return the header's lines."""
        text = str(value)
        if text.isascii() or self.utf8:
            return f"{name}: {text}{self.linesep}"
        if hasattr(value, "addresses"):
            return str(super().fold(name, value))
        encoded = Header(text, "utf-8", header_name=name).encode(linesep=self.linesep)
        return f"{name}: {encoded}{self.linesep}"

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return the header's lines as bytes."""
        return self.fold(name, value).encode("utf-8" if self.utf8 else "ascii")


MAIL = MailPolicy(linesep="\r\n")
