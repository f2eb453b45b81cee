"""Who was at a meeting: kept apart from what they had replied."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import meeting_plans
from services.workgroups.invitations import is_known
from services.workgroups.meeting_states import MeetingStatus
from services.workgroups.tables import Attendance, Institution, Meeting
from shared.problems import NOT_ALLOWED_NOW, Problem, incorrect


class Presence(StrEnum):
    """How somebody took part."""

    IN_PERSON = "in_person"
    ONLINE = "online"
    EXCUSED = "excused"
    ABSENT = "absent"


@dataclass(frozen=True)
class Present:
    """A person, or so many of an institution who are not named."""

    presence: Presence
    person_id: UUID | None = None
    institution_id: UUID | None = None
    heads: int = 1


def record(
    session: Session, meeting: Meeting, entries: Sequence[Present], *, now: datetime, by: UUID
) -> None:
    """Keep who was there instead of what was kept before; the counts of the meeting follow from it.

    Raises a Problem: 409 before the meeting begins or when it is cancelled, 422 for somebody
    unknown or twice, or a presence that doesn't fit the mode.
    """
    begun = meeting.begins_at is not None and meeting.begins_at <= now
    if meeting.status != MeetingStatus.HELD and (
        not begun or meeting.status == MeetingStatus.CANCELLED
    ):
        raise Problem(NOT_ALLOWED_NOW, "Record who was there once the meeting has begun.")
    for place, entry in enumerate(entries):
        _require_plausible(session, meeting, entry, place)
        if any(_same(entry, other) for other in entries[:place]):
            raise incorrect(f"/entries/{place}", "This is in the list twice: name each once.")
    before = of(session, meeting)
    for kept in before:
        session.delete(kept)
    session.flush()
    session.add_all(
        Attendance(meeting_id=meeting.id, recorded_by=by, **vars(entry)) for entry in entries
    )
    session.flush()
    meeting_plans.keep_attendance(
        session,
        meeting,
        before=[
            kept.model_dump(
                mode="json", include={"person_id", "institution_id", "presence", "heads"}
            )
            for kept in before
        ],
        in_person=_heads(entries, Presence.IN_PERSON),
        online=_heads(entries, Presence.ONLINE),
        by=by,
    )


def of(session: Session, meeting: Meeting) -> list[Attendance]:
    """Return who was at the meeting, in the order of their recording."""
    return list(
        session.exec(
            select(Attendance)
            .where(Attendance.meeting_id == meeting.id)
            .order_by(col(Attendance.id))
        )
    )


_KEPT = {"person_id", "institution_id", "presence", "heads"}


def _heads(entries: Sequence[Present], presence: Presence) -> int:
    return sum(entry.heads for entry in entries if entry.presence is presence)


def _same(one: Present, other: Present) -> bool:
    if one.person_id is not None:
        return one.person_id == other.person_id
    return (one.institution_id, one.presence) == (other.institution_id, other.presence)


def _require_plausible(session: Session, meeting: Meeting, entry: Present, place: int) -> None:
    if entry.person_id is not None and not is_known(session, entry.person_id):
        raise incorrect(f"/entries/{place}/person_id", "Nobody of that id is known here.")
    if entry.institution_id is not None and session.get(Institution, entry.institution_id) is None:
        raise incorrect(f"/entries/{place}/institution_id", "There is no institution of that id.")
    impossible = {"in_person": Presence.ONLINE, "online": Presence.IN_PERSON}
    if impossible.get(meeting.mode) is entry.presence:
        raise incorrect(
            f"/entries/{place}/presence", f"Nobody is {entry.presence} in a meeting {meeting.mode}."
        )
