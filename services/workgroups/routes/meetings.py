"""Meetings: recording and reading them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, select

from services.workgroups import meetings, sight
from services.workgroups.routes.days import Day
from services.workgroups.routes.permitted import Coordinator, MeetingId
from services.workgroups.tables import Group, Meeting, MeetingGroup
from shared.events.catalogue import MeetingMode
from shared.idempotency import Answer, Once
from shared.pagination import Page, PageQuery, paginate_newest_first
from shared.problems import (
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    responses,
)
from shared.text import Input, Name, Output, Reason, Title
from shared.time_zones import TimeZone
from shared.web import MaybeCaller, Reading, Writing

router = APIRouter(prefix="/meetings", tags=["meetings"])

TITLE = "South-South and triangular cooperation focal points retreat"
AGREED = "Listen closely to the demands of recipient countries, to support them better."


def _each_once(ids: list[UUID]) -> list[UUID]:
    if len(set(ids)) != len(ids):
        raise PydanticCustomError("repeated", "Name each group once.")
    return ids


class NewMeeting(Input):
    """A meeting that was held."""

    title: Title = Field(examples=[TITLE])
    date: Day = Field(description="The day, in its time zone.", examples=["2020-12-15"])
    place: Name | None = Field(None, examples=["Bangkok, Thailand"])
    time_zone: TimeZone
    mode: MeetingMode = Field(examples=["hybrid"])
    participants_in_person: int = Field(ge=0, le=100_000, strict=True, examples=[19])
    participants_online: int = Field(ge=0, le=100_000, strict=True, examples=[16])
    convenor_id: UUID | None = Field(None, description="The institution that called it.")
    group_ids: Annotated[
        list[UUID],
        Field(min_length=1, max_length=50, description="The groups whose meeting it was."),
        AfterValidator(_each_once),
    ]
    agreed_points: Annotated[
        list[Reason],
        Field(max_length=100, description="What was agreed, in order.", examples=[[AGREED]]),
    ] = []  # noqa: RUF012


class MeetingGroupOut(Output):
    """A group whose meeting it was."""

    id: UUID
    title: str


class AgreedPointOut(Output):
    """What a meeting agreed."""

    id: UUID
    number: int = Field(description="Its number within the meeting, from 1.", examples=[3])
    text: str = Field(examples=[AGREED])


class MeetingOut(Output):
    """A meeting that was held."""

    id: UUID
    title: str = Field(examples=[TITLE])
    date: date
    place: str | None = Field(examples=["Bangkok, Thailand"])
    time_zone: str = Field(examples=["Asia/Bangkok"])
    mode: MeetingMode
    participants_in_person: int = Field(examples=[19])
    participants_online: int = Field(examples=[16])
    convenor_id: UUID | None
    groups: list[MeetingGroupOut]
    agreed_points: list[AgreedPointOut]
    recorded_at: datetime


@router.post(
    "",
    status_code=201,
    summary="Record a meeting",
    response_model=MeetingOut,
    responses=responses(
        UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW, INVALID, IDEMPOTENCY_MISMATCH
    ),
)
def record_meeting(body: NewMeeting, caller: Coordinator, once: Once, session: Writing) -> Response:
    """Record a meeting of one or more groups with what it agreed; by a coordinator."""

    def create() -> Answer:
        meeting = meetings.record(
            session,
            title=body.title,
            held=meetings.Held(
                held_on=body.date,
                place=body.place,
                time_zone=body.time_zone,
                mode=body.mode,
                participants_in_person=body.participants_in_person,
                participants_online=body.participants_online,
            ),
            convenor_id=body.convenor_id,
            group_ids=body.group_ids,
            agreed_points=body.agreed_points,
            by=caller.id,
        )
        return Answer(
            _shown(session, [meeting])[0], headers={"Location": f"/meetings/{meeting.id}"}
        )

    return once.answer(session, create)


@router.get("", summary="List the meetings", responses=responses(UNAUTHENTICATED, INVALID))
def list_meetings(
    caller: MaybeCaller,
    session: Reading,
    page: PageQuery,
    group: Annotated[UUID | None, Query(description="Only those of the group of this id.")] = None,
) -> Page[MeetingOut]:
    """Return the meetings of groups that the caller sees, the one recorded last first."""
    seen = select(MeetingGroup.meeting_id).join(Group).where(sight.in_sight(session, caller))
    if group is not None:
        seen = seen.where(MeetingGroup.group_id == group)
    statement = select(Meeting).where(col(Meeting.id).in_(seen))
    found = paginate_newest_first(session, statement, col(Meeting.id), page)
    return Page(items=_shown(session, found.items), next_cursor=found.next_cursor)


@router.get(
    "/{meeting_id}",
    summary="Read a meeting",
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def read_meeting(meeting_id: MeetingId, caller: MaybeCaller, session: Reading) -> MeetingOut:
    """Return a meeting of a group that the caller sees, with its groups and what it agreed."""
    meeting = meetings.read(session, meeting_id)
    if not any(
        sight.is_seen(session, caller, group.id)
        for group in meetings.groups_of(session, [meeting.id])[meeting.id]
    ):
        raise meetings.no_such_meeting()
    return _shown(session, [meeting])[0]


def _shown(session: Session, found: Sequence[Meeting]) -> list[MeetingOut]:
    ids = [meeting.id for meeting in found]
    groups = meetings.groups_of(session, ids)
    points = meetings.agreed_points_of(session, ids)
    return [
        MeetingOut(
            **meeting.model_dump(exclude={"held_on", "recorded_by"}),
            date=meeting.held_on,
            groups=[MeetingGroupOut.model_validate(group) for group in groups[meeting.id]],
            agreed_points=[AgreedPointOut.model_validate(point) for point in points[meeting.id]],
        )
        for meeting in found
    ]
