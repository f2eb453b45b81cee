"""Needs: what institutions ask for, and which of it nobody has answered."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field
from sqlmodel import col, select

from services.registry import introductions, matching, support
from services.registry.routes.support_out import (
    CREATION_PROBLEMS,
    STEP_PROBLEMS,
    FilterQuery,
    NeedOut,
    OwnNeed,
    Publication,
    SupportStepOut,
    TraceableNeed,
    VisibleNeed,
    Withdrawal,
    current,
    found,
    history,
    shown,
)
from services.registry.support_lifecycle import Side, State
from services.registry.support_permissions import institution_to_write_for, require_coordinator
from services.registry.support_terms import SupportChange, SupportDraft
from services.registry.tables import Institution, SupportItem
from services.registry.unanswered import days_waiting
from shared.columns import utc_now
from shared.etags import IfMatch, etag, require_version
from shared.idempotency import Answer, Once
from shared.pagination import Page, PageQuery, paginate
from shared.problems import FORBIDDEN, INVALID, NOT_FOUND, UNAUTHENTICATED, responses
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

router = APIRouter(prefix="/needs", tags=["needs"])


class NewNeed(SupportDraft):
    """A need, with whose it is."""

    institution_id: UUID = Field(description="The institution that has it, for which you speak.")


class UnansweredNeed(NeedOut):
    """A need that waits, with what a coordinator should know to help."""

    waiting_since: datetime
    days_waiting: int = Field(description="Whole days since its publication.", examples=[14])
    matches: int = Field(description="How many offers fit.", examples=[3])
    best_score: float | None = Field(description="That of the best of them.", examples=[0.85])
    asked: int = Field(description="How many introductions were asked for.", examples=[2])
    declined: int = Field(description="How many of them were declined.", examples=[1])


@router.post(
    "",
    status_code=201,
    summary="Draft a need",
    response_model=NeedOut,
    responses=CREATION_PROBLEMS,
)
def draft_need(body: NewNeed, caller: CurrentCaller, session: Writing, once: Once) -> Response:
    """Store a need as a draft, which only your institution sees; by its people."""
    institution = institution_to_write_for(session, caller, body.institution_id)

    def create() -> Answer:
        said = SupportDraft.model_validate(body.model_dump(exclude={"institution_id"}))
        item = support.draft(session, institution, Side.NEED, said, caller.id)
        session.flush()
        return Answer(
            shown(session, [item], NeedOut)[0],
            headers={"Location": f"/needs/{item.id}", "ETag": etag(item.version)},
        )

    return once.answer(session, create)


@router.get(
    "",
    summary="List needs",
    response_model=Page[NeedOut],
    responses=responses(UNAUTHENTICATED, INVALID),
)
def list_needs(
    caller: MaybeCaller, session: Reading, filters: FilterQuery, page: PageQuery
) -> Page[NeedOut]:
    """Return the needs that you may see, newest first.

    Everybody sees what is published of the institutions that they see, an institution's people all
    of their own.
    """
    return found(session, caller, Side.NEED, filters, page=page, shown_as=NeedOut)


@router.get(
    "/unanswered",
    summary="List the needs that nobody has answered",
    response_model=Page[UnansweredNeed],
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
)
def list_unanswered(
    caller: CurrentCaller, session: Reading, page: PageQuery
) -> Page[UnansweredNeed]:
    """Return the published needs without an accepted introduction; to coordinators.

    The one that has waited longest comes first.
    """
    require_coordinator(session, caller)
    waiting = paginate(
        session,
        select(SupportItem).where(
            SupportItem.side == Side.NEED, SupportItem.state == State.PUBLISHED
        ),
        col(SupportItem.waiting_key),
        page,
    )
    ids = [need.id for need in waiting.items]
    fits, requests = matching.summaries(session, ids), introductions.summaries(session, ids)
    now = utc_now()
    return Page(
        items=[
            UnansweredNeed(
                **need_out.model_dump(),
                waiting_since=need.waiting_since,
                days_waiting=days_waiting(need, now),
                matches=fits[need.id].number,
                best_score=fits[need.id].best_score,
                asked=requests[need.id].asked,
                declined=requests[need.id].declined,
            )
            for need, need_out in zip(
                waiting.items, shown(session, waiting.items, NeedOut), strict=True
            )
        ],
        next_cursor=waiting.next_cursor,
    )


@router.get(
    "/{item_id}",
    summary="Read a need",
    response_model=NeedOut,
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def read_need(need: VisibleNeed, session: Reading, response: Response) -> NeedOut:
    """Return a need with its ETag."""
    return current(session, need, response, NeedOut)


@router.patch(
    "/{item_id}", summary="Change a need", response_model=NeedOut, responses=STEP_PROBLEMS
)
def change_need(
    *,
    need: OwnNeed,
    caller: CurrentCaller,
    expected: IfMatch,
    body: SupportChange,
    session: Writing,
    response: Response,
) -> NeedOut:
    """Change what the body names (JSON Merge Patch, RFC 7396); by its institution's people.

    Its matches are computed anew when it is published.
    """
    require_version(need.version, expected)
    support.change(session, need, body, caller.id)
    return current(session, need, response, NeedOut)


@router.post(
    "/{item_id}/publish",
    summary="Publish a need",
    response_model=NeedOut,
    responses=STEP_PROBLEMS,
)
def publish_need(
    *,
    need: OwnNeed,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
    _body: Publication | None = None,
) -> NeedOut:
    """Show a draft, or what has expired, to others and compute its matches.

    Only a verified institution publishes. It names a theme, and its last day is to come.
    """
    require_version(need.version, expected)
    institution = session.get_one(Institution, need.institution_id)
    support.publish(session, need, institution, caller.id, utc_now())
    return current(session, need, response, NeedOut)


@router.post(
    "/{item_id}/withdraw",
    summary="Withdraw a need",
    response_model=NeedOut,
    responses=STEP_PROBLEMS,
)
def withdraw_need(
    *,
    need: OwnNeed,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
    body: Withdrawal | None = None,
) -> NeedOut:
    """Take a need back; requests for an introduction that nobody has answered end with it.

    One that is matched or agreed can't be withdrawn: say first that its introduction fell through.
    """
    require_version(need.version, expected)
    support.withdraw(session, need, caller.id, body.reason if body else None)
    return current(session, need, response, NeedOut)


@router.get(
    "/{item_id}/history",
    summary="Read the history of a need",
    response_model=Page[SupportStepOut],
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def read_need_history(
    need: TraceableNeed, session: Reading, page: PageQuery
) -> Page[SupportStepOut]:
    """Return every step, oldest first; to its institution's people and coordinators."""
    return history(session, need, page)
