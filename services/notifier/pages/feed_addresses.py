"""Addresses of feeds, on pages for a reader who holds the link to their choices."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from services.notifier import feeds, subscribers
from services.notifier.languages import N_, written
from services.notifier.links import BAD_LINK
from services.notifier.pages.confirm import Token
from services.notifier.pages.preferences import reader_of_link
from services.notifier.pages.rendering import browser_language, page, problem_page
from services.notifier.tables import Subscriber, Subscription
from shared.pages.rendering import Form
from shared.problems import INVALID, NOT_ALLOWED_NOW, NOT_FOUND, Problem, responses
from shared.web import Writing

router = APIRouter(prefix="/preferences", tags=["pages"], default_response_class=HTMLResponse)


@router.post(
    "/feed",
    summary="Page: make an address for a feed",
    responses=responses(BAD_LINK, INVALID, NOT_FOUND, NOT_ALLOWED_NOW),
)
def make(request: Request, session: Writing, form: Form, token: Token = "") -> HTMLResponse:
    """Show a new secret address of the feed of a subscription, this once; the one before ends."""
    try:
        reader, subscription = _own(request, session, form, token)
        secret = feeds.make_address(session, subscription)
    except Problem as problem:
        session.rollback()
        return problem_page(problem, browser_language(request))
    shown = page(
        "feed.html",
        written(reader.language),
        url=feeds.url(request.app.state.settings.public_url, secret),
        preferences=_preferences(token),
    )
    shown.headers["Cache-Control"] = "no-store"
    return shown


@router.post(
    "/feed-end",
    status_code=303,
    summary="Page: end the address of a feed",
    responses=responses(BAD_LINK, INVALID, NOT_FOUND),
)
def end(request: Request, session: Writing, form: Form, token: Token = "") -> Response:
    """End the address and go back; once more changes nothing."""
    try:
        _, subscription = _own(request, session, form, token)
        feeds.revoke_address(session, subscription)
    except Problem as problem:
        session.rollback()
        return problem_page(problem, browser_language(request))
    return RedirectResponse(_preferences(token), status_code=303)


def _own(
    request: Request, session: Session, form: Mapping[str, str], token: str
) -> tuple[Subscriber, Subscription]:
    reader = subscribers.lock(session, reader_of_link(request, session, token).id)
    try:
        found = session.get(Subscription, UUID(form.get("subscription", "")))
    except ValueError:
        found = None
    if found is None or found.subscriber_id != reader.id:
        raise Problem(
            NOT_FOUND, N_("You have no such subscription: open the page again from the e-mail.")
        )
    return reader, found


def _preferences(token: str) -> str:
    return f"../preferences?token={token}"
