"""Seats at a meeting and its waiting list: who accepted earlier comes first.

Whoever has a seat keeps it. Of those who wait, the first moves up as soon as all that come with
them fit; nobody is passed over by a smaller party that accepted later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, func, select

from services.workgroups import meetings
from services.workgroups.tables import Invitation, Meeting
from shared.events.catalogue import MeetingSeatGiven
from shared.outbox import publish
from shared.problems import NOT_ALLOWED_NOW, Problem, incorrect


@dataclass(frozen=True)
class Party:
    """Those who come on one acceptance."""

    acceptance: int
    heads: int
    seated: bool


def seated_after(capacity: int | None, parties: Sequence[Party]) -> set[int]:
    """Return the acceptances that have a seat once everybody who can has moved up."""
    seated = {party.acceptance for party in parties if party.seated}
    taken = sum(party.heads for party in parties if party.seated)
    for party in sorted(parties, key=lambda each: each.acceptance):
        if party.seated:
            continue
        if capacity is not None and taken + party.heads > capacity:
            break
        seated.add(party.acceptance)
        taken += party.heads
    return seated


def seat(session: Session, meeting: Meeting, invitation: Invitation, coming: int) -> None:
    """Take an acceptance of so many; they have a seat, or wait for one.

    Raises a Problem (409) when a party that has its seats would be more than there is room for.
    """
    if invitation.place == "seated":
        free = _free(session, meeting)
        if free is not None and coming - invitation.coming > free:
            raise Problem(
                NOT_ALLOWED_NOW,
                f"{invitation.coming} of you have a seat and {max(free, 0)} more are free: come "
                "with fewer, or ask for a larger meeting.",
            )
    elif invitation.place is None:
        invitation.acceptance = _next(session, meeting)
        invitation.place = "waiting"
    invitation.reply, invitation.coming = "accepted", coming
    session.add(invitation)
    session.flush()
    move_up(session, meeting, quietly=invitation.id)


def give_up(session: Session, meeting: Meeting, invitation: Invitation, reply: str | None) -> None:
    """Take back an acceptance; those who wait move up."""
    invitation.reply = reply
    invitation.place = invitation.acceptance = None
    session.add(invitation)
    session.flush()
    move_up(session, meeting)


def move_up(session: Session, meeting: Meeting, *, quietly: UUID | None = None) -> None:
    """Give seats to those who wait, and tell them; ``quietly`` is who learns it anyway."""
    accepted = list(
        session.exec(
            select(Invitation).where(
                Invitation.meeting_id == meeting.id, col(Invitation.acceptance).is_not(None)
            )
        )
    )
    seated = seated_after(
        meeting.capacity,
        [Party(each.acceptance or 0, each.coming, each.place == "seated") for each in accepted],
    )
    for each in sorted(accepted, key=lambda one: one.acceptance or 0):
        if each.acceptance in seated and each.place != "seated":
            each.place = "seated"
            session.add(each)
            if each.id != quietly:
                publish(
                    session,
                    MeetingSeatGiven(
                        meeting=meetings.facts_of(session, meeting),
                        invitation_id=each.id,
                        person_id=each.person_id,
                        institution_id=each.institution_id,
                        coming=each.coming,
                    ),
                    subject=meetings.subject_of(meeting),
                )
    session.flush()


def require_room(session: Session, meeting: Meeting, capacity: int | None) -> None:
    """Raise a Problem (422) when more have a seat than the meeting shall hold."""
    taken = seated_heads(session, meeting)
    if capacity is not None and capacity < taken:
        raise incorrect(
            "/capacity",
            f"{taken} have accepted and have a seat: the capacity can't be lower than that.",
        )


def seated_heads(session: Session, meeting: Meeting) -> int:
    """Return how many have a seat."""
    taken = session.exec(
        select(func.sum(Invitation.coming)).where(
            Invitation.meeting_id == meeting.id, Invitation.place == "seated"
        )
    ).one()
    return int(taken or 0)


def _free(session: Session, meeting: Meeting) -> int | None:
    return None if meeting.capacity is None else meeting.capacity - seated_heads(session, meeting)


def _next(session: Session, meeting: Meeting) -> int:
    # The caller holds the meeting, so no other acceptance takes the same place.
    highest = session.exec(
        select(func.max(Invitation.acceptance)).where(Invitation.meeting_id == meeting.id)
    ).one()
    return int(highest or 0) + 1
