"""Leaving: with one click of the mail program (RFC 8058), or on a page by a person."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from services.notifier import leaving, subscribers
from services.notifier.languages import written
from services.notifier.links import BAD_LINK, Purpose, links
from services.notifier.pages.confirm import Token
from services.notifier.pages.rendering import browser_language, page, problem_page
from services.notifier.tables import Subscriber
from shared.columns import utc_now
from shared.problems import INVALID, NOT_FOUND, Problem, responses
from shared.web import Reading, Writing

router = APIRouter(prefix="/unsubscribe", tags=["pages"], default_response_class=HTMLResponse)

_PROBLEMS = responses(BAD_LINK, INVALID, NOT_FOUND)


@router.get("", summary="Page: leave?", responses=_PROBLEMS)
def look(request: Request, session: Reading, token: Token = "") -> HTMLResponse:
    """Return a page with a button; a scanner that opens the link unsubscribes nobody."""
    try:
        signed = links(session, request.app.state.settings.public_url)
        reader_id = signed.owner(Purpose.UNSUBSCRIBE, token)
    except Problem as problem:
        return problem_page(problem, browser_language(request))
    return page(
        "unsubscribe.html",
        _language(session, reader_id),
        active=len(subscribers.active_subscriptions(session, reader_id)),
        preferences=f"preferences?token={signed.token(Purpose.PREFERENCES, reader_id)}",
    )


@router.post("", summary="Leave with one click", responses=_PROBLEMS)
def leave(request: Request, session: Writing, token: Token = "") -> HTMLResponse:
    """End every subscription of the reader at once; once more changes nothing.

    Mail programs send this by themselves when their reader asks to leave (RFC 8058).
    """
    try:
        signed = links(session, request.app.state.settings.public_url)
        reader_id = signed.owner(Purpose.UNSUBSCRIBE, token)
        leaving.leave(session, reader_id, utc_now())
    except Problem as problem:
        session.rollback()
        return problem_page(problem, browser_language(request))
    return page(
        "unsubscribed.html",
        _language(session, reader_id),
        preferences=f"preferences?token={signed.token(Purpose.PREFERENCES, reader_id)}",
    )


def _language(session: Session, reader_id: UUID) -> str:
    reader = session.get(Subscriber, reader_id)
    return written(reader.language if reader else None)
