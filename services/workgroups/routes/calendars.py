"""Meetings for calendar programs: feeds at secret addresses, invitations, and their replies."""

import hashlib
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from services.workgroups import (
    calendar_replies,
    invitations,
    meeting_access,
    meeting_series,
    meetings,
    permissions,
    sight,
)
from services.workgroups.routes.invitations import InvitationOut, shown_invitation
from services.workgroups.routes.own_addresses import (
    AddressOut,
    Person,
    found,
    made,
    no_such_address,
    revoke,
)
from services.workgroups.routes.permitted import GroupId, MeetingId
from services.workgroups.secret_addresses import Purpose
from services.workgroups.tables import (
    Group,
    Invitation,
    Meeting,
    MeetingGroup,
    MeetingSeries,
)
from shared.columns import utc_now
from shared.identity import Caller
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
from shared.web import CurrentCaller, Reading, Writing

router = APIRouter(tags=["calendars"])

MEDIA_TYPE = "text/calendar; charset=utf-8"
SHOWN_BACK = timedelta(days=365)
MOST = 1000
ICS: dict[int | str, dict[str, Any]] = {
    200: {"description": "A calendar (RFC 5545).", "content": {"text/calendar": {}}}
}


@router.post(
    "/me/calendar-address",
    status_code=201,
    summary="Make an address for your calendar",
    responses=responses(UNAUTHENTICATED, FORBIDDEN),
)
def make_own_address(caller: Person, session: Writing, request: Request) -> AddressOut:
    """Return a secret address at which a calendar program reads your meetings.

    It is shown once, and the one before ends. Whoever knows it reads what you may read.
    """
    return made(session, request, caller, Purpose.CALENDAR, None)


@router.delete(
    "/me/calendar-address",
    status_code=204,
    summary="Revoke the address for your calendar",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND),
)
def revoke_own_address(caller: Person, session: Writing) -> None:
    """End the secret address: nothing is read at it any more."""
    revoke(session, caller, Purpose.CALENDAR, None)


@router.post(
    "/groups/{group_id}/calendar-address",
    status_code=201,
    summary="Make an address for a group's calendar",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND),
)
def make_group_address(
    group_id: GroupId, caller: Person, session: Writing, request: Request
) -> AddressOut:
    """Return a secret address at which a calendar program reads the meetings of the group.

    It is yours, and ends when you leave the group.
    """
    group = sight.group_to_see(session, caller, group_id)
    if not _belongs(session, caller, group.id):
        raise Problem(FORBIDDEN, "Only those who belong to the group have its calendar: join it.")
    return made(session, request, caller, Purpose.CALENDAR, group.id)


@router.delete(
    "/groups/{group_id}/calendar-address",
    status_code=204,
    summary="Revoke the address for a group's calendar",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND),
)
def revoke_group_address(group_id: GroupId, caller: Person, session: Writing) -> None:
    """End your secret address of the group: nothing is read at it any more."""
    revoke(session, caller, Purpose.CALENDAR, group_id)


@router.get(
    "/calendars/{secret}.ics",
    summary="Read meetings as a calendar",
    response_class=Response,
    responses={
        **ICS,
        304: {"description": "It is the one that you have."},
        **responses(NOT_FOUND),
    },
)
def read_calendar(
    secret: Annotated[str, Path(max_length=200, description="The secret of the address.")],
    session: Reading,
    if_none_match: Annotated[
        str | None, Header(description="The ETag of the calendar that you have.")
    ] = None,
) -> Response:
    """Return the meetings of a year back and all to come, as iCalendar."""
    address, caller = found(session, secret, Purpose.CALENDAR)
    group = session.get(Group, address.group_id) if address.group_id else None
    if group is not None and not _belongs(session, caller, group.id):
        raise no_such_address()
    shown = _meetings(session, caller, group)
    from services.workgroups import calendar_objects

    name = group.title if group else "Southlink meetings"
    alone, whole = _in_series(session, caller, group, shown)
    body = calendar_objects.feed(
        name,
        _entries(session, caller, alone),
        [_series(session, caller, series_id) for series_id in whole],
    )
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=300"}
    if shown:
        latest = max(meeting.updated_at for meeting in shown)
        headers["Last-Modified"] = latest.strftime("%a, %d %b %Y %H:%M:%S GMT")
    if if_none_match and tag in [each.strip() for each in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=MEDIA_TYPE, headers=headers)


@router.get(
    "/meetings/{meeting_id}/invitation.ics",
    summary="Read an invitation as a calendar object",
    response_class=Response,
    responses={**ICS, **responses(UNAUTHENTICATED, NOT_FOUND, INVALID)},
)
def read_invitation(
    meeting_id: MeetingId,
    caller: CurrentCaller,
    session: Reading,
    institution: Annotated[
        UUID | None, Query(description="The institution that is invited; else it is you.")
    ] = None,
) -> Response:
    """Return the invitation of the caller, or of an institution that the caller speaks for.

    Its METHOD is REQUEST, or CANCEL once the meeting is cancelled or the invitation taken back.
    """
    from services.workgroups import calendar_events, calendar_objects

    side = (
        col(Invitation.person_id) == caller.id
        if institution is None
        else col(Invitation.institution_id) == institution
    )
    invitation = session.exec(
        select(Invitation).where(Invitation.meeting_id == meeting_id, side)
    ).first()
    speaks = institution is None or permissions.speaks_for(session, caller, institution)
    if invitation is None or not speaks or caller.kind != "person":
        raise invitations.no_such_invitation()
    meeting = meetings.read(session, meeting_id)
    entry = calendar_events.Entry(
        meeting=meeting,
        groups=meetings.groups_of(session, [meeting.id])[meeting.id],
        link=meeting.link if invitation.withdrawn_at is None else None,
        invitation=invitation,
        series=session.get(MeetingSeries, meeting.series_id) if meeting.series_id else None,
    )
    return Response(calendar_objects.invitation_object(entry), media_type=MEDIA_TYPE)


async def _calendar_body(request: Request) -> bytes:
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "text/calendar":
        raise Problem(UNSUPPORTED_MEDIA, "Send the reply as text/calendar.")
    content = await request.body()
    if len(content) > calendar_replies.MAX_BYTES:
        raise Problem(
            TOO_LARGE,
            f"A reply has at most {calendar_replies.MAX_BYTES} bytes: send the reply alone.",
        )
    return content


CalendarBody = Annotated[bytes, Depends(_calendar_body)]
"""What a calendar program sent, no longer than a reply."""


@router.post(
    "/meetings/{meeting_id}/calendar-replies",
    summary="Reply with a calendar object",
    responses=responses(
        UNAUTHENTICATED, NOT_FOUND, CONFLICT, NOT_ALLOWED_NOW, INVALID, UNSUPPORTED_MEDIA, TOO_LARGE
    ),
)
def take_calendar_reply(
    meeting_id: MeetingId,
    content: CalendarBody,
    caller: CurrentCaller,
    session: Writing,
) -> InvitationOut:
    """Take a reply as a calendar program sends it (iTIP REPLY), of the invited person itself.

    Who speaks for an invited institution replies for it too. It replies to the invitation as it is
    now, and is refused when the meeting has moved since.
    """
    given = calendar_replies.read(content)
    meeting_access.meeting_to_see(session, caller, meeting_id)
    meeting = meetings.to_change(session, meeting_id)
    institution_id = None if given.attendee == caller.id else given.attendee
    side = invitations.side_of(session, caller, institution_id)
    invitation = invitations.read(session, meeting, side)
    calendar_replies.require_to(
        meeting, given, session.get(MeetingSeries, meeting.series_id) if meeting.series_id else None
    )
    calendar_replies.require_current(meeting, invitation, given)
    invitation.reply_stamp = given.stamp
    invitations.reply(
        session,
        meeting,
        invitation,
        given.reply,
        coming=invitation.coming,
        by=caller.id,
        now=utc_now(),
    )
    return shown_invitation(invitation, meeting.sequence)


def _belongs(session: Session, caller: Caller, group_id: UUID) -> bool:
    return permissions.is_coordinator(session, caller) or group_id in sight.groups_of(
        session, caller
    )


def _meetings(session: Session, caller: Caller, group: Group | None) -> list[Meeting]:
    of_groups = select(MeetingGroup.meeting_id)
    if group is not None:
        wanted: ColumnElement[bool] = col(Meeting.id).in_(
            of_groups.where(MeetingGroup.group_id == group.id)
        )
    else:
        wanted = meeting_access.of_caller(session, caller)
    since = utc_now() - SHOWN_BACK
    recent = or_(
        col(Meeting.ends_at) > since,
        col(Meeting.begins_at).is_(None) & (col(Meeting.held_on) > since.date()),
    )
    newest = select(Meeting).where(wanted, recent).order_by(col(Meeting.id).desc()).limit(MOST)
    return sorted(session.exec(newest), key=lambda meeting: meeting.id)


def _entries(session: Session, caller: Caller, found: list[Meeting]) -> list[Any]:
    from services.workgroups.calendar_events import Entry

    all_groups = meetings.groups_of(session, [meeting.id for meeting in found])
    ids = {key: [group.id for group in each] for key, each in all_groups.items()}
    joins = meeting_access.joinable(session, caller, ids)
    seen = set(session.exec(select(Group.id).where(sight.in_sight(session, caller))))
    own = {
        invitation.meeting_id: invitation
        for invitation in session.exec(
            select(Invitation).where(
                Invitation.person_id == caller.id, col(Invitation.withdrawn_at).is_(None)
            )
        )
    }
    series = {
        each.id: each
        for each in session.exec(
            select(MeetingSeries).where(
                col(MeetingSeries.id).in_({meeting.series_id for meeting in found} - {None})
            )
        )
    }
    return [
        Entry(
            meeting=meeting,
            groups=[group for group in all_groups[meeting.id] if group.id in seen],
            link=meeting.link if meeting.id in joins else None,
            invitation=own.get(meeting.id),
            series=series[meeting.series_id] if meeting.series_id else None,
        )
        for meeting in found
    ]


def _in_series(
    session: Session, caller: Caller, group: Group | None, found: list[Meeting]
) -> tuple[list[Meeting], list[UUID]]:
    """Return the meetings that stand alone in the calendar, and the series that are whole in it.

    Who is only invited to some meetings of a series has just those.
    """
    own = {group.id} if group else sight.groups_of(session, caller)
    series = {meeting.series_id for meeting in found} - {None}
    theirs = set(
        session.exec(
            select(Meeting.series_id)
            .join(MeetingGroup, col(MeetingGroup.meeting_id) == col(Meeting.id))
            .where(col(Meeting.series_id).in_(series), col(MeetingGroup.group_id).in_(own))
        )
    )
    alone = [meeting for meeting in found if meeting.series_id not in theirs]
    return alone, sorted(filter(None, theirs))


def _series(session: Session, caller: Caller, series_id: UUID) -> Any:
    from services.workgroups.calendar_series import Series

    series = session.get_one(MeetingSeries, series_id)
    every = meeting_series.meetings_of(session, series)
    return Series(series, _entries(session, caller, every))
