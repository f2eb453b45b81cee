"""Invitations of people and institutions to meetings, and their replies."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import meetings, permissions, seating
from services.workgroups.institutions import require_verified
from services.workgroups.meeting_states import TO_COME
from services.workgroups.tables import (
    Coordinator,
    FocalPoint,
    Institution,
    Invitation,
    InvitationReply,
    Meeting,
    Participant,
)
from shared.columns import utc_now
from shared.events.catalogue import MeetingInvited, MeetingReplied, MeetingUninvited
from shared.identity import Caller
from shared.outbox import publish
from shared.problems import NOT_ALLOWED_NOW, NOT_FOUND, Problem, incorrect

Invited = tuple[UUID | None, UUID | None]
"""A person or an institution."""


class Reply(StrEnum):
    """What an invited person or institution says."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    TENTATIVE = "tentative"


def invite(
    session: Session,
    meeting: Meeting,
    person_ids: Sequence[UUID],
    institution_ids: Sequence[UUID],
    *,
    by: UUID,
) -> None:
    """Invite people who are known here and verified institutions; once each.

    Raises a Problem: 409 before the time of the meeting is settled, 422 for somebody unknown.
    """
    _require_to_come(meeting)
    require_invitable(session, person_ids, institution_ids)
    for person_id in person_ids:
        _invite(session, meeting, by, person_id=person_id)
    for institution_id in institution_ids:
        _invite(session, meeting, by, institution_id=institution_id)


def require_invitable(
    session: Session, person_ids: Sequence[UUID], institution_ids: Sequence[UUID]
) -> None:
    """Raise a Problem (422, 409) unless the people are known and the institutions verified."""
    for place, person_id in enumerate(person_ids):
        if not is_known(session, person_id):
            raise incorrect(
                f"/person_ids/{place}",
                "Nobody of that id takes part in a group or speaks for an institution here.",
            )
    for place, institution_id in enumerate(institution_ids):
        institution = session.get(Institution, institution_id)
        if institution is None:
            raise incorrect(f"/institution_ids/{place}", "There is no institution of that id.")
        require_verified(institution)


def withdraw(session: Session, meeting: Meeting, invitation: Invitation) -> None:
    """Take an invitation back; those who wait for a seat move up."""
    invitation.withdrawn_at = utc_now()
    seating.give_up(session, meeting, invitation, None)
    publish(
        session,
        MeetingUninvited(
            meeting=meetings.facts_of(session, meeting),
            invitation_id=invitation.id,
            person_id=invitation.person_id,
            institution_id=invitation.institution_id,
        ),
        subject=meetings.subject_of(meeting),
    )


def reply(
    session: Session,
    meeting: Meeting,
    invitation: Invitation,
    answer: Reply,
    *,
    coming: int,
    by: UUID,
    now: datetime,
) -> None:
    """Take the reply of the invited, and tell it; with an acceptance, how many come.

    Raises a Problem as `take_reply`.
    """
    take_reply(session, meeting, invitation, answer, coming=coming, by=by, now=now)
    publish(
        session,
        MeetingReplied(
            meeting_id=meeting.id,
            invitation_id=invitation.id,
            person_id=invitation.person_id,
            institution_id=invitation.institution_id,
            reply=answer.value,
            coming=invitation.coming,
            waiting=invitation.place == "waiting",
        ),
        subject=meetings.subject_of(meeting),
    )


def take_reply(
    session: Session,
    meeting: Meeting,
    invitation: Invitation,
    answer: Reply,
    *,
    coming: int,
    by: UUID,
    now: datetime,
) -> None:
    """Take the reply of the invited without telling it; with an acceptance, how many come.

    Raises a Problem (409) when the meeting isn't to come any more, or has too few seats for a
    party that grows.
    """
    _require_to_come(meeting)
    if meeting.ends_at is not None and meeting.ends_at <= now:
        raise Problem(NOT_ALLOWED_NOW, "The meeting is over: a reply comes too late.")
    if answer is Reply.ACCEPTED:
        seating.seat(session, meeting, invitation, coming)
    else:
        seating.give_up(session, meeting, invitation, answer)
    invitation.replied_to = meeting.sequence
    session.add(invitation)
    session.add(
        InvitationReply(
            invitation_id=invitation.id,
            reply=answer,
            coming=invitation.coming,
            place=invitation.place,
            replied_to=meeting.sequence,
            replied_by=by,
        )
    )
    session.flush()


def side_of(session: Session, caller: Caller, institution_id: UUID | None) -> Invited:
    """Return for whom the caller replies: an institution that is named, else the caller.

    Raises a Problem (404) when the caller does not speak for the institution, or is no person.
    """
    if institution_id is None and caller.acts:
        return caller.id, None
    if institution_id is not None and permissions.speaks_for(session, caller, institution_id):
        return None, institution_id
    raise no_such_invitation()


def read(session: Session, meeting: Meeting, side: Invited) -> Invitation:
    """Return the invitation of one side to the meeting; a Problem (404) when there is none."""
    person_id, institution_id = side
    found = session.exec(
        select(Invitation).where(
            Invitation.meeting_id == meeting.id,
            Invitation.person_id == person_id,
            Invitation.institution_id == institution_id,
            col(Invitation.withdrawn_at).is_(None),
        )
    ).first()
    if found is None:
        raise no_such_invitation()
    return found


def no_such_invitation() -> Problem:
    """Return the Problem (404) for somebody who is not invited to a meeting."""
    return Problem(
        NOT_FOUND,
        "You are not invited to this meeting in that name. Ask who records for its group to "
        "invite you.",
    )


def is_known(session: Session, person_id: UUID) -> bool:
    """Tell whether the person takes part in a group, or speaks or coordinates here."""
    return any(
        session.exec(statement.limit(1)).first() is not None
        for statement in (
            select(FocalPoint.person_id).where(FocalPoint.person_id == person_id),
            select(Coordinator.person_id).where(Coordinator.person_id == person_id),
            select(Participant.person_id).where(
                Participant.person_id == person_id, col(Participant.ended_at).is_(None)
            ),
        )
    )


def _invite(
    session: Session,
    meeting: Meeting,
    by: UUID,
    *,
    person_id: UUID | None = None,
    institution_id: UUID | None = None,
) -> None:
    found = session.exec(
        select(Invitation).where(
            Invitation.meeting_id == meeting.id,
            col(Invitation.person_id) == person_id
            if person_id
            else col(Invitation.institution_id) == institution_id,
        )
    ).first()
    if found is not None and found.withdrawn_at is None:
        return
    invitation = found or Invitation(
        meeting_id=meeting.id, person_id=person_id, institution_id=institution_id, invited_by=by
    )
    invitation.withdrawn_at = None
    session.add(invitation)
    session.flush()
    publish(
        session,
        MeetingInvited(
            meeting=meetings.facts_of(session, meeting),
            invitation_id=invitation.id,
            person_id=person_id,
            institution_id=institution_id,
        ),
        subject=meetings.subject_of(meeting),
    )


def _require_to_come(meeting: Meeting) -> None:
    if meeting.status not in TO_COME:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"“{meeting.title}” is {meeting.status}: people are invited and reply while a meeting "
            "is scheduled.",
        )
