"""The agenda and the minutes of a meeting."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, select

from services.workgroups import meeting_access, meetings, minutes, permissions
from services.workgroups.minutes import MinutesState, Topic
from services.workgroups.routes.permitted_meetings import MeetingToRecord, VisibleMeeting
from services.workgroups.tables import Meeting, MinutesVersion
from shared.etags import IfMatch, etag, require_version
from shared.identity import Caller
from shared.markdown import html_of
from shared.pagination import Page, PageQuery, paginate
from shared.problems import (
    FORBIDDEN,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
    responses,
)
from shared.text import Input, Output, Prose, Reason, Title
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

router = APIRouter(prefix="/meetings/{meeting_id}", tags=["meetings"])

WRITING = responses(
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    NOT_ALLOWED_NOW,
    INVALID,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
)


class TopicIn(Input):
    """What a meeting is to speak about; a person or an institution may present it."""

    title: Title = Field(examples=["What members need"])
    presenter_id: UUID | None = None
    presenting_institution_id: UUID | None = None

    @model_validator(mode="after")
    def _one_presenter(self) -> "TopicIn":
        if self.presenter_id is not None and self.presenting_institution_id is not None:
            raise PydanticCustomError("presenters", "Name a person or an institution, not both.")
        return self


class NewAgenda(Input):
    """The whole agenda."""

    items: list[TopicIn] = Field(max_length=100, description="In order.")


class AgendaItemOut(Output):
    """What a meeting is to speak about."""

    id: UUID
    number: int = Field(examples=[1])
    title: str
    presenter_id: UUID | None
    presenting_institution_id: UUID | None


class NewMinutes(Input):
    """Minutes to write, in Markdown."""

    text: Prose = Field(examples=["All took part."])
    items: dict[int, Prose] = Field({}, description="Of agenda items, by their number.")
    reason: Reason | None = Field(None, description="Why minutes that were agreed are corrected.")


class MinutesOut(Output):
    """A version of the minutes."""

    version: int = Field(description="The ETag of the minutes.")
    state: MinutesState
    text: str
    html: str = Field(description="The text, safe to show.")
    items: dict[int, str]
    items_html: dict[int, str]
    reason: str | None
    written_by: UUID
    written_at: datetime


@router.put("/agenda", summary="Set the agenda", responses=WRITING)
def set_agenda(
    *,
    body: NewAgenda,
    meeting: MeetingToRecord,
    expected: IfMatch,
    session: Writing,
) -> list[AgendaItemOut]:
    """Give the meeting its agenda, in order; by who records for it. Minutes make it final."""
    require_version(meeting.version, expected)
    minutes.set_agenda(session, meeting, [Topic(**each.model_dump()) for each in body.items])
    return _agenda(session, meeting)


@router.get("/agenda", summary="Read the agenda", responses=responses(UNAUTHENTICATED, NOT_FOUND))
def read_agenda(meeting: VisibleMeeting, session: Reading) -> list[AgendaItemOut]:
    """Return what the meeting is to speak about, in order."""
    return _agenda(session, meeting)


@router.put("/minutes", summary="Write the minutes", responses=WRITING)
def write_minutes(
    *,
    body: NewMinutes,
    meeting: MeetingToRecord,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> MinutesOut:
    """Write the minutes as a new draft; by who records for the meeting.

    If-Match holds the version that you saw, "0" for the first.
    """
    written = minutes.write(
        session,
        meeting,
        expected=expected,
        text=body.text,
        items=body.items,
        reason=body.reason,
        by=caller.id,
    )
    return _shown(written, response)


@router.post("/minutes/circulate", summary="Circulate the minutes", responses=WRITING)
def circulate_minutes(
    *,
    meeting: MeetingToRecord,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> MinutesOut:
    """Show drafted minutes to those who belong to the group; by who records for the meeting."""
    after = MinutesState.CIRCULATED
    step = minutes.advance(session, meeting, after, expected=expected, by=caller.id)
    return _shown(step, response)


@router.post("/minutes/agree", summary="Agree the minutes", responses=WRITING)
def agree_minutes(
    *,
    meeting: MeetingToRecord,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> MinutesOut:
    """Say that circulated minutes are agreed: whoever sees the meeting reads them."""
    after = MinutesState.AGREED
    step = minutes.advance(session, meeting, after, expected=expected, by=caller.id)
    return _shown(step, response)


@router.get("/minutes", summary="Read the minutes", responses=responses(UNAUTHENTICATED, NOT_FOUND))
def read_minutes(
    meeting: VisibleMeeting, caller: MaybeCaller, session: Reading, response: Response
) -> MinutesOut:
    """Return the newest minutes that the caller may read.

    Drafts are for who records for the meeting, circulated ones for those who belong.
    """
    found = minutes.current(session, meeting, _readable(session, caller, meeting))
    if found is None:
        raise minutes.no_minutes()
    return _shown(found, response)


@router.get(
    "/minutes/versions",
    summary="List the versions of the minutes",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def list_versions(
    meeting: VisibleMeeting, caller: MaybeCaller, session: Reading, page: PageQuery
) -> Page[MinutesOut]:
    """Return every version of the minutes that the caller may read, the first one first."""
    statement = select(MinutesVersion).where(
        MinutesVersion.meeting_id == meeting.id,
        col(MinutesVersion.state).in_(_readable(session, caller, meeting)),
    )
    found = paginate(session, statement, col(MinutesVersion.number), page)
    return Page(items=[_out(each) for each in found.items], next_cursor=found.next_cursor)


def _readable(session: Session, caller: Caller | None, meeting: Meeting) -> list[MinutesState]:
    if caller is not None and any(
        permissions.may_record(session, caller, group_id)
        for group_id in meetings.group_ids_of(session, meeting.id)
    ):
        return list(MinutesState)
    if meeting_access.knows_link(session, caller, meeting):
        return [MinutesState.CIRCULATED, MinutesState.AGREED]
    return [MinutesState.AGREED]


def _agenda(session: Session, meeting: Meeting) -> list[AgendaItemOut]:
    return [AgendaItemOut.model_validate(each) for each in minutes.agenda_of(session, meeting)]


def _shown(version: MinutesVersion, response: Response) -> MinutesOut:
    response.headers["ETag"] = etag(version.number)
    return _out(version)


def _out(version: MinutesVersion) -> MinutesOut:
    return MinutesOut.model_validate(
        {
            **version.model_dump(),
            "version": version.number,
            "html": html_of(version.text),
            "items_html": {number: html_of(text) for number, text in version.items.items()},
        }
    )
