"""Pictures that people send: read by what they are, not by what they say."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.problems import INVALID, TOO_LARGE, Problem

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
}
"""What can be read, by media type, as Pillow calls it."""

_MODES = frozenset(
    {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}
)


@dataclass(frozen=True)
class PictureLimits:
    """How large a picture may be: a few bytes can fill gigabytes of memory when decoded."""

    max_bytes: int
    max_pixels: int
    min_side: int
    max_side: int

    @property
    def in_words(self) -> str:
        """What to send, as the end of a refusal."""
        return (
            f"Send one with sides of {self.min_side} to {self.max_side} and at most "
            f"{self.max_pixels // 1_000_000} million pixels."
        )


def pixels_of(content: bytes, media_type: str, limits: PictureLimits) -> "Image":
    """Return the pixels that ``content`` is, upright, without whatever else is in it.

    Of an animation it is the first frame. Raises a Problem: 413 for too many bytes, 422 for what
    is no picture, is cut off, is of another type than said, or has too many or too few pixels.
    """
    if len(content) > limits.max_bytes:
        raise Problem(
            TOO_LARGE,
            f"The picture has over {limits.max_bytes // 1024} KiB. Make it smaller first.",
        )
    # Loaded only here: it takes 10 MB, and most processes never see a picture.
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(content), formats=list(FORMATS.values()))
    except UnidentifiedImageError:
        raise Problem(INVALID, "This is no picture. Send a PNG, JPEG, WebP or GIF.") from None
    except Image.DecompressionBombError:
        raise Problem(INVALID, f"The picture has too many pixels. {limits.in_words}") from None
    except Exception as error:
        raise _damaged() from error
    _check(image.format, FORMATS[media_type], image.size, image.mode, limits)
    try:
        image.load()
        upright = ImageOps.exif_transpose(image)
        plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        plain.info = {}
    except Exception as error:
        # A decoder raises whatever its format makes it stumble over.
        raise _damaged() from error
    return plain


def encoded(pixels: "Image", form: str, **options: int | bool) -> bytes:
    """Return the picture in a format of Pillow's, with nothing but its pixels."""
    made = io.BytesIO()
    pixels.save(made, form, **options)
    return made.getvalue()


def _check(
    found: str | None, said: str, size: tuple[int, int], mode: str, limits: PictureLimits
) -> None:
    if found != said:
        raise Problem(
            INVALID,
            f"The picture is a {found}, but Content-Type says {said}. Say what it is.",
        )
    width, height = size
    if (
        min(size) < limits.min_side
        or max(size) > limits.max_side
        or width * height > limits.max_pixels
    ):
        raise Problem(INVALID, f"The picture has {width} by {height} pixels. {limits.in_words}")
    if mode not in _MODES:
        raise Problem(INVALID, "Save the picture with 8 bits for each colour and send that.")


def _damaged() -> Problem:
    return Problem(INVALID, "The picture is damaged or cut off. Save it anew and send that.")
