"""Meetings that were held, and what they agreed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import groups
from services.workgroups.due_dates import day_in
from services.workgroups.institutions import no_such_institution
from services.workgroups.tables import AgreedPoint, Group, Institution, Meeting, MeetingGroup
from shared.columns import utc_now
from shared.events.catalogue import AgreedPointFacts, MeetingMode, MeetingRecorded
from shared.outbox import publish
from shared.problems import INVALID, NOT_FOUND, FieldError, Problem


@dataclass(frozen=True)
class Held:
    """When and how a meeting was held."""

    held_on: date
    place: str | None
    time_zone: str
    mode: MeetingMode
    participants_in_person: int
    participants_online: int


def record(
    session: Session,
    *,
    title: str,
    held: Held,
    convenor_id: UUID | None,
    group_ids: Sequence[UUID],
    agreed_points: Sequence[str],
    by: UUID,
) -> Meeting:
    """Record a meeting of groups with what it agreed, numbered in the order given.

    Raises a Problem: 422 when it is in the future, when those who took part don't fit its mode,
    or when there is no such group; 404 when the convenor is unknown; 409 when a group is archived.
    """
    _require_plausible(held)
    found = _active_groups(session, group_ids)
    if convenor_id is not None and session.get(Institution, convenor_id) is None:
        raise no_such_institution("/convenor_id")
    meeting = Meeting(title=title, convenor_id=convenor_id, recorded_by=by, **vars(held))
    session.add(meeting)
    session.flush()
    points = [
        AgreedPoint(meeting_id=meeting.id, number=number, text=text, recorded_by=by)
        for number, text in enumerate(agreed_points, start=1)
    ]
    session.add_all(MeetingGroup(meeting_id=meeting.id, group_id=group.id) for group in found)
    session.add_all(points)
    session.flush()
    publish(
        session,
        MeetingRecorded(
            meeting_id=meeting.id,
            title=title,
            date=held.held_on,
            place=held.place,
            time_zone=held.time_zone,
            mode=held.mode,
            participants_in_person=held.participants_in_person,
            participants_online=held.participants_online,
            convenor_id=convenor_id,
            groups=[groups.reference(session, group) for group in found],
            agreed_points=[
                AgreedPointFacts(agreed_point_id=point.id, number=point.number, text=point.text)
                for point in points
            ],
        ),
        subject=f"meetings/{meeting.id}",
    )
    return meeting


def read(session: Session, meeting_id: UUID) -> Meeting:
    """Return the meeting; a Problem (404) when there is none of that id."""
    meeting = session.get(Meeting, meeting_id)
    if meeting is None:
        raise no_such_meeting()
    return meeting


def no_such_meeting() -> Problem:
    """Return the Problem (404) for a meeting that is unknown or hidden from the caller."""
    return Problem(NOT_FOUND, "There is no meeting of that id. GET /meetings lists those you see.")


def groups_of(session: Session, meeting_ids: Sequence[UUID]) -> dict[UUID, list[Group]]:
    """Return the groups of each meeting, in the order of their ids."""
    found: dict[UUID, list[Group]] = {meeting_id: [] for meeting_id in meeting_ids}
    rows = session.exec(
        select(MeetingGroup.meeting_id, Group)
        .where(
            col(MeetingGroup.group_id) == col(Group.id),
            col(MeetingGroup.meeting_id).in_(meeting_ids),
        )
        .order_by(col(Group.id))
    )
    for meeting_id, group in rows:
        found[meeting_id].append(group)
    return found


def agreed_points_of(
    session: Session, meeting_ids: Sequence[UUID]
) -> dict[UUID, list[AgreedPoint]]:
    """Return what each meeting agreed, in the order of the numbers."""
    found: dict[UUID, list[AgreedPoint]] = {meeting_id: [] for meeting_id in meeting_ids}
    rows = session.exec(
        select(AgreedPoint)
        .where(col(AgreedPoint.meeting_id).in_(meeting_ids))
        .order_by(col(AgreedPoint.number))
    )
    for point in rows:
        found[point.meeting_id].append(point)
    return found


def _require_plausible(held: Held) -> None:
    if held.held_on > day_in(held.time_zone, utc_now()):
        raise _invalid("/date", "Record a meeting once it was held: this day is still to come.")
    if held.mode == "in_person" and held.participants_online:
        raise _invalid("/participants_online", "Nobody is online in a meeting in person.")
    if held.mode == "online" and held.participants_in_person:
        raise _invalid("/participants_in_person", "Nobody is in the room of an online meeting.")
    if not held.participants_in_person + held.participants_online:
        raise _invalid("/participants_in_person", "Say how many took part: at least one did.")


def _active_groups(session: Session, group_ids: Sequence[UUID]) -> list[Group]:
    found = []
    # In one order for everybody, so that two meetings can't wait for each other's groups.
    for group_id in sorted(group_ids):
        try:
            group = groups.hold(session, group_id)
        except Problem:
            raise _invalid(
                f"/group_ids/{list(group_ids).index(group_id)}", "There is no group of that id."
            ) from None
        groups.require_active(group)
        found.append(group)
    return found


def _invalid(pointer: str, detail: str) -> Problem:
    return Problem(
        INVALID,
        f"Correct {pointer}: {detail}",
        errors=[FieldError(pointer=pointer, detail=detail)],
    )
