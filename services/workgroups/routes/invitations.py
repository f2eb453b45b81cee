"""Invitations to meetings, replies, and attendance."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, select

from services.workgroups import attendance, invitations, meeting_access, meetings
from services.workgroups.attendance import Presence, Present
from services.workgroups.invitations import Reply
from services.workgroups.routes.meeting_fields import each_once
from services.workgroups.routes.permitted import MeetingId
from services.workgroups.routes.permitted_meetings import MeetingToRecord, VisibleMeeting
from services.workgroups.tables import Invitation
from shared.columns import utc_now
from shared.etags import IfMatch, etag, require_version
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
from shared.text import Input, Output
from shared.web import CurrentCaller, Reading, Writing

router = APIRouter(prefix="/meetings/{meeting_id}", tags=["meetings"])

_Ids = Annotated[list[UUID], Field(max_length=200), AfterValidator(each_once)]


class NewInvitations(Input):
    """Whom to invite; who is invited already stays so."""

    person_ids: _Ids = []  # noqa: RUF012
    institution_ids: _Ids = []  # noqa: RUF012

    @model_validator(mode="after")
    def _somebody(self) -> "NewInvitations":
        if not self.person_ids and not self.institution_ids:
            raise PydanticCustomError("nobody", "Name at least one person or institution.")
        return self


class InvitationOut(Output):
    """An invitation, with the reply as it stands."""

    id: UUID
    person_id: UUID | None
    institution_id: UUID | None
    invited_at: datetime
    reply: Reply | None = Field(description="Absent while nobody replied.")
    coming: int = Field(description="How many come on it.", examples=[2])
    waiting: bool = Field(description="Whether they accepted and wait for a seat.")
    to_confirm: bool = Field(description="Whether the meeting moved after the reply.")


class NewReply(Input):
    """A reply to an invitation."""

    reply: Reply = Field(examples=["accepted"])
    institution_id: UUID | None = Field(
        None, description="The institution that you reply for; without it, you reply for yourself."
    )
    coming: int = Field(
        1, ge=1, le=1000, strict=True, description="How many come for the institution."
    )

    @model_validator(mode="after")
    def _one_person(self) -> "NewReply":
        if self.institution_id is None and self.coming != 1:
            raise PydanticCustomError("coming", "For yourself, one comes: leave coming out.")
        return self


class PresentIn(Input):
    """A person, or so many of an institution who are not named, and how they took part."""

    presence: Presence = Field(examples=["in_person"])
    person_id: UUID | None = None
    institution_id: UUID | None = None
    heads: int = Field(1, ge=1, le=100_000, strict=True)

    @model_validator(mode="after")
    def _one_side(self) -> "PresentIn":
        if (self.person_id is None) == (self.institution_id is None):
            raise PydanticCustomError("side", "Name either a person or an institution.")
        if self.person_id is not None and self.heads != 1:
            raise PydanticCustomError("heads", "A person is one: leave heads out.")
        return self


class NewAttendance(Input):
    """Everybody who was there, excused or absent."""

    entries: list[PresentIn] = Field(max_length=2000, description="Each once.")


class PresentOut(Output):
    """How a person, or so many of an institution, took part."""

    person_id: UUID | None
    institution_id: UUID | None
    presence: Presence
    heads: int


class AttendanceOut(Output):
    """Who was at a meeting."""

    entries: list[PresentOut]
    in_person: int = Field(examples=[19])
    online: int = Field(examples=[16])


@router.post(
    "/invitations",
    summary="Invite to a meeting",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW, INVALID),
)
def invite(
    body: NewInvitations, meeting: MeetingToRecord, caller: CurrentCaller, session: Writing
) -> list[InvitationOut]:
    """Invite people who are known here and institutions; by who records for the meeting.

    Asking again invites nobody twice. The answer holds those who were named.
    """
    invitations.invite(session, meeting, body.person_ids, body.institution_ids, by=caller.id)
    named = {*body.person_ids, *body.institution_ids}
    found = session.exec(
        select(Invitation)
        .where(Invitation.meeting_id == meeting.id, col(Invitation.withdrawn_at).is_(None))
        .order_by(col(Invitation.id))
    )
    return [
        shown_invitation(each, meeting.sequence)
        for each in found
        if each.person_id in named or each.institution_id in named
    ]


@router.get(
    "/invitations",
    summary="List who is invited",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID),
)
def list_invitations(
    meeting: VisibleMeeting, caller: CurrentCaller, session: Reading, page: PageQuery
) -> Page[InvitationOut]:
    """Return who is invited and what they replied; to who belongs to a group or is invited."""
    meeting_access.require_belonging(session, caller, meeting)
    statement = select(Invitation).where(
        Invitation.meeting_id == meeting.id, col(Invitation.withdrawn_at).is_(None)
    )
    found = paginate(session, statement, col(Invitation.id), page)
    items = [shown_invitation(each, meeting.sequence) for each in found.items]
    return Page(items=items, next_cursor=found.next_cursor)


@router.delete(
    "/invitations/{invitation_id}",
    status_code=204,
    summary="Take an invitation back",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW),
)
def withdraw_invitation(
    invitation_id: Annotated[UUID, Path(description="The invitation's id.")],
    meeting: MeetingToRecord,
    session: Writing,
) -> None:
    """Take an invitation back; who waits for a seat moves up. By who records for the meeting."""
    found = session.get(Invitation, invitation_id)
    if found is None or found.meeting_id != meeting.id or found.withdrawn_at is not None:
        raise invitations.no_such_invitation()
    invitations.withdraw(session, meeting, found)


@router.put(
    "/reply",
    summary="Reply to an invitation",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, NOT_ALLOWED_NOW, INVALID),
)
def reply_to_invitation(
    meeting_id: MeetingId, body: NewReply, caller: CurrentCaller, session: Writing
) -> InvitationOut:
    """Say whether you come, or how many of an institution that you speak for; again to change it.

    Without a free seat you wait for one, in the order of acceptance.
    """
    meeting_access.meeting_to_see(session, caller, meeting_id)
    meeting = meetings.to_change(session, meeting_id)
    side = invitations.side_of(session, caller, body.institution_id)
    found = invitations.read(session, meeting, side)
    invitations.reply(
        session, meeting, found, body.reply, coming=body.coming, by=caller.id, now=utc_now()
    )
    return shown_invitation(found, meeting.sequence)


@router.put(
    "/attendance",
    summary="Record who was there",
    responses=responses(
        UNAUTHENTICATED,
        FORBIDDEN,
        NOT_FOUND,
        NOT_ALLOWED_NOW,
        INVALID,
        VERSION_CONFLICT,
        VERSION_REQUIRED,
    ),
)
def record_attendance(
    *,
    body: NewAttendance,
    meeting: MeetingToRecord,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> AttendanceOut:
    """Record who was at a meeting, whatever they had replied; by who records for it.

    The list takes the place of the one before. How many took part follows from it.
    """
    require_version(meeting.version, expected)
    entries = [Present(**entry.model_dump()) for entry in body.entries]
    attendance.record(session, meeting, entries, now=utc_now(), by=caller.id)
    response.headers["ETag"] = etag(meeting.version)
    return _attendance(session, meeting)


@router.get(
    "/attendance",
    summary="Show who was there",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND),
)
def read_attendance(
    meeting: VisibleMeeting, caller: CurrentCaller, session: Reading
) -> AttendanceOut:
    """Return who was at a meeting; to who belongs to a group or is invited."""
    meeting_access.require_belonging(session, caller, meeting)
    return _attendance(session, meeting)


def _attendance(session: Session, meeting: VisibleMeeting) -> AttendanceOut:
    return AttendanceOut(
        entries=[PresentOut.model_validate(kept) for kept in attendance.of(session, meeting)],
        in_person=meeting.participants_in_person,
        online=meeting.participants_online,
    )


def shown_invitation(invitation: Invitation, sequence: int) -> InvitationOut:
    """Return the invitation as answers show it, beside the sequence of its meeting."""
    return InvitationOut(
        **invitation.model_dump(
            include={"id", "person_id", "institution_id", "invited_at", "reply", "coming"}
        ),
        waiting=invitation.place == "waiting",
        to_confirm=invitation.replied_to is not None and invitation.replied_to < sequence,
    )
