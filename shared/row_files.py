"""Reading a file of rows, CSV (RFC 4180) or JSON Lines, a row at a time.

What is wrong with the file itself is one Problem that names the line; what is wrong with a value in
it is found later, row by row.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any, BinaryIO, NoReturn

from shared.problems import INVALID, MALFORMED, FieldError, Problem, ProblemKind

MAX_ROWS = 10_000
MAX_LINE_BYTES = 262_144
_NUL = re.compile(r"(?<!\\)(\\\\)*\\u0000")


class Form(StrEnum):
    """How the file is written."""

    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True)
class Columns:
    """Which columns a file may have."""

    names: tuple[str, ...]
    more: str | None = None
    """The beginning of columns that are not listed."""

    def __contains__(self, name: str) -> bool:
        """Return whether a file may have this column."""
        return name in self.names or (self.more is not None and name.startswith(self.more))

    def __str__(self) -> str:
        """Return all of them for a reader."""
        return ", ".join([*self.names, *([f"{self.more}…"] if self.more else [])])


@dataclass(frozen=True)
class FileRow:
    """A row as it stands in the file."""

    line: int
    """The line on which it begins; the first is 1."""
    given: Mapping[str, Any]
    """What it says, by column: texts in a CSV file, any JSON values in JSON Lines."""


def read(
    file: BinaryIO, form: Form, columns: Columns, max_rows: int = MAX_ROWS
) -> Iterator[FileRow]:
    """Yield the rows of a file, from its beginning.

    Raises a Problem at the first line that can't be read (400) or doesn't fit (422): encoding,
    syntax, a column that isn't among ``columns`` or comes twice, more than ``max_rows``, or none.
    """
    file.seek(0)
    rows = _csv_rows(file, columns) if form is Form.CSV else _json_rows(file, columns)
    number = 0
    for number, row in enumerate(rows, 1):
        if number > max_rows:
            _refuse(
                INVALID,
                row.line,
                f"The file has more than {max_rows:,} rows. Split it and send each part.",
            )
        yield row
    if number == 0:
        raise Problem(
            INVALID, f"The file has no rows. Give one for each; the columns are {columns}."
        )


def count(file: BinaryIO, form: Form, columns: Columns) -> int:
    """Return how many rows the file has, once all of it has been read; Problems as `read`."""
    return sum(1 for _ in read(file, form, columns))


def _csv_rows(file: BinaryIO, columns: Columns) -> Iterator[FileRow]:
    lines = _lines(file)
    first = next(lines, None)
    if first is None:
        raise Problem(
            INVALID, f"The file is empty. Its first line names the columns, of {columns}."
        )
    reader = csv.reader(chain([first], lines), delimiter=_delimiter(first), strict=True)
    header = [name.strip().lower() for name in _next_record(reader) or []]
    _check_header(header, columns)
    while True:
        line = reader.line_num + 1
        record = _next_record(reader)
        if record is None:
            return
        if not any(record):
            continue
        if len(record) != len(header):
            _refuse(
                MALFORMED,
                line,
                f"Line {line} has {len(record)} cells, but the first line names {len(header)} "
                "columns. Put a text that holds a comma or a line break in quotes.",
            )
        yield FileRow(line, dict(zip(header, record, strict=True)))


def _delimiter(header: str) -> str:
    # Spreadsheets write a semicolon or a tab where the comma is the decimal sign.
    return max(",;\t", key=header.count)


def _next_record(reader: Any) -> list[str] | None:
    line = reader.line_num + 1
    try:
        record: list[str] | None = next(reader, None)
    except csv.Error as error:
        _refuse(
            MALFORMED,
            line,
            f"The row that begins on line {line} is not valid CSV: {error}. Check its quotes.",
        )
    return record


def _check_header(header: list[str], columns: Columns) -> None:
    for place, name in enumerate(header, 1):
        if not name:
            _refuse(INVALID, 1, f"Column {place} has no name. Name it, or take it out.")
        if name not in columns:
            _refuse(INVALID, 1, _unknown(name, columns))
        if header.count(name) > 1:
            _refuse(INVALID, 1, f"The column {name} comes twice. Keep one of the two.")


def _json_rows(file: BinaryIO, columns: Columns) -> Iterator[FileRow]:
    for line, text in enumerate(_lines(file), 1):
        if not text.strip():
            continue
        given = _json_object(line, text)
        for name in given:
            if name not in columns:
                _refuse(INVALID, line, f"Line {line}: {_unknown(name, columns)}")
        yield FileRow(line, given)


def _json_object(line: int, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        # A lone half of a surrogate pair is in no encoding.
        written = json.dumps(value, ensure_ascii=False)
        written.encode()
    except (ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        _refuse(MALFORMED, line, f"Line {line} is not valid JSON: {why}. Correct this line.")
    if not isinstance(value, dict):
        _refuse(INVALID, line, f"Line {line} is not a JSON object. Write each row as {{…}}.")
    if _NUL.search(written):
        _refuse(MALFORMED, line, f"Line {line} has a NUL character. Take it out.")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it names {twice[:40]!r} twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _lines(file: BinaryIO) -> Iterator[str]:
    number = 0
    while raw := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if number == 1:
            _check_first_bytes(raw)
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if len(raw) > MAX_LINE_BYTES:
            _refuse(INVALID, number, f"Line {number} is longer than {MAX_LINE_BYTES:,} bytes.")
        if b"\x00" in raw:
            _refuse(MALFORMED, number, f"Line {number} has a NUL character. Take it out.")
        try:
            yield raw.decode()
        except UnicodeDecodeError as error:
            _refuse(
                MALFORMED,
                number,
                f"Line {number} is not UTF-8: byte 0x{raw[error.start]:02X} at its place "
                f"{error.start + 1}. It may be Latin-1 or Windows-1252; save the file as UTF-8 "
                '(in a spreadsheet: "CSV UTF-8").',
            )


def _check_first_bytes(raw: bytes) -> None:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in raw[:2]:
        _refuse(MALFORMED, 1, "The file is UTF-16. Save it as UTF-8 and send it again.")
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        _refuse(
            MALFORMED,
            1,
            'The file is a workbook. Save its sheet as "CSV UTF-8" and send that.',
        )


def _unknown(name: str, columns: Columns) -> str:
    return f"There is no column {name[:40]!r}. The columns are {columns}."


def _refuse(kind: ProblemKind, line: int, detail: str) -> NoReturn:
    raise Problem(kind, detail, errors=[FieldError(pointer=f"/lines/{line}", detail=detail)])
