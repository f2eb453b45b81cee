"""The page on which a reader chooses what comes and when."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import Field, ValidationError
from sqlmodel import Session

from services.notifier import choices, pauses, subscribers, targets
from services.notifier.choices import Choice
from services.notifier.languages import N_, NAMES, Language, written
from services.notifier.links import BAD_LINK, Purpose, links
from services.notifier.pages.confirm import Token
from services.notifier.pages.rendering import browser_language, page, problem_page
from services.notifier.subscribers import Hours
from services.notifier.tables import Subscriber, Subscription
from services.notifier.targets import Target
from services.notifier.vocabulary import EndedBy, Frequency
from services.notifier.wording import wording
from shared.columns import utc_now
from shared.pages.rendering import Form
from shared.problems import INVALID, NOT_FOUND, Problem, responses
from shared.text import Input
from shared.time_zones import TimeZone, time_zone_names
from shared.web import Reading, Writing

router = APIRouter(prefix="/preferences", tags=["pages"], default_response_class=HTMLResponse)

NEVER = "never"

_PROBLEMS = responses(BAD_LINK, INVALID, NOT_FOUND)


class _HoursForm(Input):
    time_zone: TimeZone
    hour: Annotated[int, Field(ge=0, le=23)]
    weekday: Annotated[int, Field(ge=1, le=7)]
    language: Language | None = None


@router.get("", summary="Page: choose what comes", responses=_PROBLEMS)
def look(request: Request, session: Reading, token: Token = "") -> HTMLResponse:
    """Return the page with the reader's choices as they are."""
    try:
        reader = reader_of_link(request, session, token)
    except Problem as problem:
        return problem_page(problem, browser_language(request))
    return _page(request, session, reader, saved=False)


@router.post("", summary="Page: save what was chosen", responses=_PROBLEMS)
def save(request: Request, session: Writing, form: Form, token: Token = "") -> HTMLResponse:
    """Save hours and frequencies together, and show them."""
    try:
        reader = reader_of_link(request, session, token)
        hours, wanted = _chosen(session, reader, form)
        reader = choices.choose(session, reader.id, hours, wanted, utc_now())
    except Problem as problem:
        session.rollback()
        return problem_page(problem, browser_language(request))
    return _page(request, session, reader, saved=True)


def reader_of_link(request: Request, session: Session, token: str) -> Subscriber:
    """Return whose link it is; raise ``Problem`` when nobody is known by it any more."""
    signed = links(session, request.app.state.settings.public_url)
    reader = subscribers.find(session, signed.owner(Purpose.PREFERENCES, token))
    if reader is None:
        raise Problem(NOT_FOUND, N_("Nobody is subscribed with this link any more."))
    return reader


def _chosen(
    session: Session, reader: Subscriber, form: Mapping[str, str]
) -> tuple[Hours, list[Choice]]:
    try:
        hours = _HoursForm.model_validate(
            {name: form[name] for name in _HoursForm.model_fields if name in form}
        )
        frequencies = {
            UUID(name.removeprefix("frequency-")): None if value == NEVER else Frequency(value)
            for name, value in form.items()
            if name.startswith("frequency-")
        }
        days = {
            UUID(name.removeprefix("pause-")): date.fromisoformat(value)
            for name, value in form.items()
            if name.startswith("pause-") and value
        }
    except (ValidationError, ValueError):
        raise Problem(
            INVALID, N_("One of the choices is not on offer: go back, choose again, and save.")
        ) from None
    now = utc_now()
    wanted = [
        Choice(each.id, frequencies[each.id], _pause(each, reader, days.get(each.id), now))
        for each in choices.all_of(session, reader.id)
        if each.id in frequencies
    ]
    # What the page only sent back as it was is no choice: it goes on following the registry.
    return (
        Hours(
            _changed(reader.language, hours.language),
            _changed(reader.time_zone, hours.time_zone),
            hours.hour,
            hours.weekday,
        ),
        wanted,
    )


def _changed(before: str, after: str | None) -> str | None:
    return None if after == before else after


def _pause(
    subscription: Subscription, reader: Subscriber, day: date | None, now: datetime
) -> datetime | None:
    if day is None or day == pauses.day_of(subscription, reader.time_zone, now):
        return subscription.paused_until if day else None
    return pauses.last_until(day, reader.time_zone, now, f"pause-{subscription.id}")


def _page(request: Request, session: Session, reader: Subscriber, *, saved: bool) -> HTMLResponse:
    now = utc_now()
    today = now.astimezone(ZoneInfo(reader.time_zone)).date()
    signed = links(session, request.app.state.settings.public_url)
    language = written(reader.language)
    words = wording(language)
    known = [
        each
        for each in choices.all_of(session, reader.id)
        if each.ended_by in (None, EndedBy.READER)
    ]
    asked = {each.id: Target(each.target_kind, each.target_id) for each in known}
    titles = targets.titles(session, asked.values())
    followed: list[dict[str, Any]] = [
        {
            "id": each.id,
            "name": words.target(each.target_kind, titles.get(asked[each.id])),
            "chosen": NEVER if each.ended_at else each.frequency.value,
            "ended": each.ended_at is not None,
            "paused_until": pauses.day_of(each, reader.time_zone, now),
            "has_feed": each.feed_digest is not None,
        }
        for each in known
    ]
    return page(
        "preferences.html",
        language,
        saved=saved,
        email=reader.email,
        followed=followed,
        frequencies=[(each.value, words.how_soon(each)) for each in Frequency],
        hour=reader.hour,
        weekday=reader.weekday,
        weekdays=[words.weekday(number) for number in range(1, 8)],
        time_zone=reader.time_zone,
        zones=sorted(time_zone_names()),
        languages=NAMES,
        first_day=today + timedelta(days=1),
        last_day=today + pauses.LONGEST,
        feed=f"preferences/feed?token={signed.token(Purpose.PREFERENCES, reader.id)}",
        end_feed=f"preferences/feed-end?token={signed.token(Purpose.PREFERENCES, reader.id)}",
        erase=f"erase?token={signed.token(Purpose.ERASE, reader.id)}",
    )
