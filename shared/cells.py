"""What a spreadsheet makes of a cell: some beginnings turn it into a formula.

A neutralised cell has an apostrophe before such a beginning, as OWASP says in "CSV Injection".
Whoever reads it again takes one apostrophe away, so that a value comes back as it was.
"""

import re

_BEGINNINGS = "=+\\-@\t\r＝＋－＠"
"""The last four are the full-width forms, which some spreadsheets read the same way."""
_FORMULA = re.compile(f"[{_BEGINNINGS}]")
_LIKE_A_FORMULA = re.compile(f"'*[{_BEGINNINGS}]")
_NEUTRALISED = re.compile(f"'+[{_BEGINNINGS}]")


def neutralised(text: str) -> str:
    """Return the text as a cell that no spreadsheet computes."""
    return f"'{text}" if _LIKE_A_FORMULA.match(text) else text


def original(cell: str) -> str:
    """Return the text that `neutralised` made a cell of."""
    return cell[1:] if _NEUTRALISED.match(cell) else cell


def is_formula(cell: str) -> bool:
    """Return whether a spreadsheet would compute the cell."""
    return _FORMULA.match(cell) is not None


def said(cell: str) -> str | None:
    """Return what a cell of a file from somebody says; ``None`` where it is empty.

    Raises ``ValueError``, in words for them, when a spreadsheet would compute the cell.
    """
    text = cell.strip(" ")
    if not text.strip():
        return None
    if is_formula(text):
        raise ValueError(
            "Don't begin a cell with =, +, -, @ or a tab: a spreadsheet would compute it. Put an "
            "apostrophe before it."
        )
    return original(text)


def codes_in(cell: str) -> list[str]:
    """Return the codes in a cell, which semicolons separate."""
    return [code.strip() for code in cell.split(";") if code.strip()]
