"""Office documents: real archives of their type, without programs in them."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping

from shared.problems import INVALID, Problem

MAX_ENTRIES = 2_000
MAX_UNPACKED = 64 * 1024 * 1024
"""The most that an archive may unpack to: a few bytes can fill gigabytes."""
_CHUNK = 1024 * 1024

_OOXML = "application/vnd.openxmlformats-officedocument."
OOXML_PARTS: Mapping[str, tuple[str, str]] = {
    f"{_OOXML}wordprocessingml.document": (
        "word/",
        f"{_OOXML}wordprocessingml.document.main+xml",
    ),
    f"{_OOXML}spreadsheetml.sheet": ("xl/", f"{_OOXML}spreadsheetml.sheet.main+xml"),
    f"{_OOXML}presentationml.presentation": (
        "ppt/",
        f"{_OOXML}presentationml.presentation.main+xml",
    ),
}
"""Of each type of Office Open XML: where its parts are, and what its main part says it is."""

ODF_TYPES = frozenset(
    f"application/vnd.oasis.opendocument.{kind}" for kind in ("text", "spreadsheet", "presentation")
)

_PROGRAMS = re.compile(
    r"(^|/)(vba[^/]*|[^/]*macrosheets?|activex|embeddings)(/|\.|$)|^(basic|scripts)/"
    r"|\.(bin|exe|dll|js|vbs|jar)$",
    re.IGNORECASE,
)
_PRINTER_SETTINGS = re.compile(r"^(word|xl|ppt)/printerSettings/[^/]+\.bin$")
_PROGRAM_TYPES = re.compile(rb"macroEnabled|vbaProject|activeX|oleObject", re.IGNORECASE)


def require_office_file(content: bytes, media_type: str) -> None:
    """Raise a Problem (422) unless ``content`` is a document of that type without macros.

    Everything in it is unpacked once, within a bound, so that what says it is small must be small.
    """
    if not content.startswith(b"PK\x03\x04"):
        raise _not_one()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if archive.comment or not _ends_with_its_directory(content):
                raise _not_one()
            _require_sound(archive)
            if media_type in ODF_TYPES:
                _require_odf(archive, media_type)
            else:
                _require_ooxml(archive, *OOXML_PARTS[media_type])
    except Problem:
        raise
    except Exception as error:
        # The reader of archives raises whatever a broken one makes it stumble over.
        raise _not_one() from error


def _require_sound(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > MAX_ENTRIES:
        raise Problem(INVALID, f"The document has over {MAX_ENTRIES} parts. Save it anew.")
    if len(set(names)) != len(names) or any(map(_leads_out, names)):
        raise _not_one()
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise Problem(INVALID, "The document is protected by a password. Send it without one.")
    if any(_PROGRAMS.search(name) and not _PRINTER_SETTINGS.match(name) for name in names):
        raise _has_programs()
    unpacked = 0
    for entry in entries:
        for chunk in _chunks(archive, entry):
            unpacked += len(chunk)
            if unpacked > MAX_UNPACKED:
                raise Problem(
                    INVALID,
                    f"The document unpacks to over {MAX_UNPACKED // 1024 // 1024} MiB. Make its "
                    "pictures smaller, or split it.",
                )


def _chunks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as part:
        while chunk := part.read(_CHUNK):
            yield chunk


def _require_ooxml(archive: zipfile.ZipFile, folder: str, main: str) -> None:
    types = archive.read("[Content_Types].xml")
    # In any encoding but this one the words that are looked for would be others.
    if b"<!DOCTYPE" in types or not types.removeprefix(b"\xef\xbb\xbf").startswith(b"<"):
        raise _not_one()
    types.decode("utf-8")
    if _PROGRAM_TYPES.search(types):
        raise _has_programs()
    if main.encode() not in types or not any(
        name.startswith(folder) for name in archive.namelist()
    ):
        raise _not_one()


def _require_odf(archive: zipfile.ZipFile, media_type: str) -> None:
    first = archive.infolist()[0]
    if first.filename != "mimetype" or first.compress_type != zipfile.ZIP_STORED:
        raise _not_one()
    if (
        archive.read(first).strip() != media_type.encode()
        or "content.xml" not in archive.namelist()
    ):
        raise _not_one()


def _ends_with_its_directory(content: bytes) -> bool:
    # Without a comment the record that ends an archive has 22 bytes (APPNOTE, 4.3.16).
    return content[-22:-18] == b"PK\x05\x06"


def _leads_out(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ".." in name.split("/") or "\x00" in name


def _not_one() -> Problem:
    return Problem(
        INVALID,
        "The file is not the document that Content-Type says, or is damaged. Open it, save it anew "
        "and send that.",
    )


def _has_programs() -> Problem:
    return Problem(
        INVALID,
        "The document holds macros, embedded objects or other programs. Save it without them and "
        "send that.",
    )
