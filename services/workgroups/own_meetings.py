"""The meetings of somebody, across groups: those to come and those that are over.

Light rows of all of them are sorted here, since some have a moment and others only a day; only
those of one page are read in full.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from services.workgroups import meeting_access, permissions
from services.workgroups.meeting_states import MeetingStatus
from services.workgroups.tables import Invitation, Meeting, MeetingGroup
from shared.identity import Caller


class When(StrEnum):
    """Which meetings are asked for."""

    COMING = "coming"
    PAST = "past"


class OwnReply(StrEnum):
    """What the caller, or an institution of theirs, said to an invitation."""

    NONE = "none"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TENTATIVE = "tentative"


@dataclass(frozen=True)
class Asked:
    """Which of the meetings are asked for."""

    when: When
    group_id: UUID | None = None
    status: MeetingStatus | None = None
    reply: OwnReply | None = None


@dataclass(frozen=True)
class Own:
    """A meeting of the caller's."""

    meeting_id: UUID
    begins: str
    """When, in a form that sorts; without a time it comes after all that have one."""

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands in the list; no two stand at one place."""
        return self.begins, str(self.meeting_id)

    def follows(self, place: tuple[str | int, ...], when: When) -> bool:
        """Tell whether it comes after the place in the list."""
        return self.place > place if when is When.COMING else self.place < place


def meetings_of(session: Session, caller: Caller, asked: Asked, now: datetime) -> list[Own]:
    """Return the meetings of the caller's groups and those they are invited to.

    What is to come is in order of time, the next first; what is over the other way round.
    """
    wanted = [meeting_access.of_caller(session, caller)]
    if asked.group_id is not None:
        of_group = select(MeetingGroup.meeting_id).where(MeetingGroup.group_id == asked.group_id)
        wanted.append(col(Meeting.id).in_(of_group))
    if asked.status is not None:
        wanted.append(col(Meeting.status) == asked.status)
    if asked.reply is not None:
        said = col(Invitation.reply)
        none = asked.reply is OwnReply.NONE
        replied = (
            select(Invitation.meeting_id)
            .where(_theirs(session, caller))
            .where(said.is_(None) if none else said == asked.reply)
        )
        wanted.append(col(Meeting.id).in_(replied))
    rows = session.exec(
        select(  # type: ignore[call-overload]
            Meeting.id, Meeting.status, Meeting.begins_at, Meeting.ends_at, Meeting.held_on
        ).where(*wanted)
    )
    found = []
    for meeting_id, status, begins_at, ends_at, held_on in rows:
        over = status == MeetingStatus.HELD or (ends_at is not None and ends_at <= now)
        if over is (asked.when is When.PAST):
            day = datetime.combine(held_on, time.min, UTC) if held_on else None
            begins = begins_at or day or datetime.max.replace(tzinfo=UTC)
            found.append(Own(meeting_id, begins.isoformat()))
    return sorted(found, key=lambda own: own.place, reverse=asked.when is When.PAST)


def invitations_to(
    session: Session, caller: Caller, meeting_ids: Sequence[UUID]
) -> dict[UUID, list[Invitation]]:
    """Return the caller's invitations to each meeting, and those of institutions of theirs."""
    found: dict[UUID, list[Invitation]] = {meeting_id: [] for meeting_id in meeting_ids}
    for each in session.exec(
        select(Invitation)
        .where(_theirs(session, caller), col(Invitation.meeting_id).in_(meeting_ids))
        .order_by(col(Invitation.id))
    ):
        found[each.meeting_id].append(each)
    return found


def _theirs(session: Session, caller: Caller) -> ColumnElement[bool]:
    return and_(
        col(Invitation.withdrawn_at).is_(None),
        or_(
            col(Invitation.person_id) == caller.id,
            col(Invitation.institution_id).in_(permissions.institutions_of(session, caller)),
        ),
    )
