"""Meetings: finding them, their groups, and recording one after it was held."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from services.workgroups import groups, permissions
from services.workgroups.due_dates import day_in
from services.workgroups.institutions import no_such_institution
from services.workgroups.meeting_states import TO_COME
from services.workgroups.tables import (
    AgreedPoint,
    Group,
    Institution,
    Invitation,
    Meeting,
    MeetingGroup,
    MeetingSeries,
)
from shared.columns import utc_now
from shared.events.catalogue import AgreedPointFacts, MeetingFacts, MeetingMode, MeetingRecorded
from shared.identity import Caller
from shared.outbox import publish
from shared.problems import NOT_FOUND, Problem, incorrect


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
    found = active_groups(session, group_ids)
    require_known_convenor(session, convenor_id)
    meeting = Meeting(title=title, convenor_id=convenor_id, recorded_by=by, **vars(held))
    session.add(meeting)
    session.flush()
    session.add_all(MeetingGroup(meeting_id=meeting.id, group_id=group.id) for group in found)
    session.add_all(
        AgreedPoint(meeting_id=meeting.id, number=number, text=text, recorded_by=by)
        for number, text in enumerate(agreed_points, start=1)
    )
    session.flush()
    tell_of_record(session, meeting)
    return meeting


def tell_of_record(session: Session, meeting: Meeting) -> None:
    """Publish that the meeting was held, and what it agreed."""
    publish(
        session,
        MeetingRecorded.model_validate(
            {
                **meeting.model_dump(),
                "meeting_id": meeting.id,
                "date": meeting.held_on,
                "groups": references(session, meeting),
                "agreed_points": [
                    AgreedPointFacts(agreed_point_id=point.id, number=point.number, text=point.text)
                    for point in agreed_points_of(session, [meeting.id])[meeting.id]
                ],
            }
        ),
        subject=subject_of(meeting),
    )


def facts_of(session: Session, meeting: Meeting) -> MeetingFacts:
    """Return how events describe the meeting."""
    return MeetingFacts.model_validate(
        {
            **meeting.model_dump(),
            "meeting_id": meeting.id,
            "groups": references(session, meeting),
        }
    )


def subject_of(meeting: Meeting) -> str:
    """Return the subject of events of the meeting."""
    return f"meetings/{meeting.id}"


def read(session: Session, meeting_id: UUID) -> Meeting:
    """Return the meeting; a Problem (404) when there is none of that id."""
    meeting = session.get(Meeting, meeting_id)
    if meeting is None:
        raise no_such_meeting()
    return meeting


def lock(session: Session, meeting_id: UUID) -> Meeting:
    """Return the meeting, held until the transaction ends, so that its changes come one by one.

    Its series is held first: who changes many of its meetings does the same.
    """
    series_id = session.exec(select(Meeting.series_id).where(Meeting.id == meeting_id)).first()
    if series_id is not None:
        lock_series(session, series_id)
    meeting = session.exec(
        select(Meeting)
        .where(Meeting.id == meeting_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).first()
    if meeting is None:
        raise no_such_meeting()
    return meeting


def lock_series(session: Session, series_id: UUID) -> MeetingSeries:
    """Return the series, held until the transaction ends with the right to change its meetings."""
    return session.exec(
        select(MeetingSeries)
        .where(MeetingSeries.id == series_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def to_change(session: Session, meeting_id: UUID) -> Meeting:
    """Return the meeting, held until the transaction ends, with its groups as they are.

    Raises a Problem: 404 when there is none of that id, 409 when a group takes nothing new.
    """
    # The groups come first, as for a new meeting: two requests then can't wait for each other.
    active_groups(session, group_ids_of(session, meeting_id))
    return lock(session, meeting_id)


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


def group_ids_of(session: Session, meeting_id: UUID) -> list[UUID]:
    """Return the ids of the meeting's groups, in their order; they never change."""
    return list(
        session.exec(
            select(MeetingGroup.group_id)
            .where(MeetingGroup.meeting_id == meeting_id)
            .order_by(col(MeetingGroup.group_id))
        )
    )


def agreed_points_of(
    session: Session, meeting_ids: Sequence[UUID]
) -> dict[UUID, list[AgreedPoint]]:
    """Return what each meeting agreed, in order."""
    found: dict[UUID, list[AgreedPoint]] = {meeting_id: [] for meeting_id in meeting_ids}
    rows = session.exec(
        select(AgreedPoint)
        .where(col(AgreedPoint.meeting_id).in_(meeting_ids))
        .order_by(col(AgreedPoint.number))
    )
    for point in rows:
        found[point.meeting_id].append(point)
    return found


def active_groups(session: Session, group_ids: Sequence[UUID]) -> list[Group]:
    """Return the groups, held as they are until the transaction ends.

    Raises a Problem: 422 when there is no such group, 409 when one takes nothing new.
    """
    found = []
    # In one order for everybody, so that two meetings can't wait for each other's groups.
    for group_id in sorted(group_ids):
        try:
            group = groups.hold(session, group_id)
        except Problem:
            raise incorrect(
                f"/group_ids/{list(group_ids).index(group_id)}", "There is no group of that id."
            ) from None
        groups.require_active(group)
        found.append(group)
    return found


def require_known_convenor(session: Session, convenor_id: UUID | None) -> None:
    """Raise a Problem (404) when an institution is named that is not known here."""
    if convenor_id is not None and session.get(Institution, convenor_id) is None:
        raise no_such_institution("/convenor_id")


def require_plausible_counts(mode: str, in_person: int, online: int) -> None:
    """Raise a Problem (422) when those who took part don't fit the mode of the meeting."""
    if mode == "in_person" and online:
        raise incorrect("/participants_online", "Nobody is online in a meeting in person.")
    if mode == "online" and in_person:
        raise incorrect("/participants_in_person", "Nobody is in the room of an online meeting.")


def references(session: Session, meeting: Meeting) -> list[object]:
    """Return how events name the groups of the meeting."""
    found = groups_of(session, [meeting.id])[meeting.id]
    return [groups.reference(session, group) for group in found]


def _require_plausible(held: Held) -> None:
    if held.held_on > day_in(held.time_zone, utc_now()):
        raise incorrect("/date", "Record a meeting once it was held: this day is still to come.")
    require_plausible_counts(held.mode, held.participants_in_person, held.participants_online)
    if not held.participants_in_person + held.participants_online:
        raise incorrect("/participants_in_person", "Say how many took part: at least one did.")


@dataclass(frozen=True)
class Waiting:
    """An invitation that waits for a reply: nobody replied, or the meeting has moved since."""

    invitation_id: UUID
    meeting: Meeting
    institution_id: UUID | None
    """The institution that is invited; ``None`` where it is the caller."""


def waiting_for(session: Session, caller: Caller, now: datetime | None = None) -> list[Waiting]:
    """Return the invitations that wait for the caller's reply, the next meeting first.

    They are the caller's own, and those of institutions that the caller speaks for.
    """
    if not caller.acts:
        return []
    rows = session.exec(
        select(Invitation, Meeting)
        .where(
            col(Invitation.meeting_id) == col(Meeting.id),
            or_(
                col(Invitation.person_id) == caller.id,
                col(Invitation.institution_id).in_(permissions.institutions_of(session, caller)),
            ),
            col(Invitation.withdrawn_at).is_(None),
            or_(
                col(Invitation.reply).is_(None),
                col(Invitation.replied_to) < col(Meeting.sequence),
            ),
            col(Meeting.status).in_(TO_COME),
            col(Meeting.ends_at) > (now or utc_now()),
        )
        .order_by(col(Meeting.begins_at), col(Invitation.id))
    )
    return [Waiting(found.id, meeting, found.institution_id) for found, meeting in rows]
