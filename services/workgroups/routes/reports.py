"""The report of a group."""

from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from services.workgroups.days import Day
from services.workgroups.group_report import Report, report_of
from services.workgroups.pages.report import report_page, report_pdf
from services.workgroups.report_attendance import attendance_of, may_know
from services.workgroups.report_periods import period_of
from services.workgroups.routes.permitted import VisibleGroup
from services.workgroups.transitions import State
from shared.columns import utc_now
from shared.events.catalogue import UpdateKind
from shared.problems import INVALID, NOT_FOUND, UNAUTHENTICATED, responses
from shared.text import Output
from shared.web import MaybeCaller, Reading

router = APIRouter(prefix="/groups/{group_id}", tags=["reports"])


class ReportFormat(StrEnum):
    """As what a report is answered."""

    HTML = "html"
    PDF = "pdf"
    JSON = "json"


class ReportMeetingOut(Output):
    """A meeting that was held, with how many took part."""

    id: UUID
    title: str
    held_on: date
    place: str | None
    mode: str
    participants_in_person: int
    participants_online: int
    agreed_points: int


class ReportPointOut(Output):
    """What was agreed, and how many of its action items were done; cancelled ones don't count."""

    id: UUID
    meeting_id: UUID
    meeting_title: str
    number: int
    text: str
    outcome: str | None
    items_done: int
    items: int


class ReportAttendanceOut(Output):
    """How an institution took part over all meetings: at how many, with how many people."""

    institution_id: UUID | None = Field(description="Null: of no institution of the group.")
    institution_name: str | None
    meetings: int
    in_person: int
    online: int
    excused: int
    absent: int


class ReportItemOut(Output):
    """An action item as it stood at the end of the period."""

    id: UUID
    number: int
    title: str
    institution_id: UUID
    institution_name: str | None
    due_date: date
    state: State


class ReportItemsOut(Output):
    """What came to be owed and what was finished.

    Unfinished before, opened and reopened are together as many as done, cancelled and unfinished.
    """

    unfinished_before: int
    opened: list[ReportItemOut]
    reopened: list[ReportItemOut]
    done: list[ReportItemOut]
    cancelled: list[ReportItemOut]
    unfinished: int
    overdue: list[ReportItemOut] = Field(description="At the end of the period.")


class ReportMemberOut(Output):
    """An institution that joined or left."""

    institution_id: UUID
    institution_name: str | None
    on: date


class ReportMembersOut(Output):
    """Who came and went, and how many there were at the end."""

    joined: list[ReportMemberOut]
    left: list[ReportMemberOut]
    at_the_end: int


class ReportOut(Output):
    """What a group did in a period."""

    group_id: UUID
    group_title: str
    first: date
    last: date
    as_of: datetime = Field(description="The end of the period, or now while it goes on.")
    time_zone: str
    meetings: list[ReportMeetingOut]
    attendance: list[ReportAttendanceOut] | None = Field(
        description="Null: only who belongs to the group knows who was there."
    )
    agreed_points: list[ReportPointOut]
    action_items: ReportItemsOut
    updates: dict[UpdateKind, int] = Field(description="How many were published, by kind.")
    members: ReportMembersOut


_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report.",
        "content": {
            "text/html": {"schema": {"type": "string"}},
            "application/pdf": {"schema": {"type": "string", "format": "binary"}},
        },
    },
    **responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
}


@router.get("/report", summary="Report on a group", response_model=ReportOut, responses=_ANSWERS)
def read_report(
    *,
    group: VisibleGroup,
    caller: MaybeCaller,
    session: Reading,
    first: Annotated[
        Day | None,
        Query(
            alias="from",
            description="The first day, in the group's time zone; if absent, 90 days before.",
        ),
    ] = None,
    last: Annotated[
        Day | None, Query(alias="to", description="The last day; today if absent.")
    ] = None,
    answered_as: Annotated[
        ReportFormat, Query(alias="format", description="A page, a PDF, or the figures.")
    ] = ReportFormat.HTML,
) -> Response:
    """Report what a group that the caller sees did: meetings, agreements, action items, updates.

    Who was there, by institution, is told to who belongs to the group. Action items stand as at
    the end of the period, whatever became of them since.
    """
    now = utc_now()
    period = period_of(first, last, group.time_zone, now)
    report: Report = report_of(session, group, period, now)
    if may_know(session, caller, group.id):
        met = [meeting.id for meeting in report.meetings]
        report = replace(report, attendance=attendance_of(session, group.id, met))
    if answered_as is ReportFormat.HTML:
        return report_page(report, now)
    if answered_as is ReportFormat.JSON:
        return Response(
            ReportOut.model_validate(report).model_dump_json(), media_type="application/json"
        )
    name = f"{group.slug}-{period.first}-{period.last}.pdf"
    return Response(
        report_pdf(report, now),
        media_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )
