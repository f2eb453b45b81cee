"""Reassignments: proposing another institution, and answering."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field
from sqlmodel import Session, col, select

from services.workgroups import reassignments
from services.workgroups.action_item_permissions import groups_from_within, no_such_item
from services.workgroups.institutions import names_of, no_such_institution
from services.workgroups.reassignment_permissions import (
    Side,
    reassignment_to,
    reassignment_to_see,
)
from services.workgroups.reassignments import State
from services.workgroups.routes.permitted import ActionItemToChange, VisibleActionItem
from services.workgroups.tables import ActionItem, Institution, Reassignment
from shared.etags import IfMatch, etag, require_version
from shared.idempotency import Answer, Once
from shared.pagination import Page, PageQuery, paginate_newest_first
from shared.problems import (
    CONFLICT,
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
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

router = APIRouter(tags=["reassignments"])

STEP_PROBLEMS = responses(
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    NOT_ALLOWED_NOW,
    VERSION_CONFLICT,
    INVALID,
    VERSION_REQUIRED,
)

ReassignmentId = Annotated[UUID, Path(description="The reassignment's id.")]
Found = tuple[Reassignment, ActionItem]


class NewReassignment(Input):
    """Who shall answer for it."""

    institution_id: UUID = Field(
        description="Another member of the group.",
        examples=["018f4e2a-0000-7000-8000-000000000000"],
    )
    message: Reason | None = Field(None, examples=["You know the trainers better than we do."])


class Declining(Input):
    """Why it is declined."""

    reason: Reason = Field(examples=["Our staff is taken until June."])


class TakingBack(Input):
    """Why it is taken back."""

    reason: Reason = Field(examples=["We found the time ourselves."])


class ReassignmentOut(Output):
    """A proposal that another institution answers for an action item."""

    id: UUID
    action_item_id: UUID
    from_institution_id: UUID
    from_institution: str | None = Field(examples=["UNV"])
    to_institution_id: UUID
    to_institution: str | None = Field(examples=["FAO"])
    state: State
    message: str | None
    reason: str | None = Field(description="Why it was declined or withdrawn.")
    proposed_at: datetime
    answered_at: datetime | None
    version: int = Field(description="Grows with each change; the ETag of this reassignment.")


def _on_side(side: Side) -> Any:
    def find(reassignment_id: ReassignmentId, caller: CurrentCaller, session: Writing) -> Found:
        return reassignment_to(session, caller, side, reassignment_id)

    return Depends(find)


ToAnswer = Annotated[Found, _on_side(Side.ASKED)]
ToWithdraw = Annotated[Found, _on_side(Side.PROPOSING)]


@router.post(
    "/action-items/{action_item_id}/reassignments",
    status_code=201,
    summary="Propose that another institution answers for it",
    response_model=ReassignmentOut,
    responses=responses(
        UNAUTHENTICATED, NOT_FOUND, CONFLICT, NOT_ALLOWED_NOW, INVALID, IDEMPOTENCY_MISMATCH
    ),
)
def propose_reassignment(
    found: ActionItemToChange,
    body: NewReassignment,
    caller: CurrentCaller,
    once: Once,
    session: Writing,
) -> Response:
    """Ask another member; by people of the accountable institution, or who leads the group.

    Until the other institution accepts, the old one answers for the action item.
    """
    item, roles = found

    def create() -> Answer:
        institution = session.get(Institution, body.institution_id)
        if institution is None:
            raise no_such_institution("/institution_id")
        made = reassignments.propose(
            session, item, institution, message=body.message, by=caller.id, roles=roles
        )
        return Answer(
            _shown(session, [made])[0],
            headers={"Location": f"/reassignments/{made.id}", "ETag": etag(made.version)},
        )

    return once.answer(session, create)


@router.get(
    "/action-items/{action_item_id}/reassignments",
    summary="List the reassignments of an action item",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def list_reassignments(
    item: VisibleActionItem, caller: CurrentCaller, session: Reading, page: PageQuery
) -> Page[ReassignmentOut]:
    """Return what was proposed and what became of it, the newest first; to the group's people."""
    if item.group_id not in groups_from_within(session, caller):
        raise no_such_item()
    found = paginate_newest_first(
        session,
        select(Reassignment).where(Reassignment.action_item_id == item.id),
        col(Reassignment.id),
        page,
    )
    return Page(items=_shown(session, found.items), next_cursor=found.next_cursor)


@router.get(
    "/reassignments/{reassignment_id}",
    summary="Read a reassignment",
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def read_reassignment(
    reassignment_id: ReassignmentId, caller: CurrentCaller, session: Reading, response: Response
) -> ReassignmentOut:
    """Return a reassignment with its ETag; to the group's people."""
    return _current(session, reassignment_to_see(session, caller, reassignment_id), response)


@router.post(
    "/reassignments/{reassignment_id}/accept",
    summary="Accept a reassignment",
    responses=STEP_PROBLEMS,
)
def accept_reassignment(
    *,
    found: ToAnswer,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> ReassignmentOut:
    """Answer for the action item from now on; by the people of the institution that was asked."""
    reassignment, item = found
    require_version(reassignment.version, expected)
    reassignments.accept(session, item, reassignment, caller.id)
    return _current(session, reassignment, response)


@router.post(
    "/reassignments/{reassignment_id}/decline",
    summary="Decline a reassignment",
    responses=STEP_PROBLEMS,
)
def decline_reassignment(
    *,
    found: ToAnswer,
    caller: CurrentCaller,
    expected: IfMatch,
    body: Declining,
    session: Writing,
    response: Response,
) -> ReassignmentOut:
    """Decline with the reason; by the people of the institution that was asked."""
    reassignment, item = found
    require_version(reassignment.version, expected)
    reassignments.decline(session, item, reassignment, caller.id, body.reason)
    return _current(session, reassignment, response)


@router.post(
    "/reassignments/{reassignment_id}/withdraw",
    summary="Take a reassignment back",
    responses=STEP_PROBLEMS,
)
def withdraw_reassignment(
    *,
    found: ToWithdraw,
    caller: CurrentCaller,
    expected: IfMatch,
    body: TakingBack,
    session: Writing,
    response: Response,
) -> ReassignmentOut:
    """Take it back unanswered; by the accountable institution's people, or who leads the group."""
    reassignment, item = found
    require_version(reassignment.version, expected)
    reassignments.withdraw(session, item, reassignment, caller.id, body.reason)
    return _current(session, reassignment, response)


def _current(session: Session, reassignment: Reassignment, response: Response) -> ReassignmentOut:
    response.headers["ETag"] = etag(reassignment.version)
    return _shown(session, [reassignment])[0]


def _shown(session: Session, found: Sequence[Reassignment]) -> list[ReassignmentOut]:
    names = names_of(
        session,
        [side for made in found for side in (made.from_institution_id, made.to_institution_id)],
    )
    short = {institution: named.short for institution, named in names.items()}
    return [
        ReassignmentOut(
            **made.model_dump(exclude={"proposed_by", "answered_by"}),
            from_institution=short.get(made.from_institution_id),
            to_institution=short.get(made.to_institution_id),
        )
        for made in found
    ]
