"""Introductions: finding them, answering them, and recording what came of them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field
from sqlmodel import Session, col, select

from services.registry import introductions
from services.registry.introduction_lifecycle import Action, Sides, State
from services.registry.routes.introduction_out import IntroductionOut, introductions_shown
from services.registry.routes.support_out import SupportActor, actors_of
from services.registry.support_permissions import (
    introduction_to,
    introduction_to_see,
    visible_introductions,
)
from services.registry.support_terms import Day, Volume
from services.registry.tables import Introduction, IntroductionHistoryEntry, SupportItem
from shared.etags import IfMatch, etag, require_version
from shared.pagination import Page, PageQuery, paginate, paginate_newest_first
from shared.problems import (
    FORBIDDEN,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
    responses,
)
from shared.text import Input, Output, Reason
from shared.web import CurrentCaller, Reading, Writing

router = APIRouter(prefix="/introductions", tags=["introductions"])

STEP_PROBLEMS = responses(
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    NOT_ALLOWED_NOW,
    VERSION_CONFLICT,
    INVALID,
    VERSION_REQUIRED,
)

IntroductionId = Annotated[UUID, Path(description="The introduction's id.")]
Found = tuple[Introduction, Sides]


class Acceptance(Input):
    """Nothing: to accept is to be introduced."""


class Declining(Input):
    """Why it is declined."""

    reason: Reason = Field(examples=["Our trainers are taken until June."])


class TakingBack(Input):
    """Why it is taken back."""

    reason: Reason = Field(examples=["Another partner was faster."])


class Agreement(Input):
    """What was agreed."""

    volume: Volume | None = Field(None, description="How much, when it is known.")


class Delivery(Input):
    """What was delivered, and when."""

    volume: Volume
    delivered_on: Day = Field(
        description="The day on which it was complete.", examples=["2026-10-30"]
    )


class Failing(Input):
    """Why nothing comes of it."""

    reason: Reason = Field(examples=["No date suited both sides."])


class IntroductionStepOut(Output):
    """One step of an introduction."""

    version: int
    action: Action
    from_state: State | None
    to_state: State
    by: SupportActor | None = Field(
        description="Null when it ended because the need or the offer did."
    )
    reason: str | None
    at: datetime


def _allowed_to(action: Action) -> Any:
    def find(introduction_id: IntroductionId, caller: CurrentCaller, session: Writing) -> Found:
        return introduction_to(session, caller, action, introduction_id)

    return Depends(find)


def _visible(
    introduction_id: IntroductionId, caller: CurrentCaller, session: Reading
) -> Introduction:
    return introduction_to_see(session, caller, introduction_id)


VisibleIntroduction = Annotated[Introduction, Depends(_visible)]
ToAccept = Annotated[Found, _allowed_to(Action.ACCEPT)]
ToDecline = Annotated[Found, _allowed_to(Action.DECLINE)]
ToWithdraw = Annotated[Found, _allowed_to(Action.WITHDRAW)]
ToAgree = Annotated[Found, _allowed_to(Action.AGREE)]
ToDeliver = Annotated[Found, _allowed_to(Action.DELIVER)]
ToFail = Annotated[Found, _allowed_to(Action.FAIL)]


@router.get(
    "",
    summary="List introductions",
    response_model=Page[IntroductionOut],
    responses=responses(UNAUTHENTICATED, INVALID),
)
def list_introductions(
    *,
    caller: CurrentCaller,
    session: Reading,
    page: PageQuery,
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
    need_id: Annotated[UUID | None, Query(description="Only those of this need.")] = None,
    offer_id: Annotated[UUID | None, Query(description="Only those of this offer.")] = None,
    institution_id: Annotated[
        UUID | None, Query(description="Only those with this institution on either side.")
    ] = None,
) -> Page[IntroductionOut]:
    """Return the introductions of your institutions, to a coordinator all; the newest first."""
    statement = select(Introduction).where(visible_introductions(session, caller))
    if state is not None:
        statement = statement.where(Introduction.state == state)
    if need_id is not None:
        statement = statement.where(Introduction.need_id == need_id)
    if offer_id is not None:
        statement = statement.where(Introduction.offer_id == offer_id)
    if institution_id is not None:
        theirs = select(SupportItem.id).where(SupportItem.institution_id == institution_id)
        statement = statement.where(
            col(Introduction.need_id).in_(theirs) | col(Introduction.offer_id).in_(theirs)
        )
    found = paginate_newest_first(session, statement, col(Introduction.id), page)
    return Page(
        items=introductions_shown(session, found.items),
        next_cursor=found.next_cursor,
    )


@router.get(
    "/{introduction_id}",
    summary="Read an introduction",
    response_model=IntroductionOut,
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def read_introduction(
    introduction: VisibleIntroduction, session: Reading, response: Response
) -> IntroductionOut:
    """Return an introduction with its ETag, and once accepted with whom to talk to."""
    return _current(session, introduction, response)


@router.get(
    "/{introduction_id}/history",
    summary="Read the history of an introduction",
    response_model=Page[IntroductionStepOut],
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def read_introduction_history(
    introduction: VisibleIntroduction, session: Reading, page: PageQuery
) -> Page[IntroductionStepOut]:
    """Return every step, oldest first; to both sides' people and coordinators."""
    steps = paginate(
        session,
        select(IntroductionHistoryEntry).where(
            IntroductionHistoryEntry.introduction_id == introduction.id
        ),
        col(IntroductionHistoryEntry.version),
        page,
    )
    actors = actors_of(session, {entry.actor_id for entry in steps.items})
    return Page(
        items=[
            IntroductionStepOut.model_validate(
                {**entry.model_dump(), "by": actors.get(entry.actor_id)}
            )
            for entry in steps.items
        ],
        next_cursor=steps.next_cursor,
    )


@router.post(
    "/{introduction_id}/accept",
    summary="Accept a request for an introduction",
    response_model=IntroductionOut,
    responses=STEP_PROBLEMS,
)
def accept_introduction(
    *,
    found: ToAccept,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
    _body: Acceptance | None = None,
) -> IntroductionOut:
    """Agree to talk; by the offering institution's people.

    From now on each side sees the names and e-mail addresses of the other.
    """
    introduction, sides = found
    require_version(introduction.version, expected)
    introductions.accept(session, introduction, sides, caller.id)
    return _current(session, introduction, response)


@router.post(
    "/{introduction_id}/decline",
    summary="Decline a request for an introduction",
    response_model=IntroductionOut,
    responses=STEP_PROBLEMS,
)
def decline_introduction(
    *,
    found: ToDecline,
    caller: CurrentCaller,
    expected: IfMatch,
    body: Declining,
    session: Writing,
    response: Response,
) -> IntroductionOut:
    """Decline with the reason; by the offering institution's people."""
    introduction, sides = found
    require_version(introduction.version, expected)
    introductions.decline(session, introduction, sides, caller.id, body.reason)
    return _current(session, introduction, response)


@router.post(
    "/{introduction_id}/withdraw",
    summary="Take a request for an introduction back",
    response_model=IntroductionOut,
    responses=STEP_PROBLEMS,
)
def withdraw_introduction(
    *,
    found: ToWithdraw,
    caller: CurrentCaller,
    expected: IfMatch,
    body: TakingBack,
    session: Writing,
    response: Response,
) -> IntroductionOut:
    """Take a request back that nobody has answered; by the recipient's people."""
    introduction, sides = found
    require_version(introduction.version, expected)
    introductions.withdraw(session, introduction, sides, caller.id, body.reason)
    return _current(session, introduction, response)


@router.post(
    "/{introduction_id}/agree",
    summary="Record an agreement",
    response_model=IntroductionOut,
    responses=STEP_PROBLEMS,
)
def agree_introduction(
    *,
    found: ToAgree,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
    body: Agreement | None = None,
) -> IntroductionOut:
    """Accept what was offered; by the recipient's people, whose need it is."""
    introduction, sides = found
    require_version(introduction.version, expected)
    introductions.agree(session, introduction, sides, caller.id, body.volume if body else None)
    return _current(session, introduction, response)


@router.post(
    "/{introduction_id}/deliver",
    summary="Record a delivery",
    response_model=IntroductionOut,
    responses=STEP_PROBLEMS,
)
def deliver_introduction(
    *,
    found: ToDeliver,
    caller: CurrentCaller,
    expected: IfMatch,
    body: Delivery,
    session: Writing,
    response: Response,
) -> IntroductionOut:
    """Record how much was delivered and when; by the recipient's people or a coordinator."""
    introduction, sides = found
    require_version(introduction.version, expected)
    introductions.deliver(
        session,
        introduction,
        sides,
        by=caller.id,
        volume=body.volume,
        delivered_on=body.delivered_on,
    )
    return _current(session, introduction, response)


@router.post(
    "/{introduction_id}/fail",
    summary="Record that an introduction fell through",
    response_model=IntroductionOut,
    responses=STEP_PROBLEMS,
)
def fail_introduction(
    *,
    found: ToFail,
    caller: CurrentCaller,
    expected: IfMatch,
    body: Failing,
    session: Writing,
    response: Response,
) -> IntroductionOut:
    """Record that nothing comes of it and why; by either side's people or a coordinator.

    The need and the offer are open again, unless another introduction of theirs goes on.
    """
    introduction, sides = found
    require_version(introduction.version, expected)
    introductions.fail(session, introduction, sides, caller.id, body.reason)
    return _current(session, introduction, response)


def _current(session: Session, introduction: Introduction, response: Response) -> IntroductionOut:
    session.flush()
    response.headers["ETag"] = etag(introduction.version)
    return introductions_shown(session, [introduction])[0]
