"""Where a person is signed in, and signing out there."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import Field
from sqlmodel import col

from services.registry import sessions
from services.registry.permissions import require_coordinator
from services.registry.routes.permitted import CurrentPerson, SignedInPerson
from services.registry.tables import Person, SignedInSession
from shared.columns import utc_now
from shared.pagination import Page, PageQuery, paginate
from shared.problems import FORBIDDEN, INVALID, NOT_FOUND, UNAUTHENTICATED, Problem, responses
from shared.text import Output
from shared.web import Reading, Writing

router = APIRouter(tags=["sign-in"])


class SessionOut(Output):
    """A browser or program in which you are signed in."""

    id: UUID
    device: str | None = Field(
        description="What it said of itself at the sign-in.", examples=["Firefox on Linux"]
    )
    created_at: datetime = Field(description="When you signed in there.")
    last_used_at: datetime | None = Field(description="To the minute.")
    expires_at: datetime = Field(
        description="When it ends by itself; after 14 days without use it ends before."
    )
    current: bool = Field(description="Whether it is the session of this very request.")


class Ended(Output):
    """How many sessions were ended."""

    ended: int


@router.get(
    "/sessions",
    summary="List where you are signed in",
    response_model=Page[SessionOut],
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
)
def list_sessions(caller: CurrentPerson, session: Reading, page: PageQuery) -> Page[SessionOut]:
    """Return the sessions that still run, oldest first."""
    found = paginate(session, sessions.running(caller.id, utc_now()), col(SignedInSession.id), page)
    return Page(
        items=[
            SessionOut.model_validate(
                {**signed_in.model_dump(), "current": signed_in.id == caller.session_id}
            )
            for signed_in in found.items
        ],
        next_cursor=found.next_cursor,
    )


@router.delete(
    "/sessions/{session_id}",
    status_code=204,
    summary="Sign out somewhere else",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND),
)
def end_session(
    session_id: Annotated[UUID, Path(description="The session's id.")],
    caller: SignedInPerson,
    session: Writing,
) -> None:
    """End one of your sessions; tokens made of it end within minutes."""
    sessions.end_one(session, caller.id, session_id, utc_now())


@router.delete(
    "/sessions",
    summary="Sign out everywhere else",
    response_model=Ended,
    responses=responses(UNAUTHENTICATED, FORBIDDEN),
)
def end_other_sessions(caller: SignedInPerson, session: Writing) -> Ended:
    """End all of your sessions but the one of this request."""
    return Ended(ended=sessions.end_all(session, caller.id, utc_now(), but=caller.session_id))


@router.delete(
    "/people/{person_id}/sessions",
    summary="Sign somebody out everywhere",
    response_model=Ended,
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND),
)
def end_sessions_of(
    person_id: Annotated[UUID, Path(description="The person's id.")],
    caller: SignedInPerson,
    session: Writing,
) -> Ended:
    """End every session of a person, as when somebody else got hold of one; by a coordinator."""
    require_coordinator(session, caller)
    if session.get(Person, person_id) is None:
        raise Problem(NOT_FOUND, "There is no person of that id.")
    return Ended(ended=sessions.end_all(session, person_id, utc_now()))
