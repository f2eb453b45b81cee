"""Bulk calls: many of a kind in one file, all of them or none.

Each row is taken by what takes a single one, so that the same rules hold and the same events are
told. What is wrong is found in every row before anything is refused.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Generic, Literal, TypeVar

from pydantic import BaseModel, ValidationError
from sqlmodel import Session

from shared.cells import codes_in, said
from shared.problems import INVALID, FieldError, Problem
from shared.row_files import Columns, FileRow, Form, read

MAX_ROWS = 200
"""Few, because nobody else writes to a SQLite file meanwhile."""
MAX_BYTES = 1_048_576

T = TypeVar("T")
Fields = TypeVar("Fields", bound=BaseModel)
Outcome = Literal["create", "unchanged", "refused"]


@dataclass(frozen=True)
class Made(Generic[T]):
    """What a row made, or found there already."""

    what: T
    outcome: Outcome = "create"


@dataclass(frozen=True)
class Row(Generic[T]):
    """What a row of the file did or, in a dry run, would do."""

    line: int
    outcome: Outcome
    what: T | None
    """``None`` of a refused row."""
    faults: Sequence[FieldError] = ()
    """Why it is refused; pointers into the row."""


@dataclass(frozen=True)
class Layout(Generic[Fields]):
    """How a file of one kind of thing is read."""

    fields: type[Fields]
    """What a row says; its fields are the columns."""
    lists: frozenset[str] = frozenset()
    """The columns whose cells hold several values in a table."""

    def rows(self, file: BinaryIO, form: Form) -> list[FileRow]:
        """Return the rows of a file; a Problem as `row_files.read` when it can't be read."""
        return list(read(file, form, Columns(tuple(self.fields.model_fields)), MAX_ROWS))

    def read(self, row: FileRow, form: Form) -> Fields:
        """Return what a row says; a Problem (422) that names each field that is wrong."""
        faults: list[FieldError] = []
        values = self._cells(row.given, faults) if form is Form.CSV else row.given
        wrong = {fault.pointer for fault in faults}
        try:
            said_in_row = self.fields.model_validate(values)
        except ValidationError as error:
            found = (
                FieldError(pointer=_pointer(fault["loc"]), detail=fault["msg"])
                for fault in error.errors()
            )
            # A cell that can't be read is missing to the model as well.
            faults += [fault for fault in found if fault.pointer not in wrong]
        if faults:
            raise Problem(INVALID, faults[0].detail, errors=faults)
        return said_in_row

    def _cells(self, given: Mapping[str, str], faults: list[FieldError]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, cell in given.items():
            try:
                text = said(cell)
            except ValueError as error:
                faults.append(FieldError(pointer=f"/{name}", detail=str(error)))
                continue
            if text is not None:
                values[name] = codes_in(text) if name in self.lists else text
        return values


def take_all(
    session: Session, rows: Iterable[FileRow], take: Callable[[FileRow], Made[T]], *, dry_run: bool
) -> list[Row[T]]:
    """Take every row and return what became of each; a dry run undoes all of it again.

    Raises a Problem (422) that names each fault by its line and field, unless in a dry run; then
    none of it is done.
    """
    whole = session.begin_nested()
    taken = [_taken(session, row, take) for row in rows]
    refused = [row for row in taken if row.outcome == "refused"]
    if not dry_run and not refused:
        whole.commit()
        return taken
    whole.rollback()
    if not dry_run:
        raise Problem(
            INVALID,
            f"{len(refused):,} of the {len(taken):,} rows can't be taken, so none was. Correct "
            "what is named below and send the file again.",
            errors=[
                FieldError(pointer=f"/lines/{row.line}{fault.pointer}", detail=fault.detail)
                for row in refused
                for fault in row.faults
            ],
        )
    return taken


def _taken(session: Session, row: FileRow, take: Callable[[FileRow], Made[T]]) -> Row[T]:
    try:
        with session.begin_nested():
            made = take(row)
    except Problem as problem:
        return Row(row.line, "refused", None, _faults(problem))
    return Row(row.line, made.outcome, made.what)


def _faults(problem: Problem) -> Sequence[FieldError]:
    if problem.kind is INVALID and problem.errors:
        return problem.errors
    # Only its sentence says what to do.
    pointer = problem.errors[0].pointer if problem.errors else ""
    return [FieldError(pointer=pointer, detail=problem.detail)]


def _pointer(location: Sequence[str | int]) -> str:
    return "".join(f"/{part}" for part in location)
