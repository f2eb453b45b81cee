"""Files of updates and documents of meetings: sent, fetched and removed."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from services.workgroups import attachments, meeting_access, meeting_documents
from services.workgroups.attachment_store import AttachmentStore
from services.workgroups.attachment_types import TYPES
from services.workgroups.attachments import File, attachment_to_see, checked, no_such_attachment
from services.workgroups.routes.permitted import MeetingId, UpdateId
from services.workgroups.routes.update_out import AttachmentOut
from services.workgroups.settings import Settings
from services.workgroups.update_permissions import update_to_attach_to, update_to_write
from shared.problems import (
    FORBIDDEN,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    TOO_LARGE,
    UNAUTHENTICATED,
    UNSUPPORTED_MEDIA,
    Problem,
)
from shared.problems import responses as problems
from shared.text import Line
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

router = APIRouter(tags=["attachments"])

SEND_PATH = "/updates/{update_id}/attachments"
DOCUMENTS_PATH = "/meetings/{meeting_id}/documents"

AttachmentId = Annotated[UUID, Path(description="The attachment's id.")]
FileName = Annotated[
    Annotated[str, Line(500)],
    Query(description="What the file is called; it is cleaned and ends as its type does."),
]

SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""Should a browser show a file after all, then without scripts and as a page of nobody's."""

_BINARY = {"schema": {"type": "string", "format": "binary"}}


def _store(request: Request) -> AttachmentStore:
    store: AttachmentStore = request.app.state.attachments
    return store


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _sent_bytes(request: Request, _caller: CurrentCaller) -> bytes:
    return await request.body()


def _sent_file(
    request: Request, name: FileName, content: Annotated[bytes, Depends(_sent_bytes)]
) -> File:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in TYPES:
        raise Problem(
            UNSUPPORTED_MEDIA,
            f"Send the bytes of the file, with a Content-Type of {', '.join(TYPES)}.",
        )
    return checked(name, media_type, content)


Store = Annotated[AttachmentStore, Depends(_store)]
Chosen = Annotated[Settings, Depends(_settings)]
SentFile = Annotated[File, Depends(_sent_file)]
"""The file in the body, checked before a transaction starts: other writers don't wait for it."""


@router.post(
    SEND_PATH,
    status_code=201,
    summary="Attach a file to an update",
    responses={
        200: {"model": AttachmentOut, "description": "It was attached before."},
        **problems(
            UNAUTHENTICATED, NOT_FOUND, NOT_ALLOWED_NOW, TOO_LARGE, UNSUPPORTED_MEDIA, INVALID
        ),
    },
    openapi_extra={"requestBody": {"required": True, "content": dict.fromkeys(TYPES, _BINARY)}},
)
def attach_file(
    *,
    update_id: UpdateId,
    file: SentFile,
    caller: CurrentCaller,
    session: Writing,
    store: Store,
    settings: Chosen,
    response: Response,
) -> AttachmentOut:
    """Attach the file in the body to an update of your institution; the same one again is one.

    It must be what its Content-Type says: a PDF, a picture, which is made anew from its pixels, a
    text in UTF-8, or an office document (OOXML, ODF) without macros.
    """
    update = update_to_attach_to(session, caller, update_id)
    made, is_new = attachments.attach(session, store, settings, update, file, by=caller.id)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/attachments/{made.id}"
    return AttachmentOut.model_validate(made)


@router.post(
    DOCUMENTS_PATH,
    status_code=201,
    summary="Add a document to a meeting",
    responses={
        200: {"model": AttachmentOut, "description": "It was there before."},
        **problems(
            UNAUTHENTICATED,
            FORBIDDEN,
            NOT_FOUND,
            NOT_ALLOWED_NOW,
            TOO_LARGE,
            UNSUPPORTED_MEDIA,
            INVALID,
        ),
    },
    openapi_extra={"requestBody": {"required": True, "content": dict.fromkeys(TYPES, _BINARY)}},
)
def add_document(
    *,
    meeting_id: MeetingId,
    file: SentFile,
    caller: CurrentCaller,
    session: Writing,
    store: Store,
    settings: Chosen,
    response: Response,
) -> AttachmentOut:
    """Add the file in the body to a meeting, by who records for it; the same one again is one.

    Whoever sees the meeting fetches it. It must be what its Content-Type says, as for updates.
    """
    meeting_access.meeting_to_see(session, caller, meeting_id)
    meeting_documents.lock_first_group(session, meeting_id)
    meeting = meeting_access.meeting_to_record(session, caller, meeting_id)
    made, is_new = meeting_documents.attach(session, store, settings, meeting, file, by=caller.id)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/attachments/{made.id}"
    return AttachmentOut.model_validate(made)


@router.get(
    "/attachments/{attachment_id}",
    summary="Fetch a file",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": dict.fromkeys(TYPES, _BINARY)},
        304: {"description": "It is the one that you have."},
        **problems(UNAUTHENTICATED, NOT_FOUND),
    },
)
def fetch_file(
    *,
    attachment_id: AttachmentId,
    caller: MaybeCaller,
    session: Reading,
    store: Store,
    if_none_match: Annotated[
        str | None, Header(description="The ETag of the file that you have.")
    ] = None,
) -> Response:
    """Return a file of an update or a meeting that you see, to be saved."""
    attachment = attachment_to_see(session, caller, attachment_id)
    tag = f'"{attachment.digest}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": SANDBOX,
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if if_none_match and tag in [each.strip() for each in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    ascii_name = attachment.name.encode("ascii", "replace").decode().replace("?", "_")
    headers["Content-Disposition"] = (
        f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(attachment.name, safe='')}"
    )
    return Response(store.get(attachment.digest), media_type=attachment.media_type, headers=headers)


@router.delete(
    "/attachments/{attachment_id}",
    status_code=204,
    summary="Remove a file",
    responses=problems(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW),
)
def remove_file(attachment_id: AttachmentId, caller: CurrentCaller, session: Writing) -> None:
    """Take a file from an update of your institution; its content is deleted within minutes.

    A document of a meeting takes away who records for the meeting.
    """
    attachment = attachment_to_see(session, caller, attachment_id)
    if attachment.meeting_id is not None:
        meeting = meeting_access.meeting_to_record(session, caller, attachment.meeting_id)
        meeting_documents.remove(session, meeting, attachment, caller.id)
        return
    try:
        update = update_to_write(session, caller, attachment.update_id or attachment.id)
    except Problem:
        raise no_such_attachment() from None
    session.refresh(attachment)
    if attachment.removed_at is not None:
        raise no_such_attachment()
    attachments.remove(session, update, attachment, caller.id)
