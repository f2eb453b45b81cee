"""Leaving: with one click of the mail program (RFC 8058), or on a page by a person."""

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
from shared.database import Database
from shared.problems import INVALID, Problem, responses
from shared.web import Reading

router = APIRouter(prefix="/unsubscribe", tags=["pages"], default_response_class=HTMLResponse)

_PROBLEMS = responses(BAD_LINK, INVALID)


@router.get("", summary="Page: leave?", responses=_PROBLEMS)
def look(request: Request, session: Reading, token: Token = "") -> HTMLResponse:
    """Return a page with a button; a scanner that opens the link unsubscribes nobody."""
    try:
        signed = links(session, request.app.state.settings.public_url)
        reader = subscribers.find(session, signed.owner(Purpose.UNSUBSCRIBE, token))
    except Problem as problem:
        return problem_page(problem, browser_language(request))
    if reader is None:
        return _gone(request)
    return page(
        "unsubscribe.html",
        written(reader.language),
        active=len(subscribers.active_subscriptions(session, reader.id)),
        preferences=f"preferences?token={signed.token(Purpose.PREFERENCES, reader.id)}",
    )


@router.post("", summary="Leave with one click", responses=_PROBLEMS)
def leave(request: Request, token: Token = "") -> HTMLResponse:
    """End every subscription of the reader at once; once more changes nothing.

    Mail programs send this by themselves when their reader asks to leave (RFC 8058). The answer
    waits for an e-mail that is on the wire at this moment, so that none comes after it.
    """
    database: Database = request.app.state.database
    try:
        with database.write() as session:
            signed = links(session, request.app.state.settings.public_url)
            found = subscribers.find(session, signed.owner(Purpose.UNSUBSCRIBE, token))
            reader = _leave(session, found) if found else None
    except Problem as problem:
        return problem_page(problem, browser_language(request))
    if reader is None:
        return _gone(request)
    # Only now, after the commit, does nothing new go on the wire.
    return page(
        "unsubscribed.html",
        written(reader.language),
        certain=leaving.wait_for_the_wire(database, reader.id),
        preferences=f"preferences?token={signed.token(Purpose.PREFERENCES, reader.id)}",
    )


def _leave(session: Session, reader: Subscriber) -> Subscriber:
    leaving.leave(session, reader.id, utc_now())
    return reader


def _gone(request: Request) -> HTMLResponse:
    """Return the page for whoever clicks in an old e-mail after being erased: none comes."""
    return page("unsubscribed.html", browser_language(request), certain=True, preferences=None)
