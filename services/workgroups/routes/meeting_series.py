"""Series of meetings: scheduling, changing and moving them, adding to them and ending them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from sqlmodel import Session, col, select

from services.workgroups import (
    meeting_access,
    series_access,
    series_changes,
    series_invitations,
    series_planning,
)
from services.workgroups.routes.meeting_fields import MeetingOut
from services.workgroups.routes.meeting_fields import shown as shown_meetings
from services.workgroups.routes.meeting_fields import shown_alone as shown_meeting
from services.workgroups.routes.series_fields import (
    NewSeries,
    SeriesChange,
    SeriesEnd,
    SeriesMove,
    SeriesOut,
    SlotIn,
    shown,
    shown_alone,
)
from services.workgroups.tables import Meeting, MeetingSeries
from shared.etags import IfMatch, etag, require_version
from shared.idempotency import Answer, Once
from shared.identity import Caller
from shared.pagination import Page, PageQuery, cursor_after, paginate_newest_first, place_of
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
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

router = APIRouter(prefix="/meeting-series", tags=["meeting series"])

STEP_PROBLEMS = responses(
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    NOT_ALLOWED_NOW,
    INVALID,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
)
CREATING = responses(
    UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW, INVALID, IDEMPOTENCY_MISMATCH
)

SeriesId = Annotated[UUID, Path(description="The id of the series.")]


def _visible(series_id: SeriesId, caller: MaybeCaller, session: Reading) -> MeetingSeries:
    return series_access.series_to_see(session, caller, series_id)


def _to_record(series_id: SeriesId, caller: CurrentCaller, session: Writing) -> MeetingSeries:
    return series_access.series_to_record(session, caller, series_id)


VisibleSeries = Annotated[MeetingSeries, Depends(_visible)]
"""A series that the caller sees, to read from; 404 otherwise."""

SeriesToRecord = Annotated[MeetingSeries, Depends(_to_record)]
"""A series that waits for this request, by who records for it; 404, 403 or 409 otherwise."""


@router.post(
    "",
    status_code=201,
    summary="Schedule a series of meetings",
    response_model=SeriesOut,
    responses=CREATING,
)
def schedule_series(
    body: NewSeries, caller: CurrentCaller, once: Once, session: Writing
) -> Response:
    """Schedule meetings of one or more groups by a rule; by who records for all of them.

    Each keeps its time on the wall over changes of the clocks, and is a meeting of its own, with
    invitations, agenda and minutes.
    """
    meeting_access.require_recording_for(session, caller, body.group_ids)

    def create() -> Answer:
        series = series_planning.plan(
            session, body.plan(), body.slot(), body.repetition(), body.group_ids, by=caller.id
        )
        return Answer(
            shown_alone(session, caller, series),
            headers={"Location": f"/meeting-series/{series.id}", "ETag": etag(series.version)},
        )

    return once.answer(session, create)


@router.get("", summary="List the series", responses=responses(UNAUTHENTICATED, INVALID))
def list_series(
    caller: MaybeCaller,
    session: Reading,
    page: PageQuery,
    group: Annotated[UUID | None, Query(description="Only those of the group of this id.")] = None,
) -> Page[SeriesOut]:
    """Return the series of groups that the caller sees, the one made last first."""
    statement = select(MeetingSeries).where(series_access.in_sight(session, caller, group))
    found = paginate_newest_first(session, statement, col(MeetingSeries.id), page)
    return Page(items=shown(session, caller, found.items), next_cursor=found.next_cursor)


@router.get(
    "/{series_id}", summary="Read a series", responses=responses(UNAUTHENTICATED, NOT_FOUND)
)
def read_series(
    series: VisibleSeries, caller: MaybeCaller, session: Reading, response: Response
) -> SeriesOut:
    """Return a series of a group that the caller sees, with how many meetings are to come."""
    response.headers["ETag"] = etag(series.version)
    return shown_alone(session, caller, series)


@router.get(
    "/{series_id}/meetings",
    summary="List the meetings of a series",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def list_meetings_of_series(
    series: VisibleSeries, caller: MaybeCaller, session: Reading, page: PageQuery
) -> Page[MeetingOut]:
    """Return its meetings that the caller sees, in order of time, cancelled ones too."""
    found = sorted(
        session.exec(
            select(Meeting).where(
                Meeting.series_id == series.id, meeting_access.in_sight(session, caller)
            )
        ),
        key=_place,
    )
    of_list = f"meetings of {series.id}"
    if page.cursor is not None:
        place = place_of(page.cursor, of_list, [str, str])
        found = [meeting for meeting in found if _place(meeting) > place]
    items = found[: page.limit]
    return Page(
        items=shown_meetings(session, caller, items),
        next_cursor=cursor_after(_place(items[-1]), of_list) if len(found) > page.limit else None,
    )


@router.patch("/{series_id}", summary="Change a series", responses=STEP_PROBLEMS)
def change_series(
    *,
    body: SeriesChange,
    series: SeriesToRecord,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> SeriesOut:
    """Change what its meetings to come are, all or from one on; by who records for all its groups.

    What was changed for one meeting alone stays. A single one is changed at `/meetings/{id}`.
    """
    require_version(series.version, expected)
    first = series_access.meeting_of(session, series, body.from_meeting_id, "/from_meeting_id")
    since = first.occurrence if first else None
    series_changes.change(session, series, body.columns(), since, by=caller.id)
    return _answer(session, caller, series, response)


@router.post("/{series_id}/reschedule", summary="Move a series", responses=STEP_PROBLEMS)
def reschedule_series(
    *,
    body: SeriesMove,
    series: SeriesToRecord,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> SeriesOut:
    """Move its meetings to come to another time of their days, all or from one on, and say why.

    A meeting that was moved alone stays where it is.
    """
    require_version(series.version, expected)
    first = series_access.meeting_of(session, series, body.from_meeting_id, "/from_meeting_id")
    since = first.occurrence if first else None
    series_changes.reschedule(session, series, body.slot(), since, body.reason, by=caller.id)
    return _answer(session, caller, series, response)


@router.post("/{series_id}/end", summary="End a series", responses=STEP_PROBLEMS)
def end_series(
    *,
    body: SeriesEnd,
    series: SeriesToRecord,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> SeriesOut:
    """Cancel its meetings to come, all or from one on, and say why; none is added any more."""
    require_version(series.version, expected)
    first = series_access.meeting_of(session, series, body.from_meeting_id, "/from_meeting_id")
    since = first.occurrence if first else None
    series_changes.end(session, series, since, body.reason, by=caller.id)
    return _answer(session, caller, series, response)


@router.post(
    "/{series_id}/meetings",
    status_code=201,
    summary="Add a meeting to a series",
    response_model=MeetingOut,
    responses=CREATING,
)
def add_meeting(
    body: SlotIn, series: SeriesToRecord, caller: CurrentCaller, once: Once, session: Writing
) -> Response:
    """Add a meeting beside those of the rule; by who records for all groups of the series.

    Whoever is invited to every other meeting to come is invited to it.
    """

    def create() -> Answer:
        meeting = series_planning.add(session, series, body.slot(), by=caller.id)
        series_invitations.invite_to_added(session, series, meeting, by=caller.id)
        return Answer(
            shown_meeting(session, caller, meeting),
            headers={"Location": f"/meetings/{meeting.id}", "ETag": etag(meeting.version)},
        )

    return once.answer(session, create)


def _place(meeting: Meeting) -> tuple[str, str]:
    return meeting.begins_at.isoformat() if meeting.begins_at else "", str(meeting.id)


def _answer(
    session: Session, caller: Caller, series: MeetingSeries, response: Response
) -> SeriesOut:
    response.headers["ETag"] = etag(series.version)
    return shown_alone(session, caller, series)
