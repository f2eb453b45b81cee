"""Fragments: pieces of e-mails, written and encoded once and joined for each reader.

What many readers are told is rendered once per language. Quoted-printable passes every mail server
unchanged, and encoded pieces can be joined, as each begins and ends at a line.
"""

from binascii import b2a_qp
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Body:
    """The same in HTML and in plain text, both encoded."""

    html: bytes = field(default=b"", repr=False)
    text: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, html: str, text: str) -> "Body":
        """Return both texts encoded."""
        return cls(encoded(html), encoded(text))


@dataclass(frozen=True, slots=True)
class Fragment:
    """One item of an e-mail in one language."""

    body: Body
    subject: str
    """The item in the words of a subject line."""
    weight: int
    """The smaller, the sooner a reader should see it."""


def encoded(text: str) -> bytes:
    """Return whole lines in quoted-printable (RFC 2045); an empty text has none."""
    if not text:
        return b""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if not lines.endswith("\n"):
        lines += "\n"
    return b2a_qp(lines.replace("\n", "\r\n").encode(errors="replace"))


Key = TypeVar("Key", bound=Hashable)
Kept = TypeVar("Kept")


class Shelf(Generic[Key, Kept]):
    """What this process used lately, up to a number of bytes.

    It is emptied every hour, so that what was erased meanwhile is not told much longer.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._sizes: dict[Key, int] = {}
        self._taken = 0
        self._since: datetime | None = None

    def get(self, key: Key) -> Kept | None:
        """Return what is kept under the key."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def keep(self, key: Key, kept: Kept, size: int) -> None:
        """Keep it, and let go what was not used for longest when there is no more room."""
        self._taken += size - self._sizes.get(key, 0)
        self._kept[key] = kept
        self._sizes[key] = size
        self._kept.move_to_end(key)
        while self._taken > self._room and len(self._kept) > 1:
            oldest, _ = self._kept.popitem(last=False)
            self._taken -= self._sizes.pop(oldest)

    def age(self, now: datetime) -> None:
        """Empty the shelf when its hour is over."""
        if self._since is None or not timedelta() <= now - self._since < LIFETIME:
            self.empty()
            self._since = now

    def empty(self) -> None:
        """Let go all of it."""
        self._kept.clear()
        self._sizes.clear()
        self._taken = 0
