"""Answering introductions, and recording what came of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from services.registry import introductions
from services.registry.introduction_lifecycle import Action, Sides
from services.registry.routes.introduction_out import IntroductionOut
from services.registry.routes.introductions import IntroductionId, current_introduction
from services.registry.support_permissions import introduction_to
from services.registry.support_terms import Day, Volume
from services.registry.tables import Introduction
from shared.etags import IfMatch, require_version
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
from shared.text import Input, Reason
from shared.web import CurrentCaller, Writing

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


def _allowed_to(action: Action) -> Any:
    def find(introduction_id: IntroductionId, caller: CurrentCaller, session: Writing) -> Found:
        return introduction_to(session, caller, action, introduction_id)

    return Depends(find)


ToAccept = Annotated[Found, _allowed_to(Action.ACCEPT)]
ToDecline = Annotated[Found, _allowed_to(Action.DECLINE)]
ToWithdraw = Annotated[Found, _allowed_to(Action.WITHDRAW)]
ToAgree = Annotated[Found, _allowed_to(Action.AGREE)]
ToDeliver = Annotated[Found, _allowed_to(Action.DELIVER)]
ToFail = Annotated[Found, _allowed_to(Action.FAIL)]


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
    return current_introduction(session, introduction, response)


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
    return current_introduction(session, introduction, response)


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
    return current_introduction(session, introduction, response)


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
    return current_introduction(session, introduction, response)


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
    return current_introduction(session, introduction, response)


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
    return current_introduction(session, introduction, response)
