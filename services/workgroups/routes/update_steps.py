"""What happens to an update: published, pinned, withdrawn, and how it was before."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field
from sqlmodel import col, select

from services.workgroups import pinned_updates, updates
from services.workgroups.routes.permitted import UpdateId
from services.workgroups.routes.update_out import UpdateOut, Withdrawal, one
from services.workgroups.routes.updates import CHANGE_PROBLEMS
from services.workgroups.tables import UpdateVersion
from services.workgroups.update_permissions import (
    may_look_back,
    update_to_pin,
    update_to_see,
    update_to_withdraw,
    update_to_write,
)
from shared.etags import IfMatch, etag, require_version
from shared.pagination import Page, PageQuery, paginate
from shared.problems import (
    FORBIDDEN,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    responses,
)
from shared.text import Output
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

router = APIRouter(prefix="/updates/{update_id}", tags=["updates"])

PIN_PROBLEMS = responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW)


class UpdateVersionOut(Output):
    """An update as it was from a moment on."""

    version: int
    action: str = Field(
        description="What made it so: publish, edit, attach, pin, unpin or withdraw.",
        examples=["edit"],
    )
    actor_id: UUID | None = Field(description="The person; null: its time had come.")
    reason: str | None
    said: dict[str, Any] | None = Field(
        description="What it said; null for a withdrawn update, save for its institution and who "
        "leads the group.",
        examples=[{"kind": "news", "title": "News", "text": "Text."}],
    )
    at: datetime


@router.post("/publish", summary="Publish a draft", responses=CHANGE_PROBLEMS)
def publish_update(
    *,
    update_id: UpdateId,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> UpdateOut:
    """Show a draft of your institution to who sees the group, also before its time."""
    update = update_to_write(session, caller, update_id)
    require_version(update.version, expected)
    updates.publish(session, update, caller.id)
    response.headers["ETag"] = etag(update.version)
    return one(session, caller, update)


@router.post("/withdraw", summary="Withdraw an update", responses=CHANGE_PROBLEMS)
def withdraw_update(
    *,
    update_id: UpdateId,
    body: Withdrawal,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> UpdateOut:
    """Take an update back with a reason; by its institution's focal point or who leads the group.

    That it was there, when and why it went stays to be seen; its text doesn't.
    """
    update, by_group = update_to_withdraw(session, caller, update_id)
    require_version(update.version, expected)
    updates.withdraw(session, update, caller.id, body.reason, by_group=by_group)
    response.headers["ETag"] = etag(update.version)
    return one(session, caller, update)


@router.put("/pin", summary="Pin an update", responses=PIN_PROBLEMS)
def pin_update(
    update_id: UpdateId, caller: CurrentCaller, session: Writing, response: Response
) -> UpdateOut:
    """Keep an update at the top of its group, five at most; by who leads the group."""
    update = update_to_pin(session, caller, update_id)
    pinned_updates.pin(session, update, caller.id)
    response.headers["ETag"] = etag(update.version)
    return one(session, caller, update)


@router.delete("/pin", summary="Unpin an update", responses=PIN_PROBLEMS)
def unpin_update(
    update_id: UpdateId, caller: CurrentCaller, session: Writing, response: Response
) -> UpdateOut:
    """Let an update take its place by its age again; by who leads the group."""
    update = update_to_pin(session, caller, update_id)
    pinned_updates.unpin(session, update, caller.id)
    response.headers["ETag"] = etag(update.version)
    return one(session, caller, update)


@router.get(
    "/history",
    summary="Read the history of an update",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def read_update_history(
    update_id: UpdateId, caller: MaybeCaller, session: Reading, page: PageQuery
) -> Page[UpdateVersionOut]:
    """Return every version since its publication, oldest first."""
    update = update_to_see(session, caller, update_id)
    statement = select(UpdateVersion).where(UpdateVersion.update_id == update.id)
    found = paginate(session, statement, col(UpdateVersion.version), page)
    hidden = update.state == "withdrawn" and not may_look_back(session, caller, update)
    return Page(
        items=[
            UpdateVersionOut(
                **version.model_dump(exclude={"update_id", "said"}),
                said=None if hidden else version.said,
            )
            for version in found.items
        ],
        next_cursor=found.next_cursor,
    )
