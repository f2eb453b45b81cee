"""The caller's own meetings, across groups."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlmodel import col, select

from services.workgroups import own_meetings
from services.workgroups.meeting_states import MeetingStatus
from services.workgroups.own_meetings import Asked, OwnReply, When
from services.workgroups.routes.invitations import InvitationOut, shown_invitation
from services.workgroups.routes.meeting_fields import MeetingOut, shown
from services.workgroups.tables import Meeting
from shared.columns import utc_now
from shared.pagination import Page, PageQuery, cursor_after, place_of
from shared.problems import INVALID, UNAUTHENTICATED, responses
from shared.web import CurrentCaller, Reading

router = APIRouter(tags=["identity"])


class OwnMeetingOut(MeetingOut):
    """A meeting of the caller's, with what they replied."""

    invitations: list[InvitationOut] = Field(
        description="Yours, and those of institutions that you speak for, each with its reply."
    )


@router.get(
    "/me/meetings", summary="List your meetings", responses=responses(UNAUTHENTICATED, INVALID)
)
def my_meetings(
    *,
    caller: CurrentCaller,
    session: Reading,
    page: PageQuery,
    when: Annotated[
        When, Query(description="Those to come, the next first; or those over, the last first.")
    ] = When.COMING,
    group: Annotated[UUID | None, Query(description="Only those of the group of this id.")] = None,
    status: Annotated[MeetingStatus | None, Query(description="Only those of this status.")] = None,
    reply: Annotated[
        OwnReply | None,
        Query(description="Only those you were invited to and replied so; none: not yet."),
    ] = None,
) -> Page[OwnMeetingOut]:
    """Return the meetings of your groups, and others that you or your institution are invited to.

    A meeting without a time yet is among those to come, as the last.
    """
    asked = Asked(when, group, status, reply)
    found = own_meetings.meetings_of(session, caller, asked, utc_now())
    of_list = f"meetings {caller.id} {asked}"
    if page.cursor is not None:
        place = place_of(page.cursor, of_list, [str, str])
        found = [own for own in found if own.follows(place, when)]
    ids = [own.meeting_id for own in found[: page.limit]]
    rows = {
        meeting.id: meeting
        for meeting in session.exec(select(Meeting).where(col(Meeting.id).in_(ids)))
    }
    invitations = own_meetings.invitations_to(session, caller, ids)
    in_order = [rows[one] for one in ids if one in rows]
    return Page(
        items=[
            OwnMeetingOut(
                **dict(answer),
                invitations=[
                    shown_invitation(each, answer.sequence) for each in invitations[answer.id]
                ],
            )
            for answer in shown(session, caller, in_order)
        ],
        next_cursor=(
            cursor_after(found[page.limit - 1].place, of_list) if len(found) > page.limit else None
        ),
    )
