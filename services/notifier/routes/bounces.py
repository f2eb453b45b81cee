"""Taking reports of bounces and complaints, and seeing what was made of each."""

from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field
from sqlmodel import col, select

from services.notifier.bounces.taking import Limits, take
from services.notifier.permissions import BounceReporter, Coordinator
from services.notifier.tables import BounceReport
from services.notifier.vocabulary import BounceKind, BounceSource
from shared.columns import utc_now
from shared.idempotency import Answer, Once
from shared.pagination import Page, PageQuery, paginate_newest_first
from shared.problems import (
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_FOUND,
    UNAUTHENTICATED,
    UNSUPPORTED_MEDIA,
    Problem,
    responses,
)
from shared.text import Output
from shared.web import CurrentCaller, Reading, Writing

router = APIRouter(prefix="/bounces", tags=["bounces"])

MEDIA_TYPES = ("message/rfc822", "message/global")


class BounceOut(Output):
    """A report of a mail server, and what was made of it."""

    id: UUID
    kind: BounceKind = Field(description="What it says.")
    outcome: str = Field(
        description="What followed, in a sentence.", examples=["The address gets no more e-mail."]
    )
    delivery_id: UUID | None = Field(description="The e-mail that it is about, when it proves so.")
    code: str | None = Field(description="The enhanced code (RFC 3463).", examples=["5.1.1"])
    diagnostic: str | None = Field(description="The mail server's words, without addresses.")
    feedback_type: str | None = Field(description="Of a feedback report (RFC 5965).")
    reporter: str | None = Field(description="The mail server that reports.")
    source: BounceSource = Field(description="How it came.")
    times: int = Field(description="How often the same report came.")
    size: int = Field(description="Its bytes.")
    received_at: datetime


async def _content(request: Request, _caller: CurrentCaller) -> bytes:
    # Before the transaction, which would wait for a slow caller.
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        raise Problem(
            UNSUPPORTED_MEDIA,
            f"Send the whole message as the body, as {' or '.join(MEDIA_TYPES)}.",
        )
    return await request.body()


@router.post(
    "",
    status_code=201,
    summary="Report a bounce or a complaint",
    response_model=BounceOut,
    responses={
        200: {"model": BounceOut, "description": "The same report came before."},
        **responses(UNAUTHENTICATED, FORBIDDEN, UNSUPPORTED_MEDIA, INVALID, IDEMPOTENCY_MISMATCH),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The message as the mail server got it, with its headers.",
            "content": {name: {"schema": {"type": "string"}} for name in MEDIA_TYPES},
        }
    },
)
def report(
    request: Request,
    content: Annotated[bytes, Depends(_content)],
    caller: BounceReporter,
    session: Writing,
    once: Once,
) -> Response:
    """Take a delivery status notification (RFC 3464), a feedback report (RFC 5965), or whatever
    else came to the return path; by a key with the scope `bounces:write` or a coordinator.

    An address is suppressed only when the report proves that it is about an e-mail of ours. All
    else is kept and changes nothing. The same report again changes nothing.
    """
    return once.answer(session, partial(_take, request, session, content, caller.id))


@router.get(
    "",
    summary="List the reports of bounces and complaints",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
)
def list_reports(
    _caller: Coordinator,
    session: Reading,
    page: PageQuery,
    kind: Annotated[BounceKind | None, Query(description="Only those that say this.")] = None,
    delivery_id: Annotated[UUID | None, Query(description="Only those on this e-mail.")] = None,
) -> Page[BounceOut]:
    """Return what mail servers reported, the newest first (coordinators)."""
    statement = select(BounceReport)
    if kind is not None:
        statement = statement.where(BounceReport.kind == kind)
    if delivery_id is not None:
        statement = statement.where(BounceReport.delivery_id == delivery_id)
    found = paginate_newest_first(session, statement, col(BounceReport.id), page)
    return Page(
        items=[BounceOut.model_validate(row) for row in found.items],
        next_cursor=found.next_cursor,
    )


@router.get(
    "/{report_id}",
    summary="Show a report of a bounce or a complaint",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID),
)
def show(
    report_id: Annotated[UUID, Path(description="The report's id.")],
    _caller: Coordinator,
    session: Reading,
) -> BounceOut:
    """Return one report and what was made of it (coordinators)."""
    row = session.get(BounceReport, report_id)
    if row is None:
        raise Problem(NOT_FOUND, "There is no report of that id. GET /bounces lists them.")
    return BounceOut.model_validate(row)


def _take(request: Request, session: Writing, content: bytes, by: UUID) -> Answer:
    row, is_new = take(
        session,
        content,
        source=BounceSource.API,
        limits=Limits.of(request.app.state.settings),
        now=utc_now(),
        by=by,
    )
    return Answer(
        BounceOut.model_validate(row),
        status=201 if is_new else 200,
        headers={"Location": f"/bounces/{row.id}"},
    )
