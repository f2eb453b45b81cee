"""Invitations to a whole series, replies to all its meetings at once, and both as iCalendar."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, Field

from services.workgroups import (
    calendar_replies,
    invitations,
    meeting_series,
    meetings,
    series_access,
    series_invitations,
)
from services.workgroups.routes.calendars import ICS, MEDIA_TYPE, CalendarBody
from services.workgroups.routes.invitations import (
    InvitationOut,
    NewInvitations,
    NewReply,
    shown_invitation,
)
from services.workgroups.routes.meeting_fields import each_once
from services.workgroups.routes.meeting_series import SeriesId, SeriesToRecord
from services.workgroups.series_invitations import Place
from services.workgroups.tables import MeetingSeries
from shared.columns import utc_now
from shared.problems import (
    CONFLICT,
    FORBIDDEN,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    TOO_LARGE,
    UNAUTHENTICATED,
    UNSUPPORTED_MEDIA,
    Problem,
    responses,
)
from shared.text import Output
from shared.web import CurrentCaller, Reading, Writing

router = APIRouter(prefix="/meeting-series/{series_id}", tags=["meeting series"])

_Ids = Annotated[list[UUID], Field(max_length=100), AfterValidator(each_once)]


class NewSeriesInvitations(NewInvitations):
    """Whom to invite to every meeting to come; who is invited already stays so."""

    person_ids: _Ids = []  # noqa: RUF012
    institution_ids: _Ids = []  # noqa: RUF012


class SeriesInvitationsOut(Output):
    """How many meetings people and institutions are invited to now."""

    meetings: int = Field(description="How many are to come.", examples=[12])


class PlaceOut(InvitationOut):
    """An invitation to one meeting of a series."""

    meeting_id: UUID


@router.post(
    "/invitations",
    summary="Invite to a series",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW, INVALID),
)
def invite_to_series(
    body: NewSeriesInvitations, series: SeriesToRecord, caller: CurrentCaller, session: Writing
) -> SeriesInvitationsOut:
    """Invite people and institutions to every meeting to come; by who records for the series.

    Asking again invites nobody twice. Who said what is listed with each meeting.
    """
    series_invitations.invite(session, series, body.person_ids, body.institution_ids, by=caller.id)
    coming = meeting_series.to_come(session, series, utc_now())
    return SeriesInvitationsOut(meetings=len(coming))


@router.delete(
    "/invitations",
    status_code=204,
    summary="Take invitations to a series back",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW, INVALID),
)
def withdraw_from_series(
    series: SeriesToRecord,
    session: Writing,
    person: Annotated[UUID | None, Query(description="The person who was invited.")] = None,
    institution: Annotated[
        UUID | None, Query(description="Or the institution that was invited.")
    ] = None,
) -> None:
    """Take the invitations to the meetings to come back; by who records for the series."""
    if (person is None) == (institution is None):
        raise Problem(INVALID, "Name whose invitations: a person or an institution.")
    series_invitations.withdraw(session, series, (person, institution))


@router.put(
    "/reply",
    summary="Reply to a series",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, NOT_ALLOWED_NOW, INVALID),
)
def reply_to_series(
    series_id: SeriesId, body: NewReply, caller: CurrentCaller, session: Writing
) -> list[PlaceOut]:
    """Say whether you come to the meetings to come that you are invited to, or how many come.

    Each has its own seats: where none is free you wait for one. Another reply to one meeting is
    given there.
    """
    series = series_access.series_to_reply_to(session, caller, series_id)
    side = invitations.side_of(session, caller, body.institution_id)
    places = series_invitations.reply(
        session, series, side, body.reply, coming=body.coming, by=caller.id, now=utc_now()
    )
    return _shown(places)


@router.get(
    "/invitation.ics",
    summary="Read an invitation to a series as a calendar",
    response_class=Response,
    responses={**ICS, **responses(UNAUTHENTICATED, NOT_FOUND, INVALID)},
)
def read_series_invitation(
    series_id: SeriesId,
    caller: CurrentCaller,
    session: Reading,
    institution: Annotated[
        UUID | None, Query(description="The institution that is invited; else it is you.")
    ] = None,
) -> Response:
    """Return the invitation to all meetings of a series that you are invited to, with its rule.

    Its METHOD is REQUEST, or CANCEL when none of them takes place any more or you were uninvited.
    """
    from services.workgroups import calendar_objects
    from services.workgroups.calendar_events import Entry
    from services.workgroups.calendar_series import Series

    # Whose invitation was taken back may not see the series any more, and is told of that here.
    series = session.get(MeetingSeries, series_id)
    if series is None:
        raise invitations.no_such_invitation()
    side = invitations.side_of(session, caller, institution)
    every = meeting_series.meetings_of(session, series)
    groups = meetings.groups_of(session, [every[0].id])[every[0].id]
    own = {
        meeting.id: found
        for meeting, found in series_invitations.places_ever_of(session, every, side)
    }
    if not own:
        raise invitations.no_such_invitation()
    entries = [
        Entry(
            meeting,
            groups,
            meeting.link if own[meeting.id].withdrawn_at is None else None,
            own[meeting.id],
            series,
        )
        for meeting in every
        if meeting.id in own
    ]
    return Response(calendar_objects.series_object(Series(series, entries)), media_type=MEDIA_TYPE)


@router.post(
    "/calendar-replies",
    summary="Reply to a series with a calendar object",
    responses=responses(
        UNAUTHENTICATED, NOT_FOUND, CONFLICT, NOT_ALLOWED_NOW, INVALID, UNSUPPORTED_MEDIA, TOO_LARGE
    ),
)
def take_series_calendar_reply(
    series_id: SeriesId, content: CalendarBody, caller: CurrentCaller, session: Writing
) -> list[PlaceOut]:
    """Take a reply as a calendar program sends it (iTIP REPLY).

    With a RECURRENCE-ID it is to that meeting, else to all to come. It is of the invited person, or
    of an institution that you speak for, and refused for what has moved since.
    """
    given = calendar_replies.read(content)
    series = series_access.series_to_reply_to(session, caller, series_id)
    institution_id = None if given.attendee == caller.id else given.attendee
    side = invitations.side_of(session, caller, institution_id)
    if given.uid != str(series.id):
        raise Problem(INVALID, "The reply is to another meeting: its UID is not of this series.")
    if given.occurrence is None:
        places = series_invitations.reply_by_calendar(
            session, series, side, given, by=caller.id, now=utc_now()
        )
    else:
        places = [
            series_invitations.reply_to_one_by_calendar(
                session, series, side, given, by=caller.id, now=utc_now()
            )
        ]
    return _shown(places)


def _shown(places: Sequence[Place]) -> list[PlaceOut]:
    return [
        PlaceOut(**dict(shown_invitation(invitation, meeting.sequence)), meeting_id=meeting.id)
        for meeting, invitation in places
    ]
