"""Erasing everything about a reader, on a page by the reader."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.notifier import erasing, subscribers
from services.notifier.languages import N_, written
from services.notifier.links import BAD_LINK, Purpose, links
from services.notifier.pages.confirm import Token
from services.notifier.pages.rendering import browser_language, page, problem_page
from shared.problems import INVALID, NOT_FOUND, Problem, responses
from shared.web import Reading, Writing

router = APIRouter(prefix="/erase", tags=["pages"], default_response_class=HTMLResponse)

_PROBLEMS = responses(BAD_LINK, INVALID, NOT_FOUND)


@router.get("", summary="Page: erase everything?", responses=_PROBLEMS)
def look(request: Request, session: Reading, token: Token = "") -> HTMLResponse:
    """Return a page that says what would be erased, with a button; opening it erases nothing."""
    try:
        signed = links(session, request.app.state.settings.public_url)
        reader = subscribers.find(session, signed.owner(Purpose.ERASE, token))
        if reader is None:
            raise Problem(NOT_FOUND, N_("Nobody is subscribed with this link any more."))
    except Problem as problem:
        return problem_page(problem, browser_language(request))
    return page(
        "erase.html",
        written(reader.language),
        email=reader.email,
        known_at_registry=reader.person_id is not None,
    )


@router.post("", summary="Page: erase everything", responses=_PROBLEMS)
def erase(request: Request, session: Writing, token: Token = "") -> HTMLResponse:
    """Delete the reader with all choices and e-mails, and say so."""
    try:
        signed = links(session, request.app.state.settings.public_url)
        reader = subscribers.lock(session, signed.owner(Purpose.ERASE, token))
        language = written(reader.language)
        erasing.erase_on_wish(session, reader.id)
    except Problem as problem:
        session.rollback()
        return problem_page(problem, browser_language(request))
    return page("erased.html", language)
