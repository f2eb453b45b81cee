"""Announcements: written by who leads a group, let go by a second person when they reach many."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field
from sqlmodel import Session, col

from services.notifier.announcements import deciding, permissions, writing
from services.notifier.permissions import Person
from services.notifier.queues import enqueue_announcement, enqueue_deliveries
from services.notifier.routes.announcement_out import (
    AnnouncementChange,
    AnnouncementIn,
    AnnouncementOut,
    AnnouncementShownOut,
    RecipientsOut,
)
from services.notifier.tables import Announcement
from services.notifier.vocabulary import AnnouncementState, DeliveryKind
from shared.columns import utc_now
from shared.database import after_commit
from shared.etags import IfMatch, etag
from shared.idempotency import Answer, Once
from shared.pagination import Page, PageQuery, paginate_newest_first
from shared.problems import (
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
    responses,
)
from shared.text import Input, Reason
from shared.web import Reading, Writing

router = APIRouter(prefix="/announcements", tags=["announcements"])

ONE_PATH = "/announcements/{announcement_id}"
MAX_BYTES = 1_048_576
"""Of a request: six texts of the longest, however JSON writes their characters."""

AnnouncementId = Annotated[UUID, Path(description="The announcement's id.")]

_DECIDED = responses(
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    INVALID,
    NOT_ALLOWED_NOW,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
)


class RefusalIn(Input):
    """Why it is not to go out like this."""

    reason: Reason = Field(examples=["The date is wrong."])


class CancellationIn(Input):
    """Why it is stopped."""

    reason: Reason | None = Field(None, examples=["The meeting was called off."])


@router.post(
    "",
    status_code=201,
    summary="Write an announcement to a group",
    response_model=AnnouncementShownOut,
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID, IDEMPOTENCY_MISMATCH),
)
def write(
    body: AnnouncementIn, caller: Person, request: Request, session: Writing, once: Once
) -> Response:
    """Keep a draft, with how many it would reach and how it looks (who leads the group, and the
    platform's coordinators). It goes to nobody before its submission.
    """

    def create() -> Answer:
        permissions.require_may_announce(session, caller.id, body.group_id)
        made = writing.draft(session, body.content(), caller.id, utc_now())
        return Answer(
            AnnouncementShownOut.shown(session, made, request.app.state.settings.public_url),
            headers={"Location": f"/announcements/{made.id}", "ETag": etag(made.version)},
        )

    return once.answer(session, create)


@router.get(
    "",
    summary="List announcements",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
)
def list_announcements(
    *,
    caller: Person,
    session: Reading,
    page: PageQuery,
    state: Annotated[
        AnnouncementState | None,
        Query(description="Only those in this state; `waiting` lists what waits for approval."),
    ] = None,
    group: Annotated[UUID | None, Query(description="Only those to this group.")] = None,
) -> Page[AnnouncementOut]:
    """Return the announcements to groups that you lead, the newest first, with what became of
    their e-mails; the platform's coordinators see all of them.
    """
    statement = permissions.visible_to(session, caller.id)
    if state is not None:
        statement = statement.where(Announcement.state == state)
    if group is not None:
        statement = statement.where(Announcement.group_id == group)
    found = paginate_newest_first(session, statement, col(Announcement.id), page)
    return Page(
        items=[AnnouncementOut.of(session, each) for each in found.items],
        next_cursor=found.next_cursor,
    )


@router.get(
    "/{announcement_id}",
    summary="Show an announcement",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID),
)
def show(
    announcement_id: AnnouncementId,
    caller: Person,
    request: Request,
    session: Reading,
    response: Response,
) -> AnnouncementShownOut:
    """Return an announcement with its texts, previews, record, and the states of its e-mails."""
    found = permissions.found(session, caller.id, announcement_id)
    return _answer(session, found, request, response)


@router.get(
    "/{announcement_id}/recipients",
    summary="Count who gets an announcement, and why",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID),
)
def count_recipients(
    announcement_id: AnnouncementId, caller: Person, session: Reading
) -> RecipientsOut:
    """Return how many would get it if it went out now, and why others of the group wouldn't."""
    found = permissions.found(session, caller.id, announcement_id)
    return RecipientsOut.of(session, found.group_id, utc_now())


@router.patch(
    "/{announcement_id}",
    summary="Change an announcement",
    responses=_DECIDED,
)
def change(
    announcement_id: AnnouncementId,
    body: AnnouncementChange,
    caller: Person,
    session: Writing,
    expected: IfMatch,
    *,
    request: Request,
    response: Response,
) -> AnnouncementShownOut:
    """Change what has not begun to go out. It is a draft then, whatever it was: an approval is
    taken back, and it is to be submitted anew.
    """
    announcement = permissions.found(session, caller.id, announcement_id, lock=True)
    if body.group_id is not None:
        permissions.require_may_announce(session, caller.id, body.group_id)
    writing.change(session, announcement, body.changes(), expected, by=caller.id, now=utc_now())
    return _answer(session, announcement, request, response)


@router.post(
    "/{announcement_id}/submission",
    summary="Let an announcement go its way",
    responses=_DECIDED,
)
def submit(
    announcement_id: AnnouncementId,
    caller: Person,
    session: Writing,
    expected: IfMatch,
    *,
    request: Request,
    response: Response,
) -> AnnouncementShownOut:
    """Schedule a draft, or let it wait for a second person when it reaches more readers than
    `NOTIFIER_ANNOUNCEMENT_LIMIT`; the platform's coordinators are told of that by e-mail.
    """
    announcement = permissions.found(session, caller.id, announcement_id, lock=True)
    limit = request.app.state.settings.announcement_limit
    asked = deciding.submit(
        session, announcement, expected, by=caller.id, limit=limit, now=utc_now()
    )
    after_commit(session, partial(enqueue_deliveries, asked, DeliveryKind.IMMEDIATE))
    _send_if_due(session, announcement)
    return _answer(session, announcement, request, response)


@router.post(
    "/{announcement_id}/approval",
    summary="Approve an announcement of somebody else",
    responses=_DECIDED,
)
def approve(
    announcement_id: AnnouncementId,
    caller: Person,
    session: Writing,
    expected: IfMatch,
    *,
    request: Request,
    response: Response,
) -> AnnouncementShownOut:
    """Let an announcement go that waits for it, exactly as you saw it (coordinators of the
    platform who wrote and submitted none of it).
    """
    announcement = permissions.found(session, caller.id, announcement_id, lock=True)
    deciding.approve(session, announcement, expected, by=caller.id, now=utc_now())
    _send_if_due(session, announcement)
    return _answer(session, announcement, request, response)


@router.post(
    "/{announcement_id}/refusal",
    summary="Give an announcement back with a reason",
    responses=_DECIDED,
)
def refuse(
    announcement_id: AnnouncementId,
    body: RefusalIn,
    caller: Person,
    session: Writing,
    expected: IfMatch,
    *,
    request: Request,
    response: Response,
) -> AnnouncementShownOut:
    """Refuse an announcement that waits for approval (those who may approve it). Its author sees
    why, may change it and submit it anew.
    """
    announcement = permissions.found(session, caller.id, announcement_id, lock=True)
    deciding.refuse(
        session, announcement, expected, by=caller.id, reason=body.reason, now=utc_now()
    )
    return _answer(session, announcement, request, response)


@router.post(
    "/{announcement_id}/cancellation",
    summary="Stop an announcement",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID, NOT_ALLOWED_NOW),
)
def cancel(
    announcement_id: AnnouncementId,
    body: CancellationIn,
    caller: Person,
    session: Writing,
    *,
    request: Request,
    response: Response,
) -> AnnouncementShownOut:
    """Stop what has not left yet (who may write it). E-mails on the wire still arrive:
    `deliveries.sending` says how many. Stopping it again changes nothing.
    """
    announcement = permissions.found(session, caller.id, announcement_id, lock=True)
    deciding.cancel(session, announcement, by=caller.id, reason=body.reason, now=utc_now())
    return _answer(session, announcement, request, response)


def _send_if_due(session: Session, announcement: Announcement) -> None:
    is_due = announcement.send_at is None or announcement.send_at <= utc_now()
    if announcement.state is AnnouncementState.SCHEDULED and is_due:
        after_commit(session, partial(enqueue_announcement, announcement.id))


def _answer(
    session: Session, announcement: Announcement, request: Request, response: Response
) -> AnnouncementShownOut:
    response.headers["ETag"] = etag(announcement.version)
    public_url = request.app.state.settings.public_url
    return AnnouncementShownOut.shown(session, announcement, public_url)
