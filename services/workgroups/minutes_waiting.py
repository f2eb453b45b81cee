"""Circulated minutes that wait for somebody to agree them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, or_, select

from services.workgroups.group_lifecycle import Status
from services.workgroups.minutes import MinutesState
from services.workgroups.permissions import RECORDING, is_coordinator
from services.workgroups.tables import Group, Meeting, MeetingGroup, MinutesVersion, Participant
from shared.identity import Caller


@dataclass(frozen=True)
class Waiting:
    """Circulated minutes that wait to be agreed."""

    meeting: Meeting
    group_id: UUID
    """The first of the meeting's groups."""
    since: datetime


def waiting_for(session: Session, caller: Caller) -> list[Waiting]:
    """Return the circulated minutes that the caller is to agree.

    They wait for who records for all groups of the meeting: coordinator, co-chairs, rapporteur.
    Those of a group that has none of them wait for the platform's coordinators.
    """
    if not caller.acts:
        return []
    recorders = select(Participant.group_id).where(
        col(Participant.role).in_(RECORDING),
        Participant.state == "active",
        col(Participant.ended_at).is_(None),
    )
    own = set(session.exec(recorders.where(Participant.person_id == caller.id)))
    everywhere = is_coordinator(session, caller)
    if not own and not everywhere:
        return []
    mine = col(MeetingGroup.group_id).in_(own)
    later = aliased(MinutesVersion)
    newest = (
        select(MinutesVersion.meeting_id, MinutesVersion.written_at)
        .join(MeetingGroup, col(MeetingGroup.meeting_id) == col(MinutesVersion.meeting_id))
        .where(
            MinutesVersion.state == MinutesState.CIRCULATED,
            or_(mine, col(MeetingGroup.group_id).not_in(recorders)) if everywhere else mine,
            ~select(later.meeting_id)
            .where(
                col(later.meeting_id) == col(MinutesVersion.meeting_id),
                col(later.number) > col(MinutesVersion.number),
            )
            .exists(),
        )
    )
    since = dict(session.exec(newest).all())
    groups: dict[UUID, list[UUID]] = {}
    closed = set()
    for meeting_id, group_id, status in session.exec(
        select(MeetingGroup.meeting_id, Group.id, Group.status)
        .join(Group, col(Group.id) == col(MeetingGroup.group_id))
        .where(col(MeetingGroup.meeting_id).in_(since))
        .order_by(col(Group.id))
    ):
        groups.setdefault(meeting_id, []).append(group_id)
        if status != Status.ACTIVE:
            closed.add(meeting_id)
    found = session.exec(select(Meeting).where(col(Meeting.id).in_(since)))
    return [
        Waiting(meeting, groups[meeting.id][0], since[meeting.id])
        for meeting in found
        if meeting.id not in closed and (everywhere or own.issuperset(groups[meeting.id]))
    ]
