"""Exporting institutions."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse
from starlette.background import BackgroundTask

from services.registry import exports, finding
from services.registry.exports import MEDIA_TYPES, Export, Format
from services.registry.permissions import acting_person, is_coordinator, sight_of, visible_to
from services.registry.routes.finding import Asked, CatalogueOfProcess
from shared.columns import utc_now
from shared.pagination import PageParams
from shared.problems import INVALID, UNAUTHENTICATED, responses
from shared.search import finding as search
from shared.web import MaybeCaller, Reading

router = APIRouter(prefix="/institutions", tags=["in and out"])

_FILES = {
    media_type.partition(";")[0]: {
        "schema": {"type": "string", **({"format": "binary"} if format_ == Format.XLSX else {})}
    }
    for format_, media_type in MEDIA_TYPES.items()
}


@router.get(
    "/export",
    summary="Export institutions",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": _FILES},
        **responses(UNAUTHENTICATED, INVALID),
    },
)
def export_institutions(
    *,
    request: Request,
    caller: MaybeCaller,
    session: Reading,
    catalogue: CatalogueOfProcess,
    question: Asked,
    form: Annotated[Format, Query(alias="format", description="csv, jsonl or xlsx.")] = Format.CSV,
) -> Response:
    """Return the institutions that you may see and that fit all that you ask, as a file.

    Importing the file again changes nothing. `GET /imports/columns` explains the columns; the
    column `reference` is filled for coordinators. In CSV a cell that a spreadsheet would compute
    begins with an apostrophe, which an import takes away again.
    """

    found = finding.look_for(session, catalogue, sight_of(session, acting_person(caller)), question)
    export = Export(
        database=request.app.state.database,
        visible=lambda session: visible_to(session, caller),
        pages=lambda cursor: search.page_of(catalogue, found, PageParams(cursor, exports.PART)),
        with_references=is_coordinator(session, caller),
    )
    name = f"institutions-{utc_now():%Y-%m-%d}.{form}"
    if form is Format.XLSX:
        return _workbook(export, name)
    text = exports.csv_text(export) if form is Format.CSV else exports.json_lines(export)
    return StreamingResponse(
        text,
        media_type=MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _workbook(export: Export, name: str) -> Response:
    folder = TemporaryDirectory(prefix="southlink-export-")
    path = Path(folder.name) / name
    try:
        exports.write_workbook(export, path)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        path,
        media_type=MEDIA_TYPES[Format.XLSX],
        filename=name,
        background=BackgroundTask(folder.cleanup),
    )
