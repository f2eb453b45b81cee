"""What an attached file is called: a name that is safe to save on any computer."""

import re
import unicodedata
from pathlib import PurePosixPath

MAX_LENGTH = 120

_UNSAFE = re.compile(r'[<>:"/\\|?*%]+')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def clean_name(name: str, extensions: tuple[str, ...]) -> str:
    """Return the last part of a path as a name that ends as its type does.

    ``extensions`` are those of the type, the usual first; a name with another gets that one too,
    so that ``letter.pdf.exe`` can't be run.
    """
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    visible = "".join(
        character
        for character in unicodedata.normalize("NFC", last)
        if unicodedata.category(character)[0] != "C" and character not in "\u2028\u2029"
    )
    kept = " ".join(_UNSAFE.sub("_", visible).split()).strip(". ")
    stem, extension = kept, extensions[0]
    for known in extensions:
        if kept.lower().endswith(known):
            stem, extension = kept[: -len(known)].rstrip(". "), known
    if not stem or _DEVICES.fullmatch(stem):
        stem = f"file_{stem}".rstrip("_")
    return str(PurePosixPath(stem[: MAX_LENGTH - len(extension)].rstrip(". ") + extension))
