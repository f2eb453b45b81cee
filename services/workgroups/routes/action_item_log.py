"""The log of an action item: what was done, and every change."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlmodel import Session, col, select

from services.workgroups import action_item_log
from services.workgroups.action_item_log import Kind
from services.workgroups.action_item_people import names_of_people
from services.workgroups.action_item_permissions import groups_from_within
from services.workgroups.routes.action_item_out import PersonOut, without_people
from services.workgroups.routes.permitted import ActionItemToChange, VisibleActionItem
from services.workgroups.tables import ActionItem, ActionItemEntry
from shared.idempotency import Answer, Once
from shared.identity import Caller
from shared.pagination import Page, PageQuery, paginate
from shared.problems import (
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    responses,
)
from shared.text import Input, Output, Prose
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

router = APIRouter(prefix="/action-items/{action_item_id}/log", tags=["action items"])

TEXT = "We asked twelve members; nine have answered."


class NewNote(Input):
    """What was done."""

    text: Prose = Field(examples=[TEXT])


class EntryOut(Output):
    """A line of the log."""

    id: UUID
    kind: Kind
    version: int = Field(description="The version that the action item had then.")
    by: PersonOut | None = Field(description="Shown to the group's own people and to coordinators.")
    at: datetime
    text: str | None = Field(
        description="What was done, or why something was changed.", examples=[TEXT]
    )
    changes: dict[str, list[Any]] | None = Field(
        description="The value before and after, by field.",
        examples=[{"due_date": ["2021-03-31", "2021-06-30"]}],
    )


@router.post(
    "",
    status_code=201,
    summary="Write what was done into the log",
    response_model=EntryOut,
    responses=responses(UNAUTHENTICATED, NOT_FOUND, NOT_ALLOWED_NOW, INVALID, IDEMPOTENCY_MISMATCH),
)
def write_note(
    found: ActionItemToChange, body: NewNote, caller: CurrentCaller, once: Once, session: Writing
) -> Response:
    """Add what was done; by people of the accountable institution, or who leads the group.

    A line of the log is never changed or taken out.
    """
    item, _roles = found

    def create() -> Answer:
        entry = action_item_log.note(session, item, body.text, by=caller.id)
        return Answer(_shown(session, caller, item, [entry])[0])

    return once.answer(session, create)


@router.get(
    "",
    summary="Read the log of an action item",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def read_log(
    *,
    item: VisibleActionItem,
    caller: MaybeCaller,
    session: Reading,
    page: PageQuery,
    kind: Annotated[Kind | None, Query(description="Only lines of this kind.")] = None,
) -> Page[EntryOut]:
    """Return what was done and every change, the oldest first."""
    statement = select(ActionItemEntry).where(ActionItemEntry.action_item_id == item.id)
    if kind is not None:
        statement = statement.where(ActionItemEntry.kind == kind)
    found = paginate(session, statement, col(ActionItemEntry.id), page)
    return Page(items=_shown(session, caller, item, found.items), next_cursor=found.next_cursor)


def _shown(
    session: Session, caller: Caller | None, item: ActionItem, entries: list[ActionItemEntry]
) -> list[EntryOut]:
    within = item.group_id in groups_from_within(session, caller)
    names = names_of_people(session, [entry.by for entry in entries if entry.by]) if within else {}
    return [
        EntryOut(
            **entry.model_dump(exclude={"by", "changes", "action_item_id"}),
            by=(PersonOut(id=entry.by, name=names.get(entry.by)) if within and entry.by else None),
            changes=entry.changes
            if within or entry.changes is None
            else without_people(entry.changes),
        )
        for entry in entries
    ]
