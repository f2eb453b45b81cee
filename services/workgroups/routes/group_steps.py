"""The steps of a group's life, and its history."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field
from sqlmodel import Session, col, select

from services.workgroups import groups
from services.workgroups.days import Day
from services.workgroups.group_lifecycle import Action, Actor, Status
from services.workgroups.people import names_of_people
from services.workgroups.routes.groups import PURPOSE, RESULTS, SCOPE, GroupOut, shown
from services.workgroups.routes.people_out import PersonOut, person_out
from services.workgroups.routes.permitted import GroupToLead, VisibleGroup
from services.workgroups.tables import Group, GroupHistory
from shared.etags import IfMatch, etag, require_version
from shared.pagination import Page, PageQuery, paginate
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
from shared.text import Input, Output, Prose, Reason
from shared.web import CurrentCaller, Reading, Writing

router = APIRouter(prefix="/groups/{group_id}", tags=["groups"])

STEP_PROBLEMS = responses(
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    NOT_ALLOWED_NOW,
    VERSION_CONFLICT,
    INVALID,
    VERSION_REQUIRED,
)


class Note(Input):
    """A word for the history."""

    reason: Reason | None = Field(None, examples=["Nine institutions want to take part."])


class Why(Input):
    """Why the step is taken."""

    reason: Reason = Field(examples=["Each member has named its solution; the list is published."])


class Replacement(Input):
    """What goes on with the work, and why."""

    replaced_by: UUID = Field(
        description="Another group that is not closed.",
        examples=["018f4e2a-0000-7000-8000-000000000000"],
    )
    reason: Reason = Field(examples=["The two groups met together since January."])


class NewCharter(Input):
    """A charter that differs from the one of before, and why the group returns."""

    purpose: Prose = Field(examples=[PURPOSE])
    scope: Prose | None = Field(
        None, description="What belongs to it and what doesn't.", examples=[SCOPE]
    )
    results: Prose | None = Field(None, description="What it shall bring.", examples=[RESULTS])
    review_date: Day | None = Field(
        None, description="When to look at it again.", examples=["2027-06-30"]
    )
    reason: Reason = Field(examples=["The member states asked for a second phase."])


class GroupHistoryOut(Output):
    """A step that a group took."""

    version: int
    action: Action
    from_status: Status | None
    to_status: Status
    by: PersonOut | None = Field(description="Null where no person acted.")
    reason: str | None
    changes: dict[str, list[Any]] | None = Field(
        description="What was there before and after, by field."
    )
    at: datetime


@router.post("/adopt", summary="Adopt a proposed group", responses=STEP_PROBLEMS)
def adopt_group(
    found: GroupToLead, body: Note, expected: IfMatch, session: Writing, response: Response
) -> GroupOut:
    """Let a proposed group start its work; by a coordinator of the platform."""
    group = _moved(session, found, expected, Action.ADOPT, body.reason)
    return _answered(session, group, response)


@router.post("/rest", summary="Put a group to rest", responses=STEP_PROBLEMS)
def rest_group(
    found: GroupToLead, body: Why, expected: IfMatch, session: Writing, response: Response
) -> GroupOut:
    """Make a group dormant: it takes nothing new until it is resumed; by who leads it."""
    group = _moved(session, found, expected, Action.REST, body.reason)
    return _answered(session, group, response)


@router.post("/resume", summary="Resume a dormant group", responses=STEP_PROBLEMS)
def resume_group(
    found: GroupToLead, body: Note, expected: IfMatch, session: Writing, response: Response
) -> GroupOut:
    """Make a dormant group active again; by who leads it."""
    group = _moved(session, found, expected, Action.RESUME, body.reason)
    return _answered(session, group, response)


@router.post("/conclude", summary="Conclude a group", responses=STEP_PROBLEMS)
def conclude_group(
    found: GroupToLead, body: Why, expected: IfMatch, session: Writing, response: Response
) -> GroupOut:
    """Close a group that has done what its charter says; by who leads it.

    It is kept and takes nothing new. It returns only with a new charter.
    """
    group = _moved(session, found, expected, Action.CONCLUDE, body.reason)
    return _answered(session, group, response)


@router.post("/abandon", summary="Abandon a group", responses=STEP_PROBLEMS)
def abandon_group(
    found: GroupToLead, body: Why, expected: IfMatch, session: Writing, response: Response
) -> GroupOut:
    """Give a group up before its charter is fulfilled; by a coordinator of the platform."""
    group = _moved(session, found, expected, Action.ABANDON, body.reason)
    return _answered(session, group, response)


@router.post("/replace", summary="Replace a group by another", responses=STEP_PROBLEMS)
def replace_group(
    found: GroupToLead, body: Replacement, expected: IfMatch, session: Writing, response: Response
) -> GroupOut:
    """Close a group whose work another goes on with; by a coordinator of the platform.

    This is final. What the group did stays where it is; the answer names its successor.
    """
    group, by = found
    require_version(group.version, expected)
    groups.replace(session, group, body.replaced_by, by, body.reason)
    return _answered(session, group, response)


@router.post("/recharter", summary="Give a closed group a new charter", responses=STEP_PROBLEMS)
def recharter_group(
    found: GroupToLead, body: NewCharter, expected: IfMatch, session: Writing, response: Response
) -> GroupOut:
    """Let a concluded or abandoned group return; by a coordinator of the platform.

    Its charter must say something else than before.
    """
    group, by = found
    require_version(group.version, expected)
    groups.recharter(session, group, body.model_dump(exclude={"reason"}), by, body.reason)
    return _answered(session, group, response)


@router.get(
    "/history",
    summary="Read the history of a group",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def read_group_history(
    group: VisibleGroup, _caller: CurrentCaller, session: Reading, page: PageQuery
) -> Page[GroupHistoryOut]:
    """Return every step of a group that the caller sees, the first one first."""
    found = paginate(
        session,
        select(GroupHistory).where(GroupHistory.group_id == group.id),
        col(GroupHistory.version),
        page,
    )
    names = names_of_people(session, (entry.actor_id for entry in found.items))
    return Page(
        items=[
            GroupHistoryOut(
                **entry.model_dump(exclude={"id", "group_id", "actor_id"}),
                by=person_out(entry.actor_id, names),
            )
            for entry in found.items
        ],
        next_cursor=found.next_cursor,
    )


def _moved(
    session: Session,
    found: tuple[Group, Actor],
    expected: int,
    action: Action,
    reason: str | None,
) -> Group:
    group, by = found
    require_version(group.version, expected)
    groups.move(session, group, action, by, reason)
    return group


def _answered(session: Session, group: Group, response: Response) -> GroupOut:
    response.headers["ETag"] = etag(group.version)
    return shown(session, group)
