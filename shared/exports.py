"""Writing an export: CSV and JSON Lines as they are read, a workbook once it is written.

What is exported is read in parts, so that an export takes the memory of one part.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from shared.cells import neutralised

MAX_CELL = 32_767
"""Characters of a cell in a workbook."""


class Format(StrEnum):
    """How an export is written."""

    CSV = "csv"
    JSONL = "jsonl"
    XLSX = "xlsx"


MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSONL: "application/jsonl",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True)
class Table:
    """What is exported, as the texts of a table."""

    title: str
    header: Sequence[str]
    rows: Iterable[Sequence[str]]
    """Read once, from the first to the last."""


class Exported(Protocol):
    """Something that can be exported in every format."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of a JSON Lines file."""

    def table(self) -> Table:
        """Return the same as a table."""


def csv_text(exported: Exported) -> Iterator[str]:
    """Yield a CSV file (RFC 4180) in parts; it begins with a BOM, which spreadsheets look for.

    A cell that a spreadsheet would compute begins with an apostrophe.
    """
    table = exported.table()
    text = io.StringIO("\ufeff", newline="")
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text)
    writer.writerow(table.header)
    for cells in table.rows:
        writer.writerow(map(neutralised, cells))
        if text.tell() > io.DEFAULT_BUFFER_SIZE:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def json_lines(exported: Exported) -> Iterator[str]:
    """Yield each line of a JSON Lines file."""
    for values in exported.rows():
        yield json.dumps(values, ensure_ascii=False) + "\n"


def write_workbook(exported: Exported, path: Path) -> None:
    """Write a workbook (Office Open XML) of one sheet; every cell is a text, so none is computed.

    A text longer than a cell may hold ends in an ellipsis.
    """
    from xlsxwriter import Workbook

    table = exported.table()
    with Workbook(path, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet(table.title)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(table.header) - 1, 24)
        bold = workbook.add_format({"bold": True})
        for place, name in enumerate(table.header):
            sheet.write_string(0, place, name, bold)
        for number, cells in enumerate(table.rows, 1):
            for place, text in enumerate(cells):
                if text:
                    sheet.write_string(number, place, _fitting(text))


def _fitting(text: str) -> str:
    return text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…"
