"""What stands open for people: what they owe, needs that fit their offers, and their meetings."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, or_, select

from services.notifier import standing
from services.notifier.fitting_needs import Fit, fitting_needs
from services.notifier.owed import invited, owed_by
from services.notifier.owed_entries import TO_COME, Owed
from services.notifier.standing import Standing
from services.notifier.tables import Invitation, Meeting, MeetingGroup
from shared.columns import is_one_of

AHEAD = timedelta(days=14)
"""How far ahead meetings are told."""


@dataclass(frozen=True, slots=True)
class Coming:
    """A meeting to come, as one reader may see it."""

    id: UUID
    title: str
    begins_at: datetime
    ends_at: datetime
    time_zone: str
    place: str | None
    link: str | None
    sequence: int
    told_at: datetime
    series_id: UUID | None = None
    occurrence: datetime | None = None


@dataclass(slots=True)
class Open:
    """What stands open for one person."""

    owed: list[Owed] = field(default_factory=list)
    coming: list[Coming] = field(default_factory=list)
    needs: list[Fit] = field(default_factory=list)


def of_people(session: Session, person_ids: Collection[UUID], now: datetime) -> dict[UUID, Open]:
    """Return what stands open for each person, asking a dozen questions for all of them."""
    if not person_ids:
        return {}
    stands = standing.standings(session, person_ids)
    speakers = standing.speakers(stands)
    owed = owed_by(session, stands, speakers, now)
    found = {person_id: Open(owed[person_id]) for person_id in stands}
    _add_coming(session, found, stands, speakers, now)
    for person_id, fit in fitting_needs(session, stands, speakers):
        found[person_id].needs.append(fit)
    return found


def _add_coming(
    session: Session,
    found: dict[UUID, Open],
    stands: dict[UUID, Standing],
    speakers: dict[UUID, list[UUID]],
    now: datetime,
) -> None:
    meetings = {
        meeting.id: meeting
        for meeting in session.exec(
            select(Meeting).where(
                col(Meeting.status).in_(TO_COME),
                col(Meeting.begins_at) > now,
                col(Meeting.begins_at) <= now + AHEAD,
            )
        )
    }
    if not meetings:
        return
    people: dict[UUID, set[UUID]] = {}
    belonging: dict[UUID, set[UUID]] = {}
    for person_id, stand in stands.items():
        for group_id in stand.groups:
            belonging.setdefault(group_id, set()).add(person_id)
    for meeting_id, group_id in session.exec(
        select(MeetingGroup.meeting_id, MeetingGroup.group_id).where(
            is_one_of(session, MeetingGroup.meeting_id, meetings),
            is_one_of(session, MeetingGroup.group_id, belonging),
        )
    ):
        people.setdefault(meeting_id, set()).update(belonging.get(group_id, ()))
    for invitation in session.exec(
        select(Invitation).where(
            is_one_of(session, Invitation.meeting_id, meetings),
            col(Invitation.stands).is_(True),
            or_(
                is_one_of(session, Invitation.person_id, stands),
                is_one_of(session, Invitation.institution_id, speakers),
            ),
        )
    ):
        asked = {each for each in invited(invitation, speakers) if each in found}
        there = people.setdefault(invitation.meeting_id, set())
        if invitation.reply == "declined" and invitation.person_id is not None:
            there.difference_update(asked)
        else:
            there.update(asked)
    for meeting in sorted(meetings.values(), key=lambda each: (str(each.begins_at), each.id)):
        if meeting.begins_at is None or meeting.ends_at is None:
            continue
        coming = Coming(
            meeting.id,
            meeting.title,
            meeting.begins_at,
            meeting.ends_at,
            meeting.time_zone,
            meeting.place,
            meeting.link,
            meeting.sequence,
            meeting.told_at,
            meeting.series_id,
            meeting.occurrence,
        )
        for person_id in people.get(meeting.id, ()):
            found[person_id].coming.append(coming)
