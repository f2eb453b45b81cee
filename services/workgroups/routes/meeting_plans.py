"""Planning meetings, and taking them through their life."""

import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field
from sqlmodel import Session, col, select

from services.workgroups import meeting_access, meeting_plans
from services.workgroups.meeting_states import MeetingStatus
from services.workgroups.routes.meeting_fields import (
    AGREED,
    MeetingOut,
    Participants,
    shown_alone,
)
from services.workgroups.routes.meeting_plan_fields import NewPlan, PlanChange, Slot
from services.workgroups.routes.permitted_meetings import MeetingToRecord, VisibleMeeting
from services.workgroups.tables import Meeting, MeetingChange
from shared.columns import utc_now
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
from shared.text import Input, Output, Reason
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

router = APIRouter(prefix="/meetings", tags=["meetings"])

STEP_PROBLEMS = responses(
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    NOT_ALLOWED_NOW,
    INVALID,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
)


class Move(Slot):
    """Another time for a meeting."""

    reason: Reason = Field(examples=["The venue is taken that day."])


class Cancellation(Input):
    """Why a meeting does not take place."""

    reason: Reason = Field(examples=["Too few could come."])


class Holding(Input):
    """What a meeting came to."""

    participants_in_person: Participants | None = Field(
        None, description="Left out, it follows from the attendance."
    )
    participants_online: Participants | None = None
    agreed_points: Annotated[
        list[Reason],
        Field(max_length=100, description="What was agreed, in order.", examples=[[AGREED]]),
    ] = []  # noqa: RUF012


class MeetingChangeOut(Output):
    """A change of a meeting."""

    version: int = Field(description="The version that it made.")
    status: MeetingStatus = Field(description="The status since then.")
    before: dict[str, Any] = Field(
        description="The values before, by name.", examples=[{"status": "planned"}]
    )
    reason: str | None
    changed_by: UUID
    changed_at: datetime


@router.post(
    "/planned",
    status_code=201,
    summary="Plan a meeting",
    response_model=MeetingOut,
    responses=responses(
        UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW, INVALID, IDEMPOTENCY_MISMATCH
    ),
)
def plan_meeting(body: NewPlan, caller: CurrentCaller, once: Once, session: Writing) -> Response:
    """Plan a meeting of one or more groups; by who records for all of them.

    Another meeting of a group at that time is no error: `warnings` names it.
    """
    meeting_access.require_recording_for(session, caller, body.group_ids)

    def create() -> Answer:
        meeting = meeting_plans.plan(
            session, body.plan(), body.group_ids, MeetingStatus(body.status), by=caller.id
        )
        return Answer(
            shown_alone(session, caller, meeting),
            headers={"Location": f"/meetings/{meeting.id}", "ETag": etag(meeting.version)},
        )

    return once.answer(session, create)


@router.patch("/{meeting_id}", summary="Change a meeting", responses=STEP_PROBLEMS)
def change_meeting(
    *,
    body: PlanChange,
    meeting: MeetingToRecord,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> MeetingOut:
    """Change what a meeting is; by who records for all its groups.

    A time that was told already is moved with `reschedule`.
    """
    require_version(meeting.version, expected)
    meeting_plans.change(session, meeting, body.columns(), body.times(meeting), by=caller.id)
    return _answer(session, caller, meeting, response)


@router.post("/{meeting_id}/schedule", summary="Settle its time", responses=STEP_PROBLEMS)
def schedule_meeting(
    meeting: MeetingToRecord,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> MeetingOut:
    """Settle the time of a planned meeting and ask people to come."""
    require_version(meeting.version, expected)
    meeting_plans.schedule(session, meeting, by=caller.id)
    return _answer(session, caller, meeting, response)


@router.post("/{meeting_id}/reschedule", summary="Move it", responses=STEP_PROBLEMS)
def reschedule_meeting(
    *,
    body: Move,
    meeting: MeetingToRecord,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> MeetingOut:
    """Move a meeting to another time, and say why; a cancelled one takes place then after all."""
    require_version(meeting.version, expected)
    meeting_plans.reschedule(session, meeting, body.times(), body.reason, by=caller.id)
    return _answer(session, caller, meeting, response)


@router.post("/{meeting_id}/cancel", summary="Cancel it", responses=STEP_PROBLEMS)
def cancel_meeting(
    *,
    body: Cancellation,
    meeting: MeetingToRecord,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> MeetingOut:
    """Say that a meeting does not take place, and why."""
    require_version(meeting.version, expected)
    meeting_plans.cancel(session, meeting, body.reason, by=caller.id)
    return _answer(session, caller, meeting, response)


@router.post("/{meeting_id}/hold", summary="Say that it was held", responses=STEP_PROBLEMS)
def hold_meeting(
    *,
    body: Holding,
    meeting: MeetingToRecord,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> MeetingOut:
    """Say that a meeting that has begun was held, how many took part, and what it agreed."""
    require_version(meeting.version, expected)
    meeting_plans.hold(
        session,
        meeting,
        participants_in_person=body.participants_in_person,
        participants_online=body.participants_online,
        agreed_points=body.agreed_points,
        now=utc_now(),
        by=caller.id,
    )
    return _answer(session, caller, meeting, response)


@router.get(
    "/{meeting_id}/history",
    summary="Show how a meeting changed",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def read_history(
    meeting: VisibleMeeting, caller: MaybeCaller, session: Reading, page: PageQuery
) -> Page[MeetingChangeOut]:
    """Return every change of a meeting: when, by whom, why, and what was before."""
    statement = select(MeetingChange).where(MeetingChange.meeting_id == meeting.id)
    found = paginate(session, statement, col(MeetingChange.version), page)
    joins = meeting_access.knows_link(session, caller, meeting)
    items = []
    for each in found.items:
        before = json.loads(each.before)
        if not joins:
            before.pop("link", None)
        items.append(MeetingChangeOut.model_validate({**each.model_dump(), "before": before}))
    return Page(items=items, next_cursor=found.next_cursor)


def _answer(session: Session, caller: Caller, meeting: Meeting, response: Response) -> MeetingOut:
    response.headers["ETag"] = etag(meeting.version)
    return shown_alone(session, caller, meeting)
