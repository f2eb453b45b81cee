"""The list of addresses that get no e-mail: seeing it, adding to it, letting through again."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field
from sqlmodel import col, select

from services.notifier import suppression_files, suppressions
from services.notifier.addresses import masked
from services.notifier.permissions import ChangingCoordinator, Coordinator
from services.notifier.suppression_files import MAX_ROWS, Everything
from services.notifier.tables import Suppression
from services.notifier.vocabulary import SuppressionReason
from shared.columns import utc_now
from shared.etags import IfMatch, etag
from shared.export_answers import as_file
from shared.exports import Format
from shared.idempotency import Answer, IdempotencyKey, Once
from shared.pagination import Page, PageQuery, paginate_newest_first
from shared.problems import (
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    MALFORMED,
    NOT_FOUND,
    UNAUTHENTICATED,
    UNSUPPORTED_MEDIA,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
    Problem,
    responses,
)
from shared.row_uploads import Upload, described_body, received
from shared.text import EmailAddress, Input, Output, Reason
from shared.web import CurrentCaller, Reading, Writing

router = APIRouter(prefix="/suppressions", tags=["suppressions"])

IMPORT_PATH = "/suppressions/import"
MAX_IMPORT_BYTES = 4_194_304

SuppressionId = Annotated[UUID, Path(description="The id, as the list shows it.")]
Unmasked = Annotated[bool, Query(description="Show whole addresses instead of masked ones.")]


class SuppressionIn(Input):
    """An address that is to get no e-mail."""

    address: EmailAddress = Field(examples=["reader@example.org"])
    note: Reason | None = Field(None, description="Why, for other coordinators.")


class SuppressionOut(Output):
    """An address that gets no e-mail, or got none until it was lifted."""

    id: UUID
    address: str | None = Field(
        description="Masked unless asked for; null when its person was erased.",
        examples=["r***@example.org"],
    )
    reason: SuppressionReason
    report_id: UUID | None = Field(description="The report that led to it.")
    note: str | None
    created_at: datetime
    created_by: UUID | None = Field(description="The coordinator; null when a report did it.")
    lifted_at: datetime | None = Field(description="Since when it gets e-mails again.")
    lifted_by: UUID | None
    lifted_because: str | None
    version: int

    @classmethod
    def of(cls, row: Suppression, *, unmasked: bool = False) -> Self:
        """Return the row for a coordinator."""
        hidden = row.address is not None and not unmasked
        shown = masked(row.address) if row.address is not None and hidden else row.address
        return cls.model_validate({**row.model_dump(exclude={"fingerprint"}), "address": shown})


class ImportedOut(Output):
    """What a file did or, in a dry run, would do."""

    dry_run: bool
    rows: int
    added: int
    unchanged: int = Field(description="Those that were on the list already.")


@router.get(
    "",
    summary="List the addresses that get no e-mail",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
)
def list_suppressions(
    *,
    _caller: Coordinator,
    session: Reading,
    page: PageQuery,
    reason: Annotated[SuppressionReason | None, Query(description="Only for this reason.")] = None,
    address: Annotated[EmailAddress | None, Query(description="Only this address.")] = None,
    lifted: Annotated[bool, Query(description="Those that were lifted, instead.")] = False,
    unmasked: Unmasked = False,
) -> Page[SuppressionOut]:
    """Return the list, the newest first, with masked addresses (coordinators)."""
    statement = select(Suppression).where(
        col(Suppression.lifted_at).is_not(None) if lifted else col(Suppression.lifted_at).is_(None)
    )
    if reason is not None:
        statement = statement.where(Suppression.reason == reason)
    if address is not None:
        statement = statement.where(
            Suppression.fingerprint == suppressions.fingerprint(session, address)
        )
    found = paginate_newest_first(session, statement, col(Suppression.id), page)
    return Page(
        items=[SuppressionOut.of(row, unmasked=unmasked) for row in found.items],
        next_cursor=found.next_cursor,
    )


@router.post(
    "",
    status_code=201,
    summary="Send no e-mail to an address",
    response_model=SuppressionOut,
    responses={
        200: {"model": SuppressionOut, "description": "It was on the list already."},
        **responses(UNAUTHENTICATED, FORBIDDEN, INVALID, IDEMPOTENCY_MISMATCH),
    },
)
def add(body: SuppressionIn, caller: ChangingCoordinator, session: Writing, once: Once) -> Response:
    """Put an address on the list, and cancel what has not left yet (coordinators)."""

    def create() -> Answer:
        row, is_new = suppressions.suppress(
            session,
            body.address,
            SuppressionReason.BY_HAND,
            utc_now(),
            by=caller.id,
            note=body.note,
        )
        return Answer(
            SuppressionOut.of(row),
            status=201 if is_new else 200,
            headers={"Location": f"/suppressions/{row.id}", "ETag": etag(row.version)},
        )

    return once.answer(session, create)


@router.get(
    "/export",
    summary="Export the addresses that get no e-mail",
    response_class=Response,
    responses={
        200: {
            "description": "The file.",
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/jsonl": {"schema": {"type": "string"}},
            },
        },
        **responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
    },
)
def export(
    request: Request,
    _caller: Coordinator,
    form: Annotated[
        Literal[Format.CSV, Format.JSONL], Query(alias="format", description="How it is written.")
    ] = Format.CSV,
) -> Response:
    """Return the list as a file with whole addresses, which `POST /suppressions/import` takes
    (coordinators). What was erased is in no file: it is known by a fingerprint alone.
    """
    return as_file(Everything(request.app.state.database), form, "suppressions")


async def _upload(
    request: Request, caller: CurrentCaller, idempotency_key: IdempotencyKey = None
) -> AsyncIterator[Upload]:
    async with received(request, caller, idempotency_key) as upload:
        yield upload


@router.post(
    "/import",
    summary="Import addresses that get no e-mail",
    response_model=ImportedOut,
    responses=responses(
        MALFORMED, UNAUTHENTICATED, FORBIDDEN, UNSUPPORTED_MEDIA, INVALID, IDEMPOTENCY_MISMATCH
    ),
    openapi_extra=described_body(
        MAX_ROWS,
        csv="address,reason,note\r\nreader@example.org,hard_bounce,from the old system\r\n",
        jsonl='{"address": "reader@example.org", "reason": "complaint"}\n',
    ),
)
def import_file(
    *,
    upload: Annotated[Upload, Depends(_upload)],
    caller: ChangingCoordinator,
    session: Writing,
    dry_run: Annotated[
        bool, Query(description="Only find out what each row would do; nothing is kept of it.")
    ] = False,
) -> Response:
    """Put every address of a file on the list, all of them or none (coordinators).

    The columns are `address`, `reason` (`by_hand` when absent), `note`, and `since`, which an
    export has and which isn't taken over. Importing a file again changes nothing.
    """

    def create() -> Answer:
        found = suppression_files.import_rows(
            session, upload.file, upload.form, utc_now(), by=caller.id, dry_run=dry_run
        )
        return Answer(
            ImportedOut(
                dry_run=dry_run, rows=found.rows, added=found.added, unchanged=found.unchanged
            ),
            status=200,
        )

    return upload.once.answer(session, create)


@router.get(
    "/{suppression_id}",
    summary="Show why an address gets no e-mail",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID),
)
def show(
    *,
    suppression_id: SuppressionId,
    _caller: Coordinator,
    session: Reading,
    response: Response,
    unmasked: Unmasked = False,
) -> SuppressionOut:
    """Return one entry of the list with its ETag (coordinators)."""
    row = session.get(Suppression, suppression_id)
    if row is None:
        raise Problem(NOT_FOUND, suppressions.UNKNOWN)
    response.headers["ETag"] = etag(row.version)
    return SuppressionOut.of(row, unmasked=unmasked)


@router.delete(
    "/{suppression_id}",
    status_code=204,
    summary="Let e-mails through to an address again",
    responses=responses(
        UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID, VERSION_CONFLICT, VERSION_REQUIRED
    ),
)
def lift(
    *,
    suppression_id: SuppressionId,
    caller: ChangingCoordinator,
    session: Writing,
    version: IfMatch,
    because: Annotated[
        Reason | None, Query(description="Why, such as that the reader asked for it.")
    ] = None,
) -> None:
    """Lift a suppression: the address starts afresh, and what bounced before counts no more
    (coordinators). Who complained has no subscription left and asks for one anew. If-Match keeps
    you from lifting a complaint that came after you looked. Lifting again changes nothing.
    """
    suppressions.lift(session, suppression_id, version, utc_now(), by=caller.id, because=because)
