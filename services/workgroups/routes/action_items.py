"""Action items: assigning, finding and changing them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, not_, select

from services.workgroups import action_items, permissions, sight
from services.workgroups.action_items import Change, Origin
from services.workgroups.due_dates import is_overdue, overdue_condition
from services.workgroups.institutions import UNNAMED, names_of
from services.workgroups.routes.days import Day
from services.workgroups.routes.permitted import (
    ActionItemId,
    ActionItemToChange,
    GroupId,
    VisibleGroup,
)
from services.workgroups.tables import ActionItem, Group
from services.workgroups.transitions import State
from shared.columns import utc_now
from shared.etags import IfMatch, etag, require_version
from shared.idempotency import Answer, Once
from shared.pagination import Page, PageQuery, paginate
from shared.problems import (
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
from shared.text import Input, Output, Title
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

router = APIRouter(tags=["action items"])

TITLE = "List the training that members offer"


class NewActionItem(Input):
    """An action item to assign."""

    title: Title = Field(examples=[TITLE])
    institution_id: UUID = Field(
        description="The member institution that answers for it.",
        examples=["018f4e2a-0000-7000-8000-000000000000"],
    )
    due_date: Day = Field(
        description="Its last day, in the group's time zone; it may be over already.",
        examples=["2021-03-31"],
    )
    meeting_id: UUID | None = Field(None, description="The group's meeting that it comes from.")
    agreed_point_id: UUID | None = Field(
        None, description="What that meeting agreed; it names the meeting too."
    )


class ActionItemChange(Input):
    """What shall change; a field that is left out stays as it is."""

    state: State | None = Field(None, examples=["in_progress"])
    due_date: Day | None = Field(None, examples=["2021-06-30"])
    title: Title | None = Field(None, examples=[TITLE])

    @model_validator(mode="after")
    def _something(self) -> "ActionItemChange":
        if all(value is None for value in (self.state, self.due_date, self.title)):
            raise PydanticCustomError("nothing", "Name at least one field to change.")
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise PydanticCustomError(
                    "null", "{name} can't be null: leave it out to keep it.", {"name": name}
                )
        return self


class ActionItemOut(Output):
    """Who answers for what until when."""

    id: UUID
    group_id: UUID
    number: int = Field(description="Its number within the group, from 1.", examples=[3])
    title: str = Field(examples=[TITLE])
    institution_id: UUID
    institution_name: str | None = Field(examples=["United Nations Volunteers"])
    institution_acronym: str | None = Field(examples=["UNV"])
    due_date: date = Field(examples=["2021-03-31"])
    state: State
    overdue: bool = Field(
        description="Whether it is unfinished and its last day is over in the group's time zone."
    )
    meeting_id: UUID | None
    agreed_point_id: UUID | None
    version: int = Field(description="Grows with each change; the ETag of this action item.")
    assigned_at: datetime
    updated_at: datetime


@router.post(
    "/groups/{group_id}/action-items",
    status_code=201,
    summary="Assign an action item",
    response_model=ActionItemOut,
    responses=responses(
        UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW, INVALID, IDEMPOTENCY_MISMATCH
    ),
)
def assign_action_item(
    group_id: GroupId, body: NewActionItem, caller: CurrentCaller, once: Once, session: Writing
) -> Response:
    """Make a member institution accountable for something until a day; by a coordinator."""
    institution = permissions.institution_to_hold_accountable(
        session, caller, body.institution_id, "/institution_id"
    )

    def create() -> Answer:
        item = action_items.assign(
            session,
            group_id,
            institution,
            title=body.title,
            due_date=body.due_date,
            origin=Origin(body.meeting_id, body.agreed_point_id),
            by=caller.id,
        )
        return Answer(
            _shown(session, [item])[0],
            headers={"Location": f"/action-items/{item.id}", "ETag": etag(item.version)},
        )

    return once.answer(session, create)


@router.get(
    "/groups/{group_id}/action-items",
    summary="List the action items of a group",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def list_action_items(
    group: VisibleGroup,
    session: Reading,
    page: PageQuery,
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
    overdue: Annotated[
        bool | None, Query(description="Only those that are overdue now, or only the others.")
    ] = None,
) -> Page[ActionItemOut]:
    """Return the action items of the group in the order of their numbers."""
    statement = select(ActionItem).where(ActionItem.group_id == group.id)
    if state is not None:
        statement = statement.where(ActionItem.state == state)
    if overdue is not None:
        condition = overdue_condition(group.time_zone, utc_now())
        statement = statement.where(condition if overdue else not_(condition))
    found = paginate(session, statement, col(ActionItem.number), page)
    return Page(items=_shown(session, found.items), next_cursor=found.next_cursor)


@router.get(
    "/action-items/{action_item_id}",
    summary="Read an action item",
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def read_action_item(
    action_item_id: ActionItemId, caller: MaybeCaller, session: Reading, response: Response
) -> ActionItemOut:
    """Return an action item of a group that the caller sees."""
    item = action_items.read(session, action_item_id)
    sight.require_in_sight(session, caller, item.group_id, action_items.no_such_item())
    response.headers["ETag"] = etag(item.version)
    return _shown(session, [item])[0]


@router.patch(
    "/action-items/{action_item_id}",
    summary="Change an action item",
    responses=responses(
        UNAUTHENTICATED,
        FORBIDDEN,
        NOT_FOUND,
        NOT_ALLOWED_NOW,
        VERSION_CONFLICT,
        INVALID,
        VERSION_REQUIRED,
    ),
)
def change_action_item(
    found: ActionItemToChange,
    body: ActionItemChange,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> ActionItemOut:
    """Move an action item on; by a focal point of the accountable institution or a coordinator.

    Only a coordinator changes its due date or title, cancels it, or opens a cancelled one again.
    """
    item, roles = found
    require_version(item.version, expected)
    action_items.change(
        session, item, Change(state=body.state, due_date=body.due_date, title=body.title), roles
    )
    response.headers["ETag"] = etag(item.version)
    return _shown(session, [item])[0]


def _shown(session: Session, items: Sequence[ActionItem]) -> list[ActionItemOut]:
    now = utc_now()
    names = names_of(session, [item.institution_id for item in items])
    zones = {
        group_id: session.get_one(Group, group_id).time_zone
        for group_id in {item.group_id for item in items}
    }
    return [
        ActionItemOut(
            **item.model_dump(exclude={"assigned_by"}),
            institution_name=names.get(item.institution_id, UNNAMED).name,
            institution_acronym=names.get(item.institution_id, UNNAMED).acronym,
            overdue=is_overdue(item.state, item.due_date, zones[item.group_id], now),
        )
        for item in items
    ]
