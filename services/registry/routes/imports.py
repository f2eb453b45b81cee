"""Importing institutions."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import PlainTextResponse, Response
from pydantic import Field
from sqlmodel import col, select

from services.registry import imports
from services.registry.exchange_columns import COLUMNS, header_of
from services.registry.imports import Importer
from services.registry.routes.permitted import CurrentCoordinator
from services.registry.tables import Import, ImportRow
from shared.database import after_commit
from shared.idempotency import Answer, IdempotencyKey
from shared.pagination import Page, PageQuery, paginate, paginate_newest_first
from shared.problems import (
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    MALFORMED,
    NOT_FOUND,
    UNAUTHENTICATED,
    UNSUPPORTED_MEDIA,
    FieldError,
    Problem,
    responses,
)
from shared.row_files import MAX_ROWS, Form
from shared.row_uploads import Upload, described_body, received
from shared.text import Line, Output
from shared.web import Reading, Writing

router = APIRouter(prefix="/imports", tags=["in and out"])


class ImportOut(Output):
    """An import, and how far it is."""

    id: UUID
    file_name: str
    format: Form
    dry_run: bool = Field(description="Whether nothing is kept of what its rows do.")
    status: Literal["working", "finished"]
    rows: int
    done: int = Field(description="How many rows have an outcome.")
    created: int
    updated: int
    unchanged: int
    refused: int
    warned: int = Field(description="New institutions that may repeat others.")
    imported_by: UUID
    created_at: datetime
    finished_at: datetime | None


class MayRepeat(Output):
    """An institution that a row may repeat."""

    detail: str
    institution_id: UUID | None = None


class RowOut(Output):
    """A row of an import, and what it did or, in a dry run, would do."""

    line: int = Field(description="The line of the file on which it begins; the first is 1.")
    outcome: Literal["create", "update", "unchanged", "refused"] | None = Field(
        description="Null until its turn comes."
    )
    name: str | None
    reference: str | None
    institution_id: UUID | None = Field(description="Null while there is none.")
    errors: list[FieldError] = Field(description="Why it is refused; pointers into the row.")
    warnings: list[MayRepeat]
    changes: dict[str, list[Any]] | None = Field(
        description="The value before and after, by field.",
        examples=[{"acronym": ["CIRDP", "CIRDAP"]}],
    )


class ColumnOut(Output):
    """A column of the file."""

    name: str = Field(examples=["organisation_type"])
    description: str
    example: str
    required: bool = Field(description="Whether a new institution needs it.")


async def _upload(
    request: Request, caller: CurrentCoordinator, idempotency_key: IdempotencyKey = None
) -> AsyncIterator[Upload]:
    async with received(request, caller, idempotency_key) as upload:
        yield upload


@router.post(
    "",
    status_code=202,
    summary="Import institutions",
    response_model=ImportOut,
    responses=responses(
        MALFORMED, UNAUTHENTICATED, FORBIDDEN, UNSUPPORTED_MEDIA, INVALID, IDEMPOTENCY_MISMATCH
    ),
    openapi_extra=described_body(
        MAX_ROWS,
        csv="reference,name,organisation_type,subtype\r\n"
        "CRM-1042,Centre on Integrated Rural Development,40,intergovernmental\r\n",
        jsonl='{"reference": "CRM-1042", "name": "Centre on Integrated Rural '
        'Development", "organisation_type": "40", "subtype": "intergovernmental"}\n',
    ),
)
def import_institutions(
    *,
    request: Request,
    caller: CurrentCoordinator,
    upload: Annotated[Upload, Depends(_upload)],
    session: Writing,
    dry_run: Annotated[
        bool, Query(description="Only find out what each row would do; nothing is kept of it.")
    ] = False,
    file_name: Annotated[
        Annotated[str, Line(200)], Query(description="The file's name, for the history.")
    ] = "upload",
) -> Response:
    """Store the rows of a file and do them in the background; by a coordinator.

    A row is about the institution of its `id`, else of its `reference`, else of one of its
    `identifiers`, else of its name in its country; there is none: it makes one, which is
    `submitted` with nobody to speak for it yet. An empty cell, or an absent field, changes nothing;
    a `null` in JSON Lines empties an optional field. Importing the same file again changes nothing.
    A row that doesn't fit is refused by itself, with its fields named; a file that can't be read is
    refused as a whole. `GET /imports/{id}` shows how far it is.
    """
    importer: Importer = request.app.state.importer

    def create() -> Answer:
        job = imports.store(
            session,
            upload.file,
            form=upload.form,
            file_name=file_name,
            dry_run=dry_run,
            by=caller.id,
        )
        after_commit(session, importer.wake)
        return Answer(_described(job), 202, {"Location": f"/imports/{job.id}"})

    return upload.once.answer(session, create)


@router.get(
    "/template.csv",
    summary="Get an empty table to fill in",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def read_template() -> Response:
    """Return the first line of a CSV file, with every column and a description in English."""
    return Response(
        f"\ufeff{','.join(header_of(['en']))}\r\n",
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="institutions.csv"'},
    )


@router.get("/columns", summary="Read what the columns hold", response_model=list[ColumnOut])
async def read_columns() -> list[ColumnOut]:
    """Return every column of a table; `description_` and a language, such as `description_fr`,
    hold a description. In JSON Lines, a line has the fields of `POST /institutions` instead.
    """
    return [ColumnOut.model_validate(column) for column in COLUMNS.values()]


@router.get(
    "",
    summary="List imports",
    response_model=Page[ImportOut],
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
)
def list_imports(_caller: CurrentCoordinator, session: Reading, page: PageQuery) -> Page[ImportOut]:
    """Return the imports of all coordinators, newest first."""
    found = paginate_newest_first(session, select(Import), col(Import.id), page)
    return Page(items=[_described(job) for job in found.items], next_cursor=found.next_cursor)


def _existing(
    import_id: Annotated[UUID, Path(description="The import's id.")],
    _caller: CurrentCoordinator,
    session: Reading,
) -> Import:
    job = session.get(Import, import_id)
    if job is None:
        raise Problem(NOT_FOUND, "There is no import of that id. GET /imports lists them.")
    return job


ExistingImport = Annotated[Import, Depends(_existing)]


@router.get(
    "/{import_id}",
    summary="See how far an import is",
    response_model=ImportOut,
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND),
)
def read_import(job: ExistingImport) -> ImportOut:
    """Return an import with the number of rows of each outcome, as far as it is."""
    return _described(job)


@router.get(
    "/{import_id}/rows",
    summary="See what each row did",
    response_model=Page[RowOut],
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID),
)
def read_rows(
    job: ExistingImport,
    session: Reading,
    page: PageQuery,
    outcome: Annotated[
        Literal["create", "update", "unchanged", "refused"] | None,
        Query(description="Only rows of this outcome."),
    ] = None,
) -> Page[RowOut]:
    """Return the rows in the order of the file, with what each did or, in a dry run, would do."""
    statement = select(ImportRow).where(ImportRow.import_id == job.id)
    if outcome is not None:
        statement = statement.where(ImportRow.outcome == outcome)
    found = paginate(session, statement, col(ImportRow.number), page)
    return Page(items=[_row(line) for line in found.items], next_cursor=found.next_cursor)


def _described(job: Import) -> ImportOut:
    return ImportOut.model_validate({**job.model_dump(), "format": job.form, "rows": job.row_count})


def _row(line: ImportRow) -> RowOut:
    said = {name: line.given.get(name) for name in ("name", "reference")}
    return RowOut(
        line=line.number,
        outcome=line.outcome,
        institution_id=line.institution_id,
        errors=[FieldError.model_validate(fault) for fault in line.faults or ()],
        warnings=[MayRepeat.model_validate(warning) for warning in line.warnings or ()],
        changes=line.changes,
        **{name: value if isinstance(value, str) else None for name, value in said.items()},
    )
