"""Who was at the meetings of a report, by institution."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import permissions, sight
from services.workgroups.attendance import Presence
from services.workgroups.institutions import UNNAMED, names_of
from services.workgroups.tables import Attendance, FocalPoint, Membership, Participant
from shared.identity import Caller


@dataclass(frozen=True)
class Attended:
    """How an institution took part over all meetings: at how many, with how many people."""

    institution_id: UUID | None
    """``None``: people who come from no institution of the group."""
    institution_name: str | None
    meetings: int
    in_person: int
    online: int
    excused: int
    absent: int


@dataclass
class _Tally:
    """What is counted of an institution."""

    meetings: set[UUID] = field(default_factory=set)
    heads: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Presence, 0))


def may_know(session: Session, caller: Caller | None, group_id: UUID) -> bool:
    """Tell whether the caller may know who was there: who belongs to the group."""
    if caller is None:
        return False
    return permissions.is_coordinator(session, caller) or group_id in sight.groups_of(
        session, caller
    )


def attendance_of(session: Session, group_id: UUID, meeting_ids: Iterable[UUID]) -> list[Attended]:
    """Return who was at the meetings, the institution that was at most of them first."""
    rows = session.exec(
        select(Attendance).where(col(Attendance.meeting_id).in_(set(meeting_ids)))
    ).all()
    of_person = _institutions_of_people(
        session, group_id, [row.person_id for row in rows if row.person_id]
    )
    tallies: dict[UUID | None, _Tally] = {}
    for row in rows:
        institution_id = row.institution_id
        if row.person_id is not None:
            institution_id = of_person.get(row.person_id)
        tally = tallies.setdefault(institution_id, _Tally())
        tally.heads[row.presence] += row.heads
        if row.presence in {Presence.IN_PERSON, Presence.ONLINE}:
            tally.meetings.add(row.meeting_id)
    names = names_of(session, (each for each in tallies if each is not None))
    found = [
        Attended(
            institution_id=institution_id,
            institution_name=names.get(institution_id, UNNAMED).name if institution_id else None,
            meetings=len(tally.meetings),
            **tally.heads,
        )
        for institution_id, tally in tallies.items()
    ]
    return sorted(found, key=lambda each: (-each.meetings, each.institution_name or "\uffff"))


def _institutions_of_people(
    session: Session, group_id: UUID, person_ids: Sequence[UUID]
) -> dict[UUID, UUID]:
    """Return the institution of each person: the one of a role here, else a member's."""
    members = select(Membership.institution_id).where(Membership.group_id == group_id)
    spoken_for = session.exec(
        select(FocalPoint.person_id, FocalPoint.institution_id)
        .where(
            col(FocalPoint.person_id).in_(person_ids), col(FocalPoint.institution_id).in_(members)
        )
        .order_by(col(FocalPoint.institution_id))
    ).all()
    roles = session.exec(
        select(Participant.person_id, Participant.institution_id)
        .where(
            Participant.group_id == group_id,
            col(Participant.person_id).in_(person_ids),
            col(Participant.institution_id).is_not(None),
        )
        .order_by(col(Participant.since))
    ).all()
    return dict(spoken_for) | {person: through for person, through in roles if through}
