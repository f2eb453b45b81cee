"""The page behind the link of a confirmation e-mail."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from services.notifier import subscribers, subscriptions, targets
from services.notifier.languages import written
from services.notifier.links import BAD_LINK, Purpose, links
from services.notifier.pages.rendering import browser_language, page, problem_page
from services.notifier.tables import Subscriber
from services.notifier.targets import Target
from services.notifier.vocabulary import TargetKind
from services.notifier.wording import wording
from shared.columns import utc_now
from shared.problems import INVALID, NOT_ALLOWED_NOW, NOT_FOUND, Problem, responses
from shared.web import Reading, Writing

router = APIRouter(prefix="/confirm", tags=["pages"], default_response_class=HTMLResponse)

Token = Annotated[str, Query(max_length=200, description="From the link in the e-mail.")]

_PROBLEMS = responses(BAD_LINK, INVALID, NOT_FOUND, NOT_ALLOWED_NOW)


@router.get("", summary="Page: look at what to confirm", responses=_PROBLEMS)
def look(request: Request, session: Reading, token: Token = "") -> HTMLResponse:
    """Return a page that says what was asked for, with a button; opening it changes nothing."""
    try:
        signed = links(session, request.app.state.settings.public_url)
        asked = subscriptions.open_request(session, signed.owner(Purpose.CONFIRM, token), utc_now())
    except Problem as problem:
        return problem_page(problem, browser_language(request))
    language = written(asked.language) if asked.language else browser_language(request)
    return page(
        "confirm.html",
        language,
        target=_name(session, asked.target_kind, asked.target_id, language),
        emails=wording(language).emails(asked.frequency),
        email=asked.email,
    )


@router.post("", summary="Page: confirm", responses=_PROBLEMS)
def confirm(request: Request, session: Writing, token: Token = "") -> HTMLResponse:
    """Start the subscription and say so."""
    try:
        signed = links(session, request.app.state.settings.public_url)
        request_id = signed.owner(Purpose.CONFIRM, token)
        subscription = subscriptions.confirm(session, request_id, utc_now())
    except Problem as problem:
        session.rollback()
        return problem_page(problem, browser_language(request))
    reader = session.get_one(Subscriber, subscription.subscriber_id)
    language = written(reader.language)
    return page(
        "confirmed.html",
        language,
        target=_name(session, subscription.target_kind, subscription.target_id, language),
        rhythm=wording(language).rhythm(
            subscription.frequency, reader.time_zone, reader.hour, reader.weekday
        ),
        others=len(subscribers.active_subscriptions(session, reader.id)) - 1,
        preferences=f"preferences?token={signed.token(Purpose.PREFERENCES, reader.id)}",
    )


def _name(session: Session, kind: TargetKind, target_id: str, language: str) -> str:
    target = Target(kind, target_id)
    return wording(language).target(kind, targets.titles(session, [target]).get(target))
