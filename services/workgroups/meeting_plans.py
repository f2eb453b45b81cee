"""Planning a meeting, setting and moving its time, cancelling it, and saying that it was held."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import meetings, seating
from services.workgroups.meeting_states import (
    AHEAD,
    TO_COME,
    MeetingStatus,
    require_transition,
)
from services.workgroups.tables import (
    AgreedPoint,
    Group,
    Meeting,
    MeetingChange,
    MeetingGroup,
    MeetingSeries,
)
from services.workgroups.wall_times import Times
from shared.columns import utc_now
from shared.events.catalogue import (
    MeetingCancelled,
    MeetingHeld,
    MeetingRescheduled,
    MeetingScheduled,
    MeetingUpdated,
)
from shared.outbox import publish
from shared.problems import NOT_ALLOWED_NOW, Problem, incorrect

INVITED_ON = frozenset({"place", "link", "mode"})
"""What an invitation says beside the time: another value makes the invitation another."""

EDITABLE_WHEN_HELD = frozenset({"title", "description", "place"})
"""What may still be corrected once a meeting was held."""


@dataclass(frozen=True)
class Plan:
    """What a meeting shall be."""

    title: str
    time_zone: str
    mode: str
    description: str | None = None
    times: Times | None = None
    place: str | None = None
    link: str | None = None
    capacity: int | None = None
    convenor_id: UUID | None = None


def plan(
    session: Session, wanted: Plan, group_ids: Sequence[UUID], status: MeetingStatus, *, by: UUID
) -> Meeting:
    """Plan a meeting of groups; ``scheduled`` at once, or ``planned`` until `schedule`.

    Raises a Problem: 422 when there is no such group, when the place or link doesn't fit the mode,
    or when it shall be scheduled without a time; 404 when the convenor is unknown; 409 when a
    group takes nothing new.
    """
    found = meetings.active_groups(session, group_ids)
    meetings.require_known_convenor(session, wanted.convenor_id)
    columns = {name: value for name, value in vars(wanted).items() if name != "times"}
    meeting = Meeting(**{**columns, **columns_of(wanted.times)}, status=status, recorded_by=by)
    require_reachable(meeting)
    if status in TO_COME and wanted.times is None:
        raise _no_time()
    session.add(meeting)
    session.flush()
    session.add_all(MeetingGroup(meeting_id=meeting.id, group_id=group.id) for group in found)
    session.flush()
    if status in TO_COME:
        _tell(session, meeting, MeetingScheduled)
    return meeting


def change(
    session: Session, meeting: Meeting, changes: Mapping[str, Any], times: Times | None, *, by: UUID
) -> None:
    """Give the meeting other values; what is equal already changes nothing and is told to nobody.

    ``changes`` holds columns of the meeting. Raises a Problem: 409 when it is cancelled, when a
    value is fixed because it was held, or when the time was told already and has to be moved by
    `reschedule`.
    """
    wanted = {**changes, **(columns_of(times) if times else {})}
    after = {name: value for name, value in wanted.items() if getattr(meeting, name) != value}
    if not after:
        return
    if meeting.status == MeetingStatus.CANCELLED:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"“{meeting.title}” is cancelled. If it takes place after all, say when with "
            f"POST /meetings/{meeting.id}/reschedule.",
        )
    if meeting.status == MeetingStatus.HELD and not after.keys() <= EDITABLE_WHEN_HELD:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"“{meeting.title}” was held: only its title, description and place can be corrected.",
        )
    if meeting.status in TO_COME and after.keys() & {"time_zone", *_TIME_COLUMNS}:
        raise Problem(
            NOT_ALLOWED_NOW,
            "People rely on the time of this meeting: move it with "
            f"POST /meetings/{meeting.id}/reschedule, which takes a reason and tells them.",
        )
    meetings.require_known_convenor(session, after.get("convenor_id"))
    if "capacity" in after:
        seating.require_room(session, meeting, after["capacity"])
    alter(session, meeting, after, by=by)
    if meeting.status in AHEAD:
        require_reachable(meeting)
    if meeting.status in TO_COME:
        seating.move_up(session, meeting)
    if meeting.status in TO_COME:
        _tell(session, meeting, MeetingUpdated)


def schedule(session: Session, meeting: Meeting, *, by: UUID) -> None:
    """Settle the time of a planned meeting; a Problem (422) when it has none."""
    require_transition(MeetingStatus(meeting.status), MeetingStatus.SCHEDULED, None)
    if meeting.begins_at is None:
        raise _no_time()
    alter(session, meeting, {"status": MeetingStatus.SCHEDULED}, by=by)
    _tell(session, meeting, MeetingScheduled)


def reschedule(
    session: Session, meeting: Meeting, times: Times, reason: str | None, *, by: UUID
) -> None:
    """Move the meeting to another time; a cancelled one takes place then after all.

    Raises a Problem: 409 when it can't move or is at that time already, 422 without a reason.
    """
    require_transition(MeetingStatus(meeting.status), MeetingStatus.RESCHEDULED, reason)
    if meeting.status in TO_COME and all(
        getattr(meeting, name) == value for name, value in columns_of(times).items()
    ):
        raise Problem(NOT_ALLOWED_NOW, "The meeting is at that time already: nothing moves.")
    began_at, ended_at = meeting.begins_at, meeting.ends_at
    after = {**columns_of(times), "status": MeetingStatus.RESCHEDULED}
    alter(session, meeting, after, by=by, reason=reason)
    publish(
        session,
        MeetingRescheduled(
            meeting=meetings.facts_of(session, meeting),
            previously_began_at=began_at,
            previously_ended_at=ended_at,
            reason=reason or "",
        ),
        subject=meetings.subject_of(meeting),
    )


def cancel(session: Session, meeting: Meeting, reason: str | None, *, by: UUID) -> None:
    """Say that the meeting does not take place, and why."""
    require_transition(MeetingStatus(meeting.status), MeetingStatus.CANCELLED, reason)
    alter(session, meeting, {"status": MeetingStatus.CANCELLED}, by=by, reason=reason)
    publish(
        session,
        MeetingCancelled(meeting=meetings.facts_of(session, meeting), reason=reason or ""),
        subject=meetings.subject_of(meeting),
    )


def hold(
    session: Session,
    meeting: Meeting,
    *,
    participants_in_person: int | None,
    participants_online: int | None,
    agreed_points: Sequence[str],
    now: datetime,
    by: UUID,
) -> None:
    """Say that the meeting was held, with what it agreed, numbered in the order given.

    A count that is ``None`` stays as the attendance made it. Raises a Problem: 409 when it hasn't
    begun, 422 when those who took part don't fit its mode.
    """
    require_transition(MeetingStatus(meeting.status), MeetingStatus.HELD, None)
    if meeting.begins_at is None or meeting.begins_local is None or meeting.begins_at > now:
        raise Problem(
            NOT_ALLOWED_NOW,
            "The meeting hasn't begun: say that it was held once it has, and set its time first "
            "if it has none.",
        )
    in_person, online = (
        kept if given is None else given
        for given, kept in (
            (participants_in_person, meeting.participants_in_person),
            (participants_online, meeting.participants_online),
        )
    )
    meetings.require_plausible_counts(meeting.mode, in_person, online)
    after = {
        "status": MeetingStatus.HELD,
        "held_on": meeting.begins_local.date(),
        "participants_in_person": in_person,
        "participants_online": online,
    }
    alter(session, meeting, after, by=by)
    session.add_all(
        AgreedPoint(meeting_id=meeting.id, number=number, text=text, recorded_by=by)
        for number, text in enumerate(agreed_points, start=1)
    )
    session.flush()
    _tell(session, meeting, MeetingHeld)
    meetings.tell_of_record(session, meeting)


def keep_attendance(
    session: Session,
    meeting: Meeting,
    *,
    before: Sequence[Mapping[str, Any]],
    in_person: int,
    online: int,
    by: UUID,
) -> None:
    """Let the counts of the meeting follow from who was there; none recorded leaves them."""
    counts = {"participants_in_person": in_person, "participants_online": online}
    after = counts if in_person + online else {}
    alter(session, meeting, after, by=by, also_before={"attendance": before})


def keep_documents(session: Session, meeting: Meeting, *, before: Sequence[str], by: UUID) -> None:
    """Make a version for other documents than before, which are given by their names."""
    alter(session, meeting, {}, by=by, also_before={"documents": before})


@dataclass(frozen=True)
class Overlap:
    """Another meeting of one of the groups at the same time."""

    group: Group
    meeting: Meeting


def overlaps(session: Session, meeting: Meeting, group_ids: Sequence[UUID]) -> list[Overlap]:
    """Return the meetings of the groups that are at the same time, the first ten of them."""
    if meeting.begins_at is None or meeting.ends_at is None or meeting.status not in AHEAD:
        return []
    rows = session.exec(
        select(Group, Meeting)
        .where(
            col(MeetingGroup.group_id) == col(Group.id),
            col(MeetingGroup.meeting_id) == col(Meeting.id),
            col(Group.id).in_(group_ids),
            col(Meeting.id) != meeting.id,
            col(Meeting.status).in_(AHEAD),
            col(Meeting.begins_at) < meeting.ends_at,
            col(Meeting.ends_at) > meeting.begins_at,
        )
        .order_by(col(Meeting.begins_at), col(Group.id))
        .limit(10)
    )
    return [Overlap(group, other) for group, other in rows]


_TIME_COLUMNS = (
    "begins_local",
    "begins_fold",
    "begins_at",
    "ends_local",
    "ends_fold",
    "ends_at",
)


def columns_of(times: Times | None) -> dict[str, Any]:
    """Return the columns of a meeting that hold its times."""
    return dict(vars(times)) if times else {}


def alter(
    session: Session,
    meeting: Meeting,
    after: Mapping[str, Any],
    *,
    by: UUID,
    reason: str | None = None,
    also_before: Mapping[str, Any] | None = None,
    sequence: int | None = None,
) -> None:
    """Give the meeting other values and keep those before.

    ``sequence`` is what the series has when the caller raised it for many meetings at once.
    """
    before = {
        name: getattr(meeting, name) for name in after if getattr(meeting, name) != after[name]
    }
    for name, value in after.items():
        setattr(meeting, name, value)
    meeting.version += 1
    told = meeting.status != MeetingStatus.PLANNED
    if (told and before.keys() & {*_TIME_COLUMNS, *INVITED_ON, "time_zone"}) or (
        meeting.status == MeetingStatus.CANCELLED and "status" in before
    ):
        meeting.sequence = _next_sequence(session, meeting) if sequence is None else sequence
    elif meeting.series_id is not None and sequence is None:
        _touch_series(session, meeting.series_id)
    meeting.updated_at = utc_now()
    session.add(meeting)
    session.add(
        MeetingChange(
            meeting_id=meeting.id,
            version=meeting.version,
            status=meeting.status,
            before=json.dumps({**before, **(also_before or {})}, default=str),
            reason=reason,
            changed_by=by,
        )
    )
    session.flush()


def _next_sequence(session: Session, meeting: Meeting) -> int:
    if meeting.series_id is None:
        return meeting.sequence + 1
    series = _touch_series(session, meeting.series_id)
    series.sequence += 1
    return series.sequence


def _touch_series(session: Session, series_id: UUID) -> MeetingSeries:
    # Who may alter a meeting of a series holds the series, see `meetings.lock`.
    series = session.get_one(MeetingSeries, series_id)
    series.version += 1
    series.updated_at = utc_now()
    session.add(series)
    return series


def _tell(
    session: Session,
    meeting: Meeting,
    event: type[MeetingScheduled] | type[MeetingUpdated] | type[MeetingHeld],
) -> None:
    publish(
        session,
        event(meeting=meetings.facts_of(session, meeting)),
        subject=meetings.subject_of(meeting),
    )


def _no_time() -> Problem:
    return incorrect("/begins", "Say when the meeting begins and ends to schedule it.")


def require_reachable(meeting: Meeting | MeetingSeries) -> None:
    """Raise a Problem (422) when place or link don't fit the mode."""
    if meeting.mode == "online" and meeting.place is not None:
        raise incorrect(
            "/place", "An online meeting has no place: make it hybrid, or leave it out."
        )
    if meeting.mode == "in_person" and meeting.link is not None:
        raise incorrect(
            "/link", "A meeting in person has no link: make it hybrid, or leave it out."
        )
