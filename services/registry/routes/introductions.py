"""Introductions: finding and reading them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field
from sqlmodel import Session, col, select

from services.registry.introduction_lifecycle import Action, State
from services.registry.routes.introduction_out import IntroductionOut, introductions_shown
from services.registry.routes.support_out import SupportActor, actors_of
from services.registry.support_permissions import introduction_to_see, visible_introductions
from services.registry.tables import Introduction, IntroductionHistoryEntry, SupportItem
from shared.etags import etag
from shared.pagination import Page, PageQuery, paginate, paginate_newest_first
from shared.problems import INVALID, NOT_FOUND, UNAUTHENTICATED, responses
from shared.text import Output
from shared.web import CurrentCaller, Reading

router = APIRouter(prefix="/introductions", tags=["introductions"])

IntroductionId = Annotated[UUID, Path(description="The introduction's id.")]


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


def _visible(
    introduction_id: IntroductionId, caller: CurrentCaller, session: Reading
) -> Introduction:
    return introduction_to_see(session, caller, introduction_id)


VisibleIntroduction = Annotated[Introduction, Depends(_visible)]


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
    return current_introduction(session, introduction, response)


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


def current_introduction(
    session: Session, introduction: Introduction, response: Response
) -> IntroductionOut:
    """Return the introduction as it is now, with its ETag."""
    session.flush()
    response.headers["ETag"] = etag(introduction.version)
    return introductions_shown(session, [introduction])[0]
