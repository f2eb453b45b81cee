"""Meetings: recording one that was held, finding and reading them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlmodel import col, select

from services.workgroups import meeting_access, meetings
from services.workgroups.days import Day
from services.workgroups.meeting_states import MeetingStatus
from services.workgroups.routes.meeting_fields import (
    AGREED,
    TITLE,
    GroupIds,
    MeetingOut,
    Participants,
    shown,
    shown_alone,
)
from services.workgroups.routes.permitted_meetings import VisibleMeeting
from services.workgroups.tables import Meeting
from shared.etags import etag
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
from shared.text import Input, Name, Reason, Title
from shared.time_zones import TimeZone
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

router = APIRouter(prefix="/meetings", tags=["meetings"])


class NewMeeting(Input):
    """A meeting that was held."""

    title: Title = Field(examples=[TITLE])
    date: Day = Field(description="The day, in its time zone.", examples=["2020-12-15"])
    place: Name | None = Field(None, examples=["Bangkok, Thailand"])
    time_zone: TimeZone
    mode: MeetingMode = Field(examples=["hybrid"])
    participants_in_person: Participants = Field(examples=[19])
    participants_online: Participants = Field(examples=[16])
    convenor_id: UUID | None = Field(None, description="The institution that called it.")
    group_ids: GroupIds
    agreed_points: Annotated[
        list[Reason],
        Field(max_length=100, description="What was agreed, in order.", examples=[[AGREED]]),
    ] = []  # noqa: RUF012


@router.post(
    "",
    status_code=201,
    summary="Record a meeting",
    response_model=MeetingOut,
    responses=responses(
        UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW, INVALID, IDEMPOTENCY_MISMATCH
    ),
)
def record_meeting(
    body: NewMeeting, caller: CurrentCaller, once: Once, session: Writing
) -> Response:
    """Record a meeting that was held with what it agreed; by who records for all its groups."""
    meeting_access.require_recording_for(session, caller, body.group_ids)

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
            shown_alone(session, caller, meeting),
            headers={"Location": f"/meetings/{meeting.id}", "ETag": etag(meeting.version)},
        )

    return once.answer(session, create)


@router.get("", summary="List the meetings", responses=responses(UNAUTHENTICATED, INVALID))
def list_meetings(
    caller: MaybeCaller,
    session: Reading,
    page: PageQuery,
    group: Annotated[UUID | None, Query(description="Only those of the group of this id.")] = None,
    status: Annotated[MeetingStatus | None, Query(description="Only those of this status.")] = None,
) -> Page[MeetingOut]:
    """Return the meetings of groups that the caller sees, the one made last first."""
    statement = select(Meeting).where(meeting_access.in_sight(session, caller, group))
    if status is not None:
        statement = statement.where(Meeting.status == status)
    found = paginate_newest_first(session, statement, col(Meeting.id), page)
    return Page(items=shown(session, caller, found.items), next_cursor=found.next_cursor)


@router.get(
    "/{meeting_id}",
    summary="Read a meeting",
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def read_meeting(
    meeting: VisibleMeeting, caller: MaybeCaller, session: Reading, response: Response
) -> MeetingOut:
    """Return a meeting of a group that the caller sees, with its groups and what it agreed."""
    response.headers["ETag"] = etag(meeting.version)
    return shown_alone(session, caller, meeting)
