"""Exporting institutions."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.registry import exports, finding
from services.registry.exports import Export
from services.registry.permissions import acting_person, is_coordinator, sight_of, visible_to
from services.registry.routes.finding import Asked, CatalogueOfProcess
from shared.export_answers import FILE, as_file
from shared.exports import Format
from shared.pagination import PageParams
from shared.problems import INVALID, UNAUTHENTICATED, responses
from shared.search import finding as search
from shared.web import MaybeCaller, Reading

router = APIRouter(prefix="/institutions", tags=["in and out"])


@router.get(
    "/export",
    summary="Export institutions",
    response_class=Response,
    responses={
        200: FILE,
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
    return as_file(export, form, "institutions")
