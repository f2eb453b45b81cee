"""Agreed points: recording them, what they answer, and how far they have come."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, select

from services.workgroups import agreed_points
from services.workgroups.action_item_people import names_of_people
from services.workgroups.action_item_permissions import groups_from_within
from services.workgroups.agreed_point_permissions import (
    groups_of_meeting,
    meeting_to_read,
    meeting_to_record,
    point_to_change,
    point_to_read,
)
from services.workgroups.institutions import names_of
from services.workgroups.progress import Stage, progress_of
from services.workgroups.routes.action_item_out import PersonOut
from services.workgroups.routes.permitted import MeetingId
from services.workgroups.tables import AgendaItem, AgreedPoint, AgreedPointChange
from services.workgroups.transitions import State
from shared.etags import IfMatch, etag, require_version
from shared.idempotency import Answer, Once
from shared.identity import Caller
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
from shared.text import Input, Output, Prose, Reason
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

router = APIRouter(tags=["agreed points"])

AgreedPointId = Annotated[UUID, Path(description="The agreed point's id.")]

AGREED = "Listen closely to the demands of recipient countries, to support them better."
OUTCOME = "The demands of eleven countries are known and answered."
RAISED_BY = "The institution that raised what this answers; the update or the need says so itself."
UPDATE = "The update of the kind challenge that this answers, of a group whose meeting it was."
ITEM = "The item of the meeting's agenda under which it was agreed."
NEED = "The need that this answers, by its id at the registry."


class NewPoint(Input):
    """What was agreed."""

    text: Reason = Field(examples=[AGREED])
    outcome: Prose | None = Field(None, description="What came of it.", examples=[OUTCOME])
    raised_by: UUID | None = Field(None, description=RAISED_BY)
    update_id: UUID | None = Field(None, description=UPDATE)
    need_id: UUID | None = Field(None, description=NEED)
    agenda_item_id: UUID | None = Field(None, description=ITEM)


class PointChange(Input):
    """What shall change; a field that is left out stays as it is, null takes it away."""

    text: Reason | None = Field(None, examples=[AGREED])
    outcome: Prose | None = Field(None, description="What came of it.", examples=[OUTCOME])
    raised_by: UUID | None = Field(None, description=RAISED_BY)
    update_id: UUID | None = Field(None, description=UPDATE)
    need_id: UUID | None = Field(None, description=NEED)
    agenda_item_id: UUID | None = Field(None, description=ITEM)

    @model_validator(mode="after")
    def _something(self) -> "PointChange":
        if not self.model_fields_set:
            raise PydanticCustomError("nothing", "Name at least one field to change.")
        if "text" in self.model_fields_set and self.text is None:
            raise PydanticCustomError("null", "text can't be null: leave it out to keep it.")
        return self


class ProgressOut(Output):
    """How far a point has come, by the action items that you see."""

    stage: Stage = Field(description="None is without action items; cancelled ones don't count.")
    counts: dict[State, int] = Field(examples=[{"open": 1, "done": 2}])


class PointOut(Output):
    """What a meeting agreed."""

    id: UUID
    meeting_id: UUID
    number: int = Field(description="Its number within the meeting, from 1.", examples=[3])
    text: str = Field(examples=[AGREED])
    outcome: str | None = Field(examples=[OUTCOME])
    raised_by: UUID | None
    raised_by_name: str | None = Field(examples=["CIRDAP"])
    update_id: UUID | None
    need_id: UUID | None
    agenda_item_id: UUID | None
    agenda_item_number: int | None = Field(description="Its number on the agenda.", examples=[2])
    progress: ProgressOut
    version: int = Field(description="Grows with each change; the ETag of this agreed point.")
    recorded_at: datetime
    updated_at: datetime


class PointChangeOut(Output):
    """One change of an agreed point."""

    version: int
    by: PersonOut | None = Field(
        description="Shown to the people of the groups and to coordinators."
    )
    at: datetime
    changes: dict[str, list[Any]] = Field(
        description="The value before and after, by field.",
        examples=[{"outcome": [None, OUTCOME]}],
    )


@router.post(
    "/meetings/{meeting_id}/agreed-points",
    status_code=201,
    summary="Record what a meeting agreed",
    response_model=PointOut,
    responses=responses(
        UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW, INVALID, IDEMPOTENCY_MISMATCH
    ),
)
def record_agreed_point(
    meeting_id: MeetingId, body: NewPoint, caller: CurrentCaller, once: Once, session: Writing
) -> Response:
    """Add a point with the next number; by who leads a group of the meeting or records for it."""
    meeting = meeting_to_record(session, caller, meeting_id)

    def create() -> Answer:
        point = agreed_points.record(session, caller, meeting, body.model_dump())
        return Answer(
            _shown(session, caller, [point])[0],
            headers={"Location": f"/agreed-points/{point.id}", "ETag": etag(point.version)},
        )

    return once.answer(session, create)


@router.get(
    "/meetings/{meeting_id}/agreed-points",
    summary="List what a meeting agreed",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def list_agreed_points(
    *,
    meeting_id: MeetingId,
    caller: MaybeCaller,
    session: Reading,
    page: PageQuery,
    raised_by: Annotated[
        UUID | None, Query(description="Only those that answer what this institution raised.")
    ] = None,
    agenda_item: Annotated[
        UUID | None, Query(description="Only those that were agreed under this item.")
    ] = None,
) -> Page[PointOut]:
    """Return the points in the order of their numbers, each with how far it has come."""
    meeting = meeting_to_read(session, caller, meeting_id)
    statement = select(AgreedPoint).where(AgreedPoint.meeting_id == meeting.id)
    if raised_by is not None:
        statement = statement.where(AgreedPoint.raised_by == raised_by)
    if agenda_item is not None:
        statement = statement.where(AgreedPoint.agenda_item_id == agenda_item)
    found = paginate(session, statement, col(AgreedPoint.number), page)
    return Page(items=_shown(session, caller, found.items), next_cursor=found.next_cursor)


@router.get(
    "/agreed-points/{agreed_point_id}",
    summary="Read an agreed point",
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def read_agreed_point(
    agreed_point_id: AgreedPointId, caller: MaybeCaller, session: Reading, response: Response
) -> PointOut:
    """Return a point of a meeting that the caller sees, with how far it has come."""
    point = point_to_read(session, caller, agreed_point_id)
    response.headers["ETag"] = etag(point.version)
    return _shown(session, caller, [point])[0]


@router.patch(
    "/agreed-points/{agreed_point_id}",
    summary="Change an agreed point",
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
def change_agreed_point(
    *,
    agreed_point_id: AgreedPointId,
    body: PointChange,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> PointOut:
    """Word a point otherwise, say what it answers or what came of it; every change is kept.

    By who leads a group of the meeting or records for it.
    """
    point = point_to_change(session, caller, agreed_point_id)
    require_version(point.version, expected)
    wanted = {name: getattr(body, name) for name in body.model_fields_set}
    agreed_points.change(session, caller, point, wanted)
    response.headers["ETag"] = etag(point.version)
    return _shown(session, caller, [point])[0]


@router.get(
    "/agreed-points/{agreed_point_id}/history",
    summary="Read the history of an agreed point",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def read_agreed_point_history(
    agreed_point_id: AgreedPointId, caller: MaybeCaller, session: Reading, page: PageQuery
) -> Page[PointChangeOut]:
    """Return every change, the oldest first, with the values before and after."""
    point = point_to_read(session, caller, agreed_point_id)
    found = paginate(
        session,
        select(AgreedPointChange).where(AgreedPointChange.agreed_point_id == point.id),
        col(AgreedPointChange.version),
        page,
    )
    within = groups_from_within(session, caller)
    named = any(group.id in within for group in groups_of_meeting(session, point.meeting_id))
    names = names_of_people(session, [change.by for change in found.items]) if named else {}
    return Page(
        items=[
            PointChangeOut(
                version=change.version,
                by=PersonOut(id=change.by, name=names.get(change.by)) if named else None,
                at=change.at,
                changes=change.changes,
            )
            for change in found.items
        ],
        next_cursor=found.next_cursor,
    )


def _shown(
    session: Session, caller: Caller | None, points: Sequence[AgreedPoint]
) -> list[PointOut]:
    come = progress_of(session, caller, [point.id for point in points])
    names = names_of(session, [point.raised_by for point in points if point.raised_by])
    items = [point.agenda_item_id for point in points if point.agenda_item_id]
    numbers = dict(
        session.exec(
            select(AgendaItem.id, AgendaItem.number).where(col(AgendaItem.id).in_(items))
        ).all()
    )
    return [
        PointOut(
            **point.model_dump(include=set(PointOut.model_fields)),
            agenda_item_number=numbers.get(point.agenda_item_id) if point.agenda_item_id else None,
            raised_by_name=names[point.raised_by].short if point.raised_by in names else None,
            progress=ProgressOut.model_validate(come[point.id]),
        )
        for point in points
    ]
