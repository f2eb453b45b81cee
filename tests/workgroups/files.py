"""Files as people attach them: good ones, and ones that mean harm."""

import io
import zipfile
from collections.abc import Mapping

from PIL import Image
from PIL.PngImagePlugin import PngInfo

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
TEXT = "Décision: trois écoles.\n".encode()
CSV = b"school,teachers\nA,3\n"

OOXML = "application/vnd.openxmlformats-officedocument."
DOCX = f"{OOXML}wordprocessingml.document"
XLSX = f"{OOXML}spreadsheetml.sheet"
PPTX = f"{OOXML}presentationml.presentation"
ODT = "application/vnd.oasis.opendocument.text"
_FOLDERS = {DOCX: "word/document", XLSX: "xl/workbook", PPTX: "ppt/presentation"}


def picture(form: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    """Return a picture with a note of who made it in it."""
    made = io.BytesIO()
    image = Image.new("RGB", size, "teal")
    exif = Image.Exif()
    exif[0x010E] = "13.7563 N 100.5018 E"
    if form == "PNG":
        told = PngInfo()
        told.add_text("Author", "Ana Souza")
        image.save(made, form, pnginfo=told, exif=exif)
    else:
        image.save(made, form, exif=exif)
    return made.getvalue()


def archive(
    parts: Mapping[str, bytes], *, stored: tuple[str, ...] = ("mimetype",), comment: bytes = b""
) -> bytes:
    """Return a ZIP archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            written.writestr(entry, content)
        written.comment = comment
    return made.getvalue()


def ooxml(media_type: str = DOCX, main: str = "", more: Mapping[str, bytes] | None = None) -> bytes:
    """Return a document of Office Open XML; ``main`` is what its main part says it is."""
    part = _FOLDERS[media_type]
    said = main or f"{media_type}.main+xml"
    types = (
        '<?xml version="1.0" encoding="UTF-8"?><Types '
        'xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Override PartName="/{part}.xml" ContentType="{said}"/></Types>'
    )
    parts = {"[Content_Types].xml": types.encode(), "_rels/.rels": b"<a/>", f"{part}.xml": b"<a/>"}
    return archive({**parts, **(more or {})})


def odf(media_type: str = ODT, more: Mapping[str, bytes] | None = None) -> bytes:
    """Return a document of the OpenDocument format."""
    return archive(
        {
            "mimetype": media_type.encode(),
            "content.xml": b"<a/>",
            "META-INF/manifest.xml": b"<a/>",
            **(more or {}),
        }
    )


def bomb() -> bytes:
    """Return a document of few bytes that unpacks to 200 MiB."""
    return ooxml(more={"word/media/image1.bmp": b"\x00" * (200 * 1024 * 1024)})


def bomb_that_lies() -> bytes:
    """Return a bomb whose directory says that its largest part has 10 bytes."""
    made = bytearray(bomb())
    size = (200 * 1024 * 1024).to_bytes(4, "little")
    small = (10).to_bytes(4, "little")
    return bytes(made.replace(size, small))
