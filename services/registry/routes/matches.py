"""Which offers fit a need, and what its recipient makes of them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import Field
from sqlmodel import Session, col, select

from services.registry import introductions, recipients_choice
from services.registry.routes.introduction_out import IntroductionOut, introductions_shown
from services.registry.routes.match_out import ComponentOut, MatchedNeed, MatchList, matches_shown
from services.registry.routes.support_out import (
    CREATION_PROBLEMS,
    STEP_PROBLEMS,
    ItemId,
    NeedOut,
    OwnNeed,
    TraceableNeed,
    TraceableOffer,
    shown,
)
from services.registry.support_lifecycle import Side
from services.registry.support_permissions import (
    item_to_write,
    match_to_decide,
    sides_to_introduce,
    visible_items,
)
from services.registry.tables import SupportItem, SupportMatch
from shared.etags import IfMatch, etag, require_version
from shared.idempotency import Answer, IdempotentRequest, Once
from shared.identity import Caller
from shared.pagination import Page, PageQuery, paginate
from shared.problems import INVALID, NOT_FOUND, UNAUTHENTICATED, responses
from shared.text import Input, Reason
from shared.web import CurrentCaller, Reading, Writing

router = APIRouter(tags=["matches"])

MatchId = Annotated[UUID, Path(description="The match's id.")]


class Ranking(Input):
    """The recipient's own order."""

    match_ids: Annotated[list[UUID], Field(max_length=100)] = Field(
        description="The matches, the best first; those left out follow by their score.",
        examples=[["018f4e2a-0000-7000-8000-000000000000"]],
    )


class Dismissal(Input):
    """Why an offer is set aside."""

    reason: Reason | None = Field(None, examples=["We have worked with them on this already."])


class Restoring(Input):
    """Nothing: the match is named by its address."""


class AskedIntroduction(Input):
    """What the offering institution should know."""

    message: Reason = Field(examples=["Forty extension workers wait for this training."])


class DirectIntroduction(AskedIntroduction):
    """A request for an introduction on an offer that was found otherwise."""

    need_id: UUID = Field(description="The need of your institution that it would answer.")


@router.get(
    "/needs/{item_id}/matches",
    summary="List the offers that fit a need",
    response_model=MatchList,
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def list_matches(
    need: TraceableNeed, caller: CurrentCaller, session: Reading, response: Response
) -> MatchList:
    """Return the matches with their score in words, to the recipient's people and coordinators.

    The ETag is that of the need: send it to rank, dismiss and restore.
    """
    return matches_shown(session, caller, need, response)


@router.get(
    "/offers/{item_id}/matches",
    summary="List the needs that an offer fits",
    response_model=Page[MatchedNeed],
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def list_matched_needs(
    offer: TraceableOffer, caller: CurrentCaller, session: Reading, page: PageQuery
) -> Page[MatchedNeed]:
    """Return the needs that you see among those it fits; to its people and coordinators.

    How a recipient ranks an offer is the recipient's own affair and not shown.
    """
    matches = paginate(
        session,
        select(SupportMatch)
        .join(SupportItem, col(SupportItem.id) == col(SupportMatch.need_id))
        .where(SupportMatch.offer_id == offer.id, visible_items(session, caller)),
        col(SupportMatch.id),
        page,
    )
    needs = [session.get_one(SupportItem, match.need_id) for match in matches.items]
    return Page(
        items=[
            MatchedNeed(
                id=match.id,
                need=need,
                score=match.score,
                components=[ComponentOut.model_validate(c) for c in match.components],
                computed_at=match.computed_at,
            )
            for match, need in zip(matches.items, shown(session, needs, NeedOut), strict=True)
        ],
        next_cursor=matches.next_cursor,
    )


@router.put(
    "/needs/{item_id}/ranking",
    summary="Give the matches of a need your own order",
    response_model=MatchList,
    responses=STEP_PROBLEMS,
)
def rank_matches(
    *,
    need: OwnNeed,
    caller: CurrentCaller,
    expected: IfMatch,
    body: Ranking,
    session: Writing,
    response: Response,
) -> MatchList:
    """Put the matches in the recipient's own order, before that of the score; by its people."""
    require_version(need.version, expected)
    seen = recipients_choice.matches_of(session, need, visible_items(session, caller))
    recipients_choice.rank(session, need, [match for match, _ in seen], body.match_ids, caller.id)
    return matches_shown(session, caller, need, response)


@router.post(
    "/needs/{item_id}/matches/{match_id}/dismiss",
    summary="Set a match aside",
    response_model=MatchList,
    responses=STEP_PROBLEMS,
)
def dismiss_match(
    *,
    need: OwnNeed,
    match_id: MatchId,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
    body: Dismissal | None = None,
) -> MatchList:
    """Set an offer aside that doesn't help; by the recipient's people."""
    require_version(need.version, expected)
    match = match_to_decide(session, need, match_id)
    recipients_choice.dismiss(session, need, match, caller.id, body.reason if body else None)
    return matches_shown(session, caller, need, response)


@router.post(
    "/needs/{item_id}/matches/{match_id}/restore",
    summary="Take up a match again",
    response_model=MatchList,
    responses=STEP_PROBLEMS,
)
def restore_match(
    *,
    need: OwnNeed,
    match_id: MatchId,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
    _body: Restoring | None = None,
) -> MatchList:
    """Take up an offer again that was set aside; by the recipient's people."""
    require_version(need.version, expected)
    match = match_to_decide(session, need, match_id)
    recipients_choice.restore(session, need, match, caller.id)
    return matches_shown(session, caller, need, response)


@router.post(
    "/needs/{item_id}/matches/{match_id}/accept",
    status_code=201,
    summary="Accept a match: ask for an introduction",
    response_model=IntroductionOut,
    responses=CREATION_PROBLEMS,
)
def accept_match(
    *,
    item_id: ItemId,
    match_id: MatchId,
    body: AskedIntroduction,
    caller: CurrentCaller,
    session: Writing,
    once: Once,
) -> Response:
    """Ask the offering institution to be introduced; by the recipient's people."""
    need = item_to_write(session, caller, Side.NEED, item_id)
    match = match_to_decide(session, need, match_id)
    return _request(
        session, caller, once, need_id=need.id, offer_id=match.offer_id, message=body.message
    )


@router.post(
    "/offers/{item_id}/introductions",
    status_code=201,
    summary="Ask for an introduction on an offer",
    response_model=IntroductionOut,
    responses=CREATION_PROBLEMS,
)
def ask_for_introduction(
    item_id: ItemId,
    body: DirectIntroduction,
    caller: CurrentCaller,
    session: Writing,
    once: Once,
) -> Response:
    """Ask to be introduced on an offer that no match proposed; by the recipient's people."""
    return _request(
        session, caller, once, need_id=body.need_id, offer_id=item_id, message=body.message
    )


def _request(
    session: Session,
    caller: Caller,
    once: IdempotentRequest,
    *,
    need_id: UUID,
    offer_id: UUID,
    message: str,
) -> Response:
    def create() -> Answer:
        sides = sides_to_introduce(session, caller, need_id, offer_id)
        introduction = introductions.request(session, sides, message, caller.id)
        session.flush()
        return Answer(
            introductions_shown(session, [introduction])[0],
            headers={
                "Location": f"/introductions/{introduction.id}",
                "ETag": etag(introduction.version),
            },
        )

    return once.answer(session, create)
