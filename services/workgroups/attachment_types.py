"""What can be attached, and what a file must be to be taken for what it says it is."""

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO

from services.workgroups.office_files import ODF_TYPES, OOXML_PARTS, require_office_file
from shared.pictures import FORMATS, PictureLimits, encoded, pixels_of
from shared.problems import INVALID, Problem

PICTURES = PictureLimits(
    max_bytes=50 * 1024 * 1024, max_pixels=16_000_000, min_side=1, max_side=10_000
)
_TRAILER = 1024
"""How far from its end a PDF says that it ends (PDF 1.7, implementation note 18)."""
_SURE = 0.5
"""From where on a guess of what a file is counts; below it is two letters that it begins with."""
_TEXTS = frozenset({"", "text/plain", "text/csv", "text/markdown"})


@dataclass(frozen=True)
class FileType:
    """A type of file that can be attached."""

    media_type: str
    extensions: tuple[str, ...]
    """As names end, the usual one first."""
    kept: Callable[[bytes], bytes]
    """Returns what is kept of a file; raises a Problem (422) when it is none of this type."""


def _pdf(content: bytes) -> bytes:
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-_TRAILER:]:
        raise _is_none("a PDF")
    if content.rpartition(b"%%EOF")[2].strip(b"\r\n\t \x00"):
        raise _is_none("a PDF and nothing else")
    _require_one_kind(content)
    return content


def _picture(media_type: str) -> Callable[[bytes], bytes]:
    def kept(content: bytes) -> bytes:
        pixels = pixels_of(content, media_type, PICTURES)
        form = FORMATS[media_type]
        if form == "JPEG":
            return encoded(pixels.convert("RGB"), form, quality=90, optimize=True)
        return encoded(pixels, form, **({"optimize": True} if form == "PNG" else {"quality": 90}))

    return kept


def _text(content: bytes) -> bytes:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Problem(INVALID, "The text is not in UTF-8. Save it in that encoding.") from None
    if not text.strip() or any(map(_is_control, text)) or not _may_be_text(content):
        raise _is_none("a plain text")
    _require_one_kind(content)
    return content


def _is_control(character: str) -> bool:
    return (character < " " and character not in "\t\n\r\f") or character == "\x7f"


def _may_be_text(content: bytes) -> bool:
    from puremagic import PureError, magic_string

    try:
        found = magic_string(content)
    except PureError:
        return True
    return not any(match.confidence >= _SURE and match.mime_type not in _TEXTS for match in found)


def _office(media_type: str) -> Callable[[bytes], bytes]:
    def kept(content: bytes) -> bytes:
        require_office_file(content, media_type)
        return content

    return kept


def _types() -> list[FileType]:
    ooxml = dict(zip(OOXML_PARTS, (".docx", ".xlsx", ".pptx"), strict=True))
    odf = dict(zip(sorted(ODF_TYPES), (".odp", ".ods", ".odt"), strict=True))
    return [
        FileType("application/pdf", (".pdf",), _pdf),
        FileType("image/png", (".png",), _picture("image/png")),
        FileType("image/jpeg", (".jpg", ".jpeg"), _picture("image/jpeg")),
        FileType("image/webp", (".webp",), _picture("image/webp")),
        FileType("text/plain", (".txt", ".md"), _text),
        FileType("text/csv", (".csv",), _text),
        *(FileType(name, (extension,), _office(name)) for name, extension in ooxml.items()),
        *(FileType(name, (extension,), _office(name)) for name, extension in odf.items()),
    ]


TYPES: Mapping[str, FileType] = {known.media_type: known for known in _types()}
"""Everything that can be attached, by media type."""


def _require_one_kind(content: bytes) -> None:
    if zipfile.is_zipfile(BytesIO(content)):
        raise Problem(INVALID, "The file is an archive as well as what it says. Save it anew.")


def _is_none(what: str) -> Problem:
    return Problem(
        INVALID,
        f"The file is not {what}, though Content-Type says so, or is damaged. Say what it is, or "
        "save it anew.",
    )
