"""Action items of all groups, in one list."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.workgroups.action_item_finding import Sort, Wanted, page_of
from services.workgroups.routes.action_item_out import ActionItemOut, action_items_shown
from services.workgroups.transitions import State
from shared.columns import utc_now
from shared.events.catalogue import ActionPriority
from shared.pagination import Page, PageQuery
from shared.problems import INVALID, UNAUTHENTICATED, FieldError, Problem, responses
from shared.text import Line
from shared.web import MaybeCaller, Reading

router = APIRouter(tags=["action items"])

MANY = 100
"""Values of one filter at most."""


@router.get(
    "/action-items",
    summary="List action items across groups",
    responses=responses(UNAUTHENTICATED, INVALID),
)
def list_all_action_items(
    *,
    caller: MaybeCaller,
    session: Reading,
    page: PageQuery,
    group: Annotated[
        list[UUID] | None,
        Query(max_length=MANY, description="Only of the group of this id; may be repeated."),
    ] = None,
    theme: Annotated[
        list[Annotated[str, Line(60)]] | None,
        Query(max_length=MANY, description="Only under the theme of this slug; may be repeated."),
    ] = None,
    person: Annotated[
        UUID | None,
        Query(
            description="Only those that this person sees to; in groups that you belong to, and "
            "your own everywhere."
        ),
    ] = None,
    institution: Annotated[
        list[UUID] | None,
        Query(max_length=MANY, description="Only what it answers for; may be repeated."),
    ] = None,
    priority: Annotated[
        list[ActionPriority] | None,
        Query(max_length=MANY, description="Only of this priority; may be repeated."),
    ] = None,
    state: Annotated[
        list[State] | None,
        Query(max_length=MANY, description="Only those in this state; may be repeated."),
    ] = None,
    due_from: Annotated[
        date | None, Query(description="Only those due on this day or later.")
    ] = None,
    due_to: Annotated[
        date | None, Query(description="Only those due on this day or before.")
    ] = None,
    overdue: Annotated[
        bool | None,
        Query(
            description="Only those that are overdue now in their group's time zone, or only the "
            "others."
        ),
    ] = None,
    meeting: Annotated[
        UUID | None, Query(description="Only those that come from the meeting of this id.")
    ] = None,
    agreed_point: Annotated[
        UUID | None, Query(description="Only those that follow from this agreed point.")
    ] = None,
    sort: Annotated[
        Sort,
        Query(
            description="The order: `due` (who is due first), `number` (group by group) or "
            "`changed` (the last change first)."
        ),
    ] = Sort.DUE,
) -> Page[ActionItemOut]:
    """Return the action items of all groups that you see and that fit all that you ask.

    What you don't see, and what isn't there, is left out. `GET /me/owed` is what you owe yourself.
    """
    if due_from is not None and due_to is not None and due_from > due_to:
        detail = "Give the day of due_from or a later one."
        raise Problem(
            INVALID,
            f"Correct due_to: {detail}",
            errors=[FieldError(pointer="due_to", detail=detail)],
        )
    wanted = Wanted(
        groups=tuple(group or ()),
        themes=tuple(theme or ()),
        institutions=tuple(institution or ()),
        person=person,
        priorities=tuple(priority or ()),
        states=tuple(state or ()),
        due_from=due_from,
        due_to=due_to,
        overdue=overdue,
        meeting=meeting,
        agreed_point=agreed_point,
        sort=sort,
    )
    found = page_of(session, caller, wanted, page, utc_now())
    return Page(
        items=action_items_shown(session, caller, found.items), next_cursor=found.next_cursor
    )
