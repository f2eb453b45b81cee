"""Action items: assigning, finding and changing them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import col, not_, select

from services.workgroups import action_items
from services.workgroups.action_item_input import NewActionItem, People, Supports
from services.workgroups.action_item_permissions import institution_to_hold_accountable
from services.workgroups.action_items import ChangedBy
from services.workgroups.days import Day
from services.workgroups.due_dates import overdue_condition
from services.workgroups.routes.action_item_out import (
    RESULT,
    TITLE,
    ActionItemOut,
    action_items_shown,
)
from services.workgroups.routes.permitted import (
    ActionItemToChange,
    GroupId,
    VisibleActionItem,
    VisibleGroup,
)
from services.workgroups.tables import ActionItem
from services.workgroups.transitions import State
from shared.columns import utc_now
from shared.etags import IfMatch, etag, require_version
from shared.events.catalogue import ActionPriority
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
    incorrect,
    responses,
)
from shared.text import Input, Prose, Reason, Title
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing
from shared.web_addresses import WebAddress

router = APIRouter(tags=["action items"])

NULLABLE = frozenset({"description", "start_date", "parent_id", "agreed_point_id", "result"})


class ActionItemChange(Input):
    """What shall change; a field that is left out stays as it is."""

    state: State | None = Field(None, examples=["in_progress"])
    reason: Reason | None = Field(
        None, description="Why; needed when it becomes blocked or cancelled, kept in the log."
    )
    result: Prose | None = Field(
        None, description="What came of it, once it is done.", examples=[RESULT]
    )
    result_links: list[WebAddress] | None = Field(None, max_length=20)
    due_date: Day | None = Field(None, examples=["2021-06-30"])
    start_date: Day | None = None
    title: Title | None = Field(None, examples=[TITLE])
    description: Prose | None = None
    priority: ActionPriority | None = None
    person_ids: People | None = None
    parent_id: UUID | None = Field(None, description="The action item that it is part of.")
    agreed_point_id: UUID | None = Field(None, description="What a meeting of the group agreed.")
    needs: Supports | None = None
    offers: Supports | None = None

    @model_validator(mode="before")
    @classmethod
    def _nobody_else(cls, body: Any) -> Any:
        if isinstance(body, dict) and "institution_id" in body:
            raise incorrect(
                "/institution_id",
                "Another institution takes it over once it accepts: propose it with "
                "POST /action-items/{id}/reassignments.",
            )
        return body

    @model_validator(mode="after")
    def _something(self) -> "ActionItemChange":
        if not self.model_fields_set - {"reason"}:
            raise PydanticCustomError("nothing", "Name at least one field to change.")
        for name in self.model_fields_set - NULLABLE:
            if getattr(self, name) is None:
                raise PydanticCustomError(
                    "null", "{name} can't be null: leave it out to keep it.", {"name": name}
                )
        return self

    def values(self) -> dict[str, Any]:
        """Return the new values by field."""
        return {name: getattr(self, name) for name in self.model_fields_set if name != "reason"}


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
    """Make a member institution accountable for something until a day.

    By a coordinator, co-chair or rapporteur of the group, or a coordinator of the platform.
    """
    institution = institution_to_hold_accountable(
        session, caller, group_id, body.institution_id, "/institution_id"
    )

    def create() -> Answer:
        item = action_items.assign(session, caller, group_id, institution, body.terms())
        return Answer(
            action_items_shown(session, caller, [item])[0],
            headers={"Location": f"/action-items/{item.id}", "ETag": etag(item.version)},
        )

    return once.answer(session, create)


@router.get(
    "/groups/{group_id}/action-items",
    summary="List the action items of a group",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def list_action_items(
    *,
    group: VisibleGroup,
    caller: MaybeCaller,
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
    return Page(
        items=action_items_shown(session, caller, found.items), next_cursor=found.next_cursor
    )


@router.get(
    "/action-items/{action_item_id}",
    summary="Read an action item",
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def read_action_item(
    item: VisibleActionItem, caller: MaybeCaller, session: Reading, response: Response
) -> ActionItemOut:
    """Return an action item of a group that the caller sees."""
    response.headers["ETag"] = etag(item.version)
    return action_items_shown(session, caller, [item])[0]


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
    *,
    found: ActionItemToChange,
    caller: CurrentCaller,
    body: ActionItemChange,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> ActionItemOut:
    """Move an action item on; by people of the accountable institution, or who leads the group.

    The institution's people change its state, its result and who sees to it. The rest was agreed:
    only a coordinator, co-chair or rapporteur of the group changes that, cancels it, or opens a
    cancelled one again. Who else answers for it is agreed by a reassignment.
    """
    item, roles = found
    require_version(item.version, expected)
    action_items.change(session, item, body.values(), ChangedBy(caller, roles, body.reason))
    response.headers["ETag"] = etag(item.version)
    return action_items_shown(session, caller, [item])[0]
