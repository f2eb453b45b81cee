"""Frames: what e-mails of one sort and language have in common, with places for one reader."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from services.notifier.mail.fragments import Body, encoded
from services.notifier.mail.rendering import SLOT, rendered

_SLOT = re.compile(f"{SLOT}([a-z_]+){SLOT}\n")


@dataclass(frozen=True, slots=True)
class Frame:
    """Encoded pieces of a template and, after each but the last, the name of what goes there."""

    pieces: tuple[bytes, ...]
    slots: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Frame":
        """Take a rendered template apart."""
        parts = _SLOT.split(text)
        return cls(tuple(encoded(piece) for piece in parts[::2]), tuple(parts[1::2]))

    def filled(self, places: Iterable[bytes]) -> bytes:
        """Return all of it, with whole encoded lines in its places."""
        joined = [self.pieces[0]]
        for filling, piece in zip(places, self.pieces[1:], strict=True):
            joined.append(filling)
            joined.append(piece)
        return b"".join(joined)


@dataclass(frozen=True, slots=True)
class Frames:
    """The frame of the HTML and that of the plain text."""

    html: Frame
    text: Frame

    def filled(self, places: Mapping[str, Body]) -> Body:
        """Return both, each place filled by its name."""
        return Body(
            self.html.filled([places[name].html for name in self.html.slots]),
            self.text.filled([places[name].text for name in self.text.slots]),
        )


@lru_cache(256)
def frames(language: str, template: str, values: tuple[tuple[str, Any], ...] = ()) -> Frames:
    """Return the frames of ``template``; ``values`` are of what many readers have in common."""
    given = dict(values)
    return Frames(
        Frame.of(rendered(language, f"{template}.html", **given)),
        Frame.of(rendered(language, f"{template}.txt", **given)),
    )
