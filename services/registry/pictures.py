"""The picture of an institution: small, and always a PNG."""

from dataclasses import dataclass

from shared.pictures import FORMATS, PictureLimits, encoded, pixels_of

TYPES = FORMATS
"""What can be sent, by media type."""

LIMITS = PictureLimits(
    max_bytes=204_800,  # below the limit of every request (``max_body_bytes``)
    max_pixels=4_000_000,
    min_side=16,
    max_side=4_000,
)
KEPT_SIDE = 512
"""The longer side of what is kept, in pixels; a larger picture is made smaller."""


@dataclass(frozen=True)
class Picture:
    """A picture in the one form in which it is kept: PNG, without metadata."""

    png: bytes


def picture_of(content: bytes, media_type: str) -> Picture:
    """Return the picture that ``content`` is, encoded anew and without whatever else is in it.

    Raises a Problem as `shared.pictures.pixels_of` does.
    """
    pixels = pixels_of(content, media_type, LIMITS)
    pixels.thumbnail((KEPT_SIDE, KEPT_SIDE))
    return Picture(encoded(pixels, "PNG", optimize=True))
