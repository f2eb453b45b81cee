"""A file is taken for what it is, not for what it says, and kept under a harmless name."""

import io
import resource
import zipfile

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from services.workgroups.attachment_names import MAX_LENGTH, clean_name
from services.workgroups.attachment_types import TYPES
from services.workgroups.attachments import checked
from services.workgroups.office_files import MAX_ENTRIES
from shared.problems import Problem
from tests.effort import lines_run
from tests.workgroups.files import (
    CSV,
    DOCX,
    ODT,
    PDF,
    PPTX,
    TEXT,
    XLSX,
    archive,
    bomb,
    bomb_that_lies,
    odf,
    ooxml,
    picture,
)


def kept(content: bytes, media_type: str) -> bytes:
    return checked("a", media_type, content).content


def refusal(content: bytes, media_type: str) -> int | None:
    """Return the status with which a file is refused, or ``None``."""
    try:
        kept(content, media_type)
    except Problem as problem:
        return problem.kind.status
    return None


def workbook() -> bytes:
    """Return a workbook as a program makes it."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet("Schools")
        sheet.write(0, 0, "teachers")
        sheet.insert_image(1, 1, "logo.png", {"image_data": io.BytesIO(picture())})
    return made.getvalue()


GOOD = [
    ("application/pdf", PDF),
    ("text/plain", TEXT),
    ("text/plain", b"\xef\xbb\xbfWith a mark\r\n"),
    ("text/csv", CSV),
    (DOCX, ooxml(DOCX)),
    (XLSX, ooxml(XLSX)),
    (XLSX, workbook()),
    (PPTX, ooxml(PPTX)),
    (ODT, odf()),
    (ODT.replace("text", "spreadsheet"), odf(ODT.replace("text", "spreadsheet"))),
    (ODT.replace("text", "presentation"), odf(ODT.replace("text", "presentation"))),
]


@pytest.mark.parametrize(("media_type", "content"), GOOD, ids=range(len(GOOD)))
def test_a_document_of_its_type_is_kept_as_it_is(media_type: str, content: bytes) -> None:
    assert kept(content, media_type) == content


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_made_anew_from_its_pixels(form: str) -> None:
    content = picture(form) + b"<script>alert(1)</script>"

    made = kept(content, f"image/{form.lower()}")

    opened = Image.open(io.BytesIO(made))
    assert (opened.format, opened.size) == (form, (40, 30))
    for trace in (b"script", b"13.7563", b"Ana Souza"):
        assert trace not in made


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><script>alert(1)</script>"
MACROS = ooxml(main="application/vnd.ms-word.document.macroEnabled.main+xml")


def _encrypted() -> bytes:
    made = bytearray(ooxml())
    # The flag of each entry, in its header and in the directory (APPNOTE, 4.4.4).
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = made.find(mark)
        while place >= 0:
            made[place + offset] |= 1
            place = made.find(mark, place + 1)
    return bytes(made)


BAD = [
    ("application/pdf", b""),
    ("application/pdf", b"%PDF-1.7"),
    ("application/pdf", b"MZ" + PDF),
    ("application/pdf", HTML),
    ("application/pdf", PDF + b"<script>alert(1)</script>"),
    ("application/pdf", PDF + ooxml()),
    ("application/pdf", PDF[:-6] + archive({"a": b"b"}, comment=b"%%EOF")),
    ("image/png", PDF),
    ("image/png", picture("JPEG")),
    ("image/jpeg", b"\xff\xd8\xff" + PDF),
    ("image/webp", SVG),
    ("image/png", picture()[:60]),
    ("text/plain", b""),
    ("text/plain", b" \n"),
    ("text/plain", b"MZ\x90\x00\x03"),
    ("text/plain", "Größe".encode("latin-1")),
    ("text/plain", b"a\x1b[31mb"),
    ("text/plain", HTML),
    ("text/csv", b"{\\rtf1\\ansi a}"),
    ("text/csv", b"%!PS-Adobe-3.0\n"),
    ("text/plain", b'<?xml version="1.0"?>' + SVG),
    ("text/plain", archive({"a": b"b"})),
    (DOCX, b""),
    (DOCX, PDF),
    (DOCX, archive({"a": b"b"})),
    (DOCX, ooxml(XLSX)),
    (XLSX, ooxml(DOCX)),
    (DOCX, odf()),
    (DOCX, MACROS),
    (DOCX, ooxml(more={"word/vbaProject.bin": b"x"})),
    (DOCX, ooxml(more={"word/VBAPROJECT.BIN": b"x"})),
    (DOCX, ooxml(more={"word/embeddings/oleObject1.bin": b"x"})),
    (DOCX, ooxml(more={"word/activeX/activeX1.xml": b"x"})),
    (XLSX, ooxml(XLSX, more={"xl/macrosheets/sheet1.xml": b"x"})),
    (DOCX, ooxml(more={"../../etc/cron.d/x": b"x"})),
    (DOCX, ooxml(more={"/etc/passwd": b"x"})),
    (DOCX, b"%PDF-1.7" + ooxml()),
    (DOCX, ooxml() + b"<script>alert(1)</script>"),
    (DOCX, ooxml()[:-30]),
    (DOCX, ooxml(more={f"word/{number}.xml": b"" for number in range(MAX_ENTRIES)})),
    (DOCX, _encrypted()),
    (ODT, ooxml()),
    (ODT, odf(DOCX)),
    (ODT, odf(more={"Basic/Standard/Module1.xml": b"x"})),
    (ODT, odf(more={"Scripts/python/x.py": b"x"})),
    (ODT, archive({"mimetype": ODT.encode(), "content.xml": b"<a/>"}, stored=())),
    (ODT, archive({"content.xml": b"<a/>", "mimetype": ODT.encode()})),
]


@pytest.mark.parametrize(("media_type", "content"), BAD, ids=range(len(BAD)))
def test_what_is_not_of_its_type_is_refused(media_type: str, content: bytes) -> None:
    with pytest.raises(Problem) as refused:
        kept(content, media_type)
    assert refused.value.kind.status == 422
    assert len(refused.value.detail) > 15


@pytest.mark.parametrize("content", [bomb(), bomb_that_lies()], ids=["honest", "lying"])
def test_a_bomb_is_put_out_with_little_work_and_memory(content: bytes) -> None:
    assert len(content) < 300_000

    def refuse() -> None:
        with pytest.raises(Problem):
            kept(content, DOCX)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refuse()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60 * 1024
    assert lines_run(refuse) < 10_000


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    made = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(made, "PNG")

    with pytest.raises(Problem, match="16 million pixels"):
        kept(made.getvalue(), "image/png")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(sorted(TYPES)))
def test_no_content_makes_a_check_stumble(content: bytes, media_type: str) -> None:
    assert refusal(content, media_type) in {None, 422}


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([(DOCX, ooxml()), (ODT, odf()), ("image/png", picture())]),
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_a_document_with_wrong_bytes_is_taken_or_refused_and_nothing_else(
    good: tuple[str, bytes], wrong: list[tuple[int, int]]
) -> None:
    media_type, content = good[0], bytearray(good[1])
    for place, byte in wrong:
        content[place % len(content)] = byte
    assert refusal(bytes(content), media_type) in {None, 422}


@pytest.mark.parametrize(
    ("sent", "saved"),
    [
        ("Letter to UNV.pdf", "Letter to UNV.pdf"),
        ("LETTER.PDF", "LETTER.pdf"),
        ("letter", "letter.pdf"),
        ("letter.pdf.exe", "letter.pdf.exe.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\ana\\letter.pdf", "letter.pdf"),
        ("a/b/", "b.pdf"),
        ('x"; filename="evil.exe', "x_; filename=_evil.exe.pdf"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie_ x.pdf"),
        ("gro.\u202efdp.exe", "gro.fdp.exe.pdf"),
        (".pdf", "pdf.pdf"),
        ("...", "file.pdf"),
        ("con.pdf", "file_con.pdf"),
        ("LPT1", "file_LPT1.pdf"),
        ("письмо.pdf", "письмо.pdf"),
        ("a   b. .pdf", "a b.pdf"),
        ("%2e%2e%2fx", "_2e_2e_2fx.pdf"),
    ],
)
def test_a_name_is_cleaned_and_ends_as_its_type_does(sent: str, saved: str) -> None:
    assert clean_name(sent, (".pdf",)) == saved


@given(st.text(max_size=300))
def test_every_name_is_safe_to_save(name: str) -> None:
    saved = clean_name(name, (".jpg", ".jpeg"))

    assert saved.endswith((".jpg", ".jpeg"))
    assert len(saved) <= MAX_LENGTH
    assert not set(saved) & set('<>:"/\\|?*\r\n\x00')
    assert not saved.startswith(".")
    assert saved == clean_name(saved, (".jpg", ".jpeg")), "cleaning twice changes nothing"


def test_what_lists_itself_twice_in_an_archive_is_refused() -> None:
    made = io.BytesIO(ooxml())
    with zipfile.ZipFile(made, "a") as written, pytest.warns(UserWarning, match="Duplicate"):
        written.writestr("word/document.xml", b"<other/>")

    with pytest.raises(Problem):
        kept(made.getvalue(), DOCX)
