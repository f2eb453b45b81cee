"""Updates: posting and reading them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlmodel import Session, col, select

from services.workgroups import permissions, sight, updates
from services.workgroups.institutions import UNNAMED, names_of
from services.workgroups.routes.permitted import GroupId, UpdateId, VisibleGroup
from services.workgroups.tables import Update
from shared.events.catalogue import UpdateKind
from shared.idempotency import Answer, Once
from shared.pagination import Page, PageQuery, paginate_newest_first
from shared.problems import (
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    responses,
)
from shared.text import Input, Output, Prose, Title
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

router = APIRouter(tags=["updates"])

TITLE = "Online volunteers for e-learning"
TEXT = "Three hundred volunteers can teach online from January. Tell us where they are needed."


class NewUpdate(Input):
    """An update to post."""

    institution_id: UUID = Field(
        description="The member institution in whose name you post.",
        examples=["018f4e2a-0000-7000-8000-000000000000"],
    )
    kind: UpdateKind = Field(examples=["opportunity"])
    title: Title = Field(examples=[TITLE])
    text: Prose = Field(description="Plain text; an empty line parts paragraphs.", examples=[TEXT])


class UpdateOut(Output):
    """What a member institution told its group."""

    id: UUID
    group_id: UUID
    institution_id: UUID
    institution_name: str | None = Field(examples=["United Nations Volunteers"])
    institution_acronym: str | None = Field(examples=["UNV"])
    kind: UpdateKind
    title: str = Field(examples=[TITLE])
    text: str = Field(examples=[TEXT])
    posted_at: datetime


@router.post(
    "/groups/{group_id}/updates",
    status_code=201,
    summary="Post an update",
    response_model=UpdateOut,
    responses=responses(UNAUTHENTICATED, NOT_FOUND, NOT_ALLOWED_NOW, INVALID, IDEMPOTENCY_MISMATCH),
)
def post_update(
    group_id: GroupId, body: NewUpdate, caller: CurrentCaller, once: Once, session: Writing
) -> Response:
    """Tell the group something in the name of a member institution; by its focal point."""
    institution = permissions.institution_to_speak_for(
        session, caller, body.institution_id, "/institution_id"
    )

    def create() -> Answer:
        update = updates.post(
            session,
            group_id,
            institution,
            kind=body.kind,
            title=body.title,
            text=body.text,
            by=caller.id,
        )
        return Answer(_shown(session, [update])[0], headers={"Location": f"/updates/{update.id}"})

    return once.answer(session, create)


@router.get(
    "/groups/{group_id}/updates",
    summary="List the updates of a group",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def list_updates(
    group: VisibleGroup,
    session: Reading,
    page: PageQuery,
    kind: Annotated[UpdateKind | None, Query(description="Only those of this kind.")] = None,
) -> Page[UpdateOut]:
    """Return the updates of the group, the newest first."""
    statement = select(Update).where(Update.group_id == group.id)
    if kind is not None:
        statement = statement.where(Update.kind == kind)
    found = paginate_newest_first(session, statement, col(Update.id), page)
    return Page(items=_shown(session, found.items), next_cursor=found.next_cursor)


@router.get(
    "/updates/{update_id}",
    summary="Read an update",
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def read_update(update_id: UpdateId, caller: MaybeCaller, session: Reading) -> UpdateOut:
    """Return an update of a group that the caller sees."""
    update = updates.read(session, update_id)
    sight.require_in_sight(session, caller, update.group_id, updates.no_such_update())
    return _shown(session, [update])[0]


def _shown(session: Session, found: Sequence[Update]) -> list[UpdateOut]:
    names = names_of(session, [update.institution_id for update in found])
    return [
        UpdateOut(
            **update.model_dump(exclude={"posted_by"}),
            institution_name=names.get(update.institution_id, UNNAMED).name,
            institution_acronym=names.get(update.institution_id, UNNAMED).acronym,
        )
        for update in found
    ]
