"""Pictures that people send: read by what they are, not by what they say, and made anew."""

import io
from dataclasses import dataclass

from shared.problems import INVALID, TOO_LARGE, Problem

MAX_BYTES = 204_800
"""The largest picture that is taken; below the limit of every request (``max_body_bytes``)."""
MAX_PIXELS = 4_000_000
"""The most that is decoded: a picture of a few bytes can fill gigabytes of memory."""
MIN_SIDE = 16
MAX_SIDE = 4_000
KEPT_SIDE = 512
"""The longer side of what is kept, in pixels; a larger picture is made smaller."""

TYPES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
}
"""What can be sent, by media type, as Pillow calls it."""

_MODES = frozenset(
    {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}
)

_SIDES = (
    f"Send one with sides of {MIN_SIDE} to {MAX_SIDE} and at most "
    f"{MAX_PIXELS // 1_000_000} million pixels."
)


@dataclass(frozen=True)
class Picture:
    """A picture in the one form in which it is kept: PNG, without metadata."""

    png: bytes


def picture_of(content: bytes, media_type: str) -> Picture:
    """Return the picture that ``content`` is, encoded anew and without whatever else is in it.

    Of an animation it is the first frame. Raises a Problem: 413 for too many bytes, 422 for what
    is no picture, is cut off, is of another type than said, or has too many or too few pixels.
    """
    if len(content) > MAX_BYTES:
        raise Problem(
            TOO_LARGE, f"The picture has over {MAX_BYTES // 1024} KiB. Make it smaller first."
        )
    # Loaded only here: it takes 10 MB, and most processes never see a picture.
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(content), formats=list(TYPES.values()))
    except UnidentifiedImageError:
        raise Problem(INVALID, "This is no picture. Send a PNG, JPEG, WebP or GIF.") from None
    except Image.DecompressionBombError:
        raise Problem(INVALID, f"The picture has too many pixels. {_SIDES}") from None
    except Exception as error:
        raise _damaged() from error
    _check(image.format, TYPES[media_type], image.size, image.mode)
    try:
        image.load()
        upright = ImageOps.exif_transpose(image)
        plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        plain.thumbnail((KEPT_SIDE, KEPT_SIDE))
        plain.info = {}
        made = io.BytesIO()
        plain.save(made, "PNG", optimize=True)
    except Exception as error:
        # A decoder raises whatever its format makes it stumble over.
        raise _damaged() from error
    return Picture(made.getvalue())


def _check(found: str | None, said: str, size: tuple[int, int], mode: str) -> None:
    if found != said:
        raise Problem(
            INVALID,
            f"The picture is a {found}, but Content-Type says {said}. Say what it is.",
        )
    width, height = size
    if min(size) < MIN_SIDE or max(size) > MAX_SIDE or width * height > MAX_PIXELS:
        raise Problem(
            INVALID,
            f"The picture has {width} by {height} pixels. {_SIDES}",
        )
    if mode not in _MODES:
        raise Problem(INVALID, "Save the picture with 8 bits for each colour and send that.")


def _damaged() -> Problem:
    return Problem(INVALID, "The picture is damaged or cut off. Save it anew and send that.")
