"""Invitations to the meetings to come of a series, and replies to all of them at once.

Whoever calls these functions holds the series.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import (
    calendar_replies,
    invitations,
    meeting_series,
    meetings,
    seating,
)
from services.workgroups.calendar_replies import CalendarReply
from services.workgroups.invitations import Invited, Reply
from services.workgroups.tables import Invitation, Meeting, MeetingSeries
from shared.columns import utc_now
from shared.events.catalogue import (
    MeetingInvited,
    MeetingSeriesInvited,
    MeetingSeriesReplied,
    MeetingSeriesUninvited,
)
from shared.outbox import publish
from shared.problems import CONFLICT, NOT_ALLOWED_NOW, NOT_FOUND, Problem

Place = tuple[Meeting, Invitation]


def invite(
    session: Session,
    series: MeetingSeries,
    person_ids: Sequence[UUID],
    institution_ids: Sequence[UUID],
    *,
    by: UUID,
) -> None:
    """Invite people and institutions to every meeting to come; once each.

    Raises a Problem: 409 when no meeting is to come, 422 for somebody unknown.
    """
    coming = _coming(session, series)
    invitations.require_invitable(session, person_ids, institution_ids)
    sides: list[Invited] = [
        *((person_id, None) for person_id in person_ids),
        *((None, institution_id) for institution_id in institution_ids),
    ]
    known = _by_side(session, coming, withdrawn=True)
    for side in sides:
        there = {meeting.id: invitation for meeting, invitation in known[side]}
        added = []
        for meeting in coming:
            found = there.get(meeting.id)
            if found is not None and found.withdrawn_at is None:
                continue
            session.add(_renewed(found) if found else _new(meeting, side, by))
            added.append(meeting)
        if added:
            publish(
                session,
                MeetingSeriesInvited(**_facts(session, series, added, side)),
                subject=meeting_series.subject_of(series),
            )
    session.flush()


def invite_to_added(session: Session, series: MeetingSeries, added: Meeting, *, by: UUID) -> None:
    """Invite to a meeting that was added whoever is invited to every other to come."""
    others = [each for each in meeting_series.to_come(session, series, utc_now()) if each != added]
    for side, places in _by_side(session, others).items():
        if len(places) < len(others):
            continue
        invitation = _new(added, side, by)
        session.add(invitation)
        session.flush()
        publish(
            session,
            MeetingInvited(
                meeting=meetings.facts_of(session, added),
                invitation_id=invitation.id,
                person_id=side[0],
                institution_id=side[1],
            ),
            subject=meetings.subject_of(added),
        )


def withdraw(session: Session, series: MeetingSeries, side: Invited) -> None:
    """Take the invitations to the meetings to come back; a Problem (404) without any."""
    places = _of(session, series, side)
    for meeting, invitation in places:
        invitation.withdrawn_at = utc_now()
        seating.give_up(session, meeting, invitation, None)
    publish(
        session,
        MeetingSeriesUninvited(**_facts(session, series, [meeting for meeting, _ in places], side)),
        subject=meeting_series.subject_of(series),
    )


def reply(
    session: Session,
    series: MeetingSeries,
    side: Invited,
    answer: Reply,
    *,
    coming: int,
    by: UUID,
    now: datetime,
) -> list[Place]:
    """Take a reply to every meeting to come that the side is invited to.

    Raises a Problem: 404 without an invitation, 409 when a party grows beyond the seats of one.
    """
    places = _of(session, series, side)
    _take(session, series, places, side, answer, coming=coming, by=by, now=now)
    return places


def reply_by_calendar(
    session: Session,
    series: MeetingSeries,
    side: Invited,
    given: CalendarReply,
    *,
    by: UUID,
    now: datetime,
) -> list[Place]:
    """Take the reply of a calendar program to the whole series.

    A meeting that moved since, or got a later reply, keeps what it has. Raises a Problem: 404
    without an invitation, 409 when that is so of each.
    """
    places = [
        (meeting, invitation)
        for meeting, invitation in _of(session, series, side)
        if given.sequence >= meeting.sequence
        and (invitation.reply_stamp is None or given.stamp >= invitation.reply_stamp)
    ]
    if not places:
        raise Problem(
            CONFLICT,
            f"This replies to sequence {given.sequence}, but every meeting has moved or got a "
            "later reply since: fetch the invitation again and reply to that.",
        )
    for _, invitation in places:
        invitation.reply_stamp = given.stamp
    coming = places[0][1].coming
    _take(session, series, places, side, given.reply, coming=coming, by=by, now=now)
    return places


def reply_to_one_by_calendar(
    session: Session,
    series: MeetingSeries,
    side: Invited,
    given: CalendarReply,
    *,
    by: UUID,
    now: datetime,
) -> Place:
    """Take the reply of a calendar program to the meeting that its RECURRENCE-ID names.

    Raises a Problem: 404 without an invitation to it, 409 when it has moved since.
    """
    every = meeting_series.meetings_of(session, series)
    for meeting, invitation in places_of(session, every, side):
        if calendar_replies.is_of(given, meeting, series):
            calendar_replies.require_current(meeting, invitation, given)
            invitation.reply_stamp = given.stamp
            invitations.reply(
                session,
                meeting,
                invitation,
                given.reply,
                coming=invitation.coming,
                by=by,
                now=now,
            )
            return meeting, invitation
    raise Problem(
        NOT_FOUND,
        "You are invited to no meeting of this series with that RECURRENCE-ID in that name. Fetch "
        "the invitation again and reply to that.",
    )


def places_of(session: Session, found: Sequence[Meeting], side: Invited) -> list[Place]:
    """Return those of the meetings to which the side is invited, in their order."""
    return _by_side(session, found)[side]


def places_ever_of(session: Session, found: Sequence[Meeting], side: Invited) -> list[Place]:
    """Return those to which the side is or was invited: the invitation may be taken back."""
    return _by_side(session, found, withdrawn=True)[side]


def _take(
    session: Session,
    series: MeetingSeries,
    places: Sequence[Place],
    side: Invited,
    answer: Reply,
    *,
    coming: int,
    by: UUID,
    now: datetime,
) -> None:
    for meeting, invitation in places:
        invitations.take_reply(session, meeting, invitation, answer, coming=coming, by=by, now=now)
    publish(
        session,
        MeetingSeriesReplied(
            **_facts(session, series, [meeting for meeting, _ in places], side),
            reply=answer.value,
            coming=coming,
            waiting=[meeting.id for meeting, found in places if found.place == "waiting"],
        ),
        subject=meeting_series.subject_of(series),
    )


def _coming(session: Session, series: MeetingSeries) -> list[Meeting]:
    found = meeting_series.to_come(session, series, utc_now())
    if not found:
        raise Problem(NOT_ALLOWED_NOW, "No meeting of the series is to come.")
    return found


def _of(session: Session, series: MeetingSeries, side: Invited) -> list[Place]:
    found = _by_side(session, meeting_series.to_come(session, series, utc_now()))[side]
    if not found:
        raise invitations.no_such_invitation()
    return found


def _by_side(
    session: Session, found: Sequence[Meeting], *, withdrawn: bool = False
) -> dict[Invited, list[Place]]:
    """Return the invitations to meetings by who is invited, in the order of the meetings."""
    meetings_by_id = {meeting.id: meeting for meeting in found}
    statement = select(Invitation).where(col(Invitation.meeting_id).in_(meetings_by_id))
    if not withdrawn:
        statement = statement.where(col(Invitation.withdrawn_at).is_(None))
    by_side: dict[Invited, list[Place]] = defaultdict(list)
    for invitation in session.exec(statement):
        side = (invitation.person_id, invitation.institution_id)
        by_side[side].append((meetings_by_id[invitation.meeting_id], invitation))
    order = {meeting.id: number for number, meeting in enumerate(found)}
    for places in by_side.values():
        places.sort(key=lambda place: order[place[0].id])
    return by_side


def _new(meeting: Meeting, side: Invited, by: UUID) -> Invitation:
    return Invitation(
        meeting_id=meeting.id, person_id=side[0], institution_id=side[1], invited_by=by
    )


def _renewed(invitation: Invitation) -> Invitation:
    invitation.withdrawn_at = None
    return invitation


def _facts(
    session: Session, series: MeetingSeries, concerned: Sequence[Meeting], side: Invited
) -> dict[str, Any]:
    return {
        "series": meeting_series.facts_of(session, series),
        "occurrences": meeting_series.told(concerned),
        "person_id": side[0],
        "institution_id": side[1],
    }
