"""Groups: opening, finding and changing them; the steps of their life are in `group_steps`."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, not_, select

from services.workgroups import groups, quiet_groups, sight
from services.workgroups.days import Day
from services.workgroups.group_lifecycle import Status
from services.workgroups.membership import Admitting
from services.workgroups.permissions import actor_in_platform
from services.workgroups.routes.permitted import Coordinator, GroupToLead, VisibleGroup
from services.workgroups.routes.slugs import Slug
from services.workgroups.sight import Visibility
from services.workgroups.tables import Group, Theme
from shared.etags import IfMatch, etag, require_version
from shared.idempotency import Answer, Once
from shared.pagination import Page, PageQuery, paginate
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
    incorrect,
    responses,
)
from shared.text import Input, Output, Prose, Reason, Title
from shared.time_zones import TimeZone
from shared.web import MaybeCaller, Reading, Writing

router = APIRouter(prefix="/groups", tags=["groups"])

PURPOSE = "Follow up on South-South cooperation in digitalization, as agreed at the retreat."
RESULTS = "Each member names one solution that it shares and one that it looks for."
SCOPE = "Digital public services; not the building of networks."
WHO_SEES = "Who sees it and what it does: all, people of verified institutions, or its members."

HOW_TO_JOIN = "How institutions come to belong to it: each that wants, on request, by invitation."


class NewGroup(Input):
    """A group to open, with its charter."""

    slug: Slug
    title: Title = Field(examples=["Digital transformation follow-up group"])
    purpose: Prose = Field(examples=[PURPOSE])
    theme_slug: Slug = Field(description="The theme under which it follows up.")
    scope: Prose | None = Field(
        None, description="What belongs to it and what doesn't.", examples=[SCOPE]
    )
    results: Prose | None = Field(None, description="What it shall bring.", examples=[RESULTS])
    review_date: Day | None = Field(
        None, description="When to look at the charter again.", examples=["2027-06-30"]
    )
    time_zone: TimeZone = Field(
        "UTC", description="IANA time zone in which its due dates end.", examples=["Asia/Bangkok"]
    )
    visibility: Visibility = Field(Visibility.ALL, description=WHO_SEES)
    admission: Admitting = Field(Admitting.OPEN, description=HOW_TO_JOIN)
    status: Literal[Status.PROPOSED, Status.ACTIVE] = Field(
        Status.ACTIVE, description="A proposed group gathers members until it is adopted."
    )


class GroupChange(Input):
    """What shall change; a field that is left out stays as it is."""

    title: Title | None = Field(None, examples=["Digital transformation follow-up group"])
    purpose: Prose | None = Field(None, examples=[PURPOSE])
    scope: Prose | None = Field(None, description="Null takes it away.", examples=[SCOPE])
    results: Prose | None = Field(None, description="Null takes it away.", examples=[RESULTS])
    review_date: Day | None = Field(
        None, description="Null takes it away.", examples=["2027-06-30"]
    )
    time_zone: TimeZone | None = None
    visibility: Visibility | None = Field(None, description=WHO_SEES)
    admission: Admitting | None = Field(None, description=HOW_TO_JOIN)
    reason: Reason | None = Field(
        None, description="Why, for the history.", examples=["Agreed at the second meeting."]
    )

    @model_validator(mode="before")
    @classmethod
    def _no_step(cls, body: Any) -> Any:
        if isinstance(body, dict) and "status" in body:
            raise incorrect(
                "/status",
                "A group's state changes with a step: POST /groups/{id}/adopt, rest, resume, "
                "conclude, abandon, replace or recharter.",
            )
        return body

    @model_validator(mode="after")
    def _something(self) -> "GroupChange":
        if not self.model_fields_set - {"reason"}:
            raise PydanticCustomError("nothing", "Name at least one field to change.")
        for name in self.model_fields_set - {"scope", "results", "review_date", "reason"}:
            if getattr(self, name) is None:
                raise PydanticCustomError(
                    "null", "{name} can't be null: leave it out to keep it.", {"name": name}
                )
        return self


class GroupOut(Output):
    """A follow-up group with its charter."""

    id: UUID
    slug: str = Field(examples=["digital-transformation"])
    title: str = Field(examples=["Digital transformation follow-up group"])
    purpose: str = Field(examples=[PURPOSE])
    scope: str | None = Field(examples=[SCOPE])
    results: str | None = Field(examples=[RESULTS])
    review_date: date | None = Field(description="When to look at the charter again.")
    charter: int = Field(description="The number of the charter's version, from 1.")
    dormancy_suggested_at: datetime | None = Field(
        description="Since when it is suggested to put it to rest: nothing happened for 90 days."
    )
    theme_slug: str = Field(examples=["digital-transformation"])
    theme_title: str = Field(examples=["Digital transformation"])
    time_zone: str = Field(examples=["Asia/Bangkok"])
    visibility: Visibility = Field(description=WHO_SEES)
    admission: Admitting = Field(description=HOW_TO_JOIN)
    status: Status
    replaced_by: UUID | None = Field(description="The group that goes on with its work.")
    version: int = Field(description="Grows with each change; the ETag of this group.")
    created_at: datetime
    updated_at: datetime


@router.post(
    "",
    status_code=201,
    summary="Open a group",
    response_model=GroupOut,
    responses=responses(UNAUTHENTICATED, FORBIDDEN, CONFLICT, INVALID, IDEMPOTENCY_MISMATCH),
)
def create_group(body: NewGroup, caller: Coordinator, once: Once, session: Writing) -> Response:
    """Open a follow-up group under a theme, or propose it; by a coordinator."""

    def create() -> Answer:
        by = actor_in_platform(session, caller)
        group = groups.create(session, **body.model_dump(), by=by)
        return Answer(
            shown(session, group),
            headers={"Location": f"/groups/{group.id}", "ETag": etag(group.version)},
        )

    return once.answer(session, create)


@router.get("", summary="List the groups", responses=responses(UNAUTHENTICATED, INVALID))
def list_groups(  # noqa: PLR0917
    caller: MaybeCaller,
    session: Reading,
    page: PageQuery,
    theme: Annotated[
        str | None, Query(max_length=60, description="Only those under the theme of this slug.")
    ] = None,
    status: Annotated[
        list[Status] | None, Query(description="Only those in one of these states.")
    ] = None,
    dormant_suggested: Annotated[
        bool | None,
        Query(description="Only those that it is suggested to put to rest, or only the others."),
    ] = None,
) -> Page[GroupOut]:
    """Return the groups that the caller sees, the oldest first."""
    statement = select(Group).where(sight.in_sight(session, caller))
    if dormant_suggested is not None:
        condition = quiet_groups.suggested()
        statement = statement.where(condition if dormant_suggested else not_(condition))
    if status:
        statement = statement.where(col(Group.status).in_(status))
    if theme is not None:
        statement = statement.where(
            col(Group.theme_id).in_(select(Theme.id).where(Theme.slug == theme))
        )
    found = paginate(session, statement, col(Group.id), page)
    return Page(
        items=[shown(session, group) for group in found.items], next_cursor=found.next_cursor
    )


@router.get("/{group_id}", summary="Read a group", responses=responses(UNAUTHENTICATED, NOT_FOUND))
def read_group(group: VisibleGroup, session: Reading, response: Response) -> GroupOut:
    """Return a group that the caller sees, with its charter."""
    response.headers["ETag"] = etag(group.version)
    return shown(session, group)


@router.patch(
    "/{group_id}",
    summary="Change a group",
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
def change_group(
    found: GroupToLead,
    body: GroupChange,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> GroupOut:
    """Change the charter or the settings of a group; by who leads it.

    A closed group changes only who sees it. Its state changes with a step, such as
    `POST /groups/{group_id}/conclude`.
    """
    group, by = found
    require_version(group.version, expected)
    changes = body.model_dump(exclude_unset=True, exclude={"reason"})
    groups.change(session, group, changes, by, body.reason)
    response.headers["ETag"] = etag(group.version)
    return shown(session, group)


def shown(session: Session, group: Group) -> GroupOut:
    """Return a group as it is answered."""
    theme = groups.theme_of(session, group)
    return GroupOut(
        **group.model_dump(),
        dormancy_suggested_at=group.rest_suggested_at,
        theme_slug=theme.slug,
        theme_title=theme.title,
    )
