"""Series of meetings: planned by a rule, changed from a meeting on, moved, added to and ended.

Each meeting of a series is a meeting as any other, with its own invitations, agenda and minutes.
The series says what they have in common; a meeting that differs from it is an exception. Whoever
calls these functions but `plan` holds the series.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from services.workgroups import meeting_plans, meetings, recurrence, seating
from services.workgroups.meeting_plans import INVITED_ON, Plan, columns_of
from services.workgroups.meeting_states import AHEAD, TO_COME, MeetingStatus
from services.workgroups.recurrence import Rule
from services.workgroups.tables import Group, Meeting, MeetingGroup, MeetingSeries
from services.workgroups.wall_times import Times, WallTime, times_of
from shared.columns import utc_now
from shared.events.catalogue import (
    MeetingScheduled,
    MeetingSeriesEnded,
    MeetingSeriesRescheduled,
    MeetingSeriesScheduled,
    MeetingSeriesUpdated,
    OccurrenceFacts,
    SeriesFacts,
)
from shared.outbox import publish
from shared.problems import NOT_ALLOWED_NOW, Problem, incorrect

ALL_IN_ALL = 150
"""How many meetings a series has at most with those that were added to it."""

SHARED = ("title", "description", "mode", "place", "link", "capacity", "convenor_id")
"""What the meetings of a series have in common beside their times."""


@dataclass(frozen=True)
class Slot:
    """When a meeting begins and ends on the wall; the folds say which of two equal hours."""

    begins: datetime
    ends: datetime
    begins_fold: int | None = None
    ends_fold: int | None = None

    def on(self, begins: datetime) -> "Slot":
        """Return the slot as long as this one that begins at another time on the wall."""
        ends = begins + (self.ends - self.begins)
        return Slot(begins, ends, self.begins_fold, self.ends_fold)

    def times(self, time_zone: str) -> Times:
        """Return the times in the time zone; a Problem (422) when clocks don't show them once."""
        return times_of(
            WallTime(self.begins, self.begins_fold),
            WallTime(self.ends, self.ends_fold),
            time_zone,
        )


@dataclass(frozen=True)
class Repetition:
    """How a series shall repeat: so often, or until a day, without some days."""

    rule: Rule
    count: int | None = None
    until: date | None = None
    except_dates: Sequence[date] = ()


def plan(
    session: Session,
    wanted: Plan,
    slot: Slot,
    repetition: Repetition,
    group_ids: Sequence[UUID],
    *,
    by: UUID,
) -> MeetingSeries:
    """Schedule a series of meetings of groups, whose plan has no times of its own.

    Raises a Problem: 422 for a rule that doesn't fit its first meeting or makes too many, when
    clocks don't show the time of a meeting just once, or as for a single meeting.
    """
    found = meetings.active_groups(session, group_ids)
    meetings.require_known_convenor(session, wanted.convenor_id)
    rule = recurrence.bounded(repetition.rule, slot.begins, repetition.count, repetition.until)
    begins = _kept(recurrence.dates(rule, slot.begins), repetition.except_dates)
    series = MeetingSeries(
        **{name: getattr(wanted, name) for name in SHARED},
        time_zone=wanted.time_zone,
        rule=rule.text(),
        begins_local=slot.begins,
        begins_fold=slot.begins_fold,
        ends_local=slot.ends,
        ends_fold=slot.ends_fold,
        recorded_by=by,
    )
    meeting_plans.require_reachable(series)
    slot.times(wanted.time_zone)
    made = [
        _meeting(series, _clear(slot.on(each), series.time_zone, _LEAVE_OUT), by) for each in begins
    ]
    session.add(series)
    session.flush()
    session.add_all(made)
    session.flush()
    session.add_all(
        MeetingGroup(meeting_id=meeting.id, group_id=group.id)
        for meeting in made
        for group in found
    )
    session.flush()
    publish(
        session,
        MeetingSeriesScheduled(series=facts_of(session, series), occurrences=told(made)),
        subject=subject_of(series),
    )
    return series


def change(
    session: Session,
    series: MeetingSeries,
    changes: Mapping[str, Any],
    since: datetime | None,
    *,
    by: UUID,
) -> None:
    """Give the meetings to come other values, from the occurrence ``since`` on.

    What was changed for one meeting alone stays. Equal values change nothing. Raises a Problem: 409
    when no meeting is to come, 422 as for a single meeting.
    """
    after = {name: value for name, value in changes.items() if getattr(series, name) != value}
    if not after:
        return
    concerned = _ahead(session, series, since)
    meetings.require_known_convenor(session, after.get("convenor_id"))
    before = {name: getattr(series, name) for name in after}
    _raise(series, moved=bool(after.keys() & INVITED_ON))
    for name, value in after.items():
        setattr(series, name, value)
    session.add(series)
    meeting_plans.require_reachable(series)
    changed = []
    for meeting in concerned:
        own = {name: after[name] for name in after if getattr(meeting, name) == before[name]}
        if not own:
            continue
        if "capacity" in own:
            seating.require_room(session, meeting, own["capacity"])
        meeting_plans.alter(session, meeting, own, by=by, sequence=series.sequence)
        meeting_plans.require_reachable(meeting)
        seating.move_up(session, meeting)
        changed.append(meeting)
    session.flush()
    publish(
        session,
        MeetingSeriesUpdated(series=facts_of(session, series), occurrences=told(changed)),
        subject=subject_of(series),
    )


def reschedule(
    session: Session,
    series: MeetingSeries,
    slot: Slot,
    since: datetime | None,
    reason: str,
    *,
    by: UUID,
) -> None:
    """Move the meetings to come to another time of their days, from the occurrence ``since`` on.

    ``slot`` is that of the first of them, on its day. A meeting that was moved alone, or added,
    stays where it is. Raises a Problem: 409 when no meeting is to come, or the series is at that
    time already; 422 for another day, or when clocks don't show the time of a meeting just once.
    """
    regular = set(recurrence.dates(recurrence.read(series.rule), series.begins_local))
    concerned = {
        meeting.occurrence: meeting
        for meeting in _ahead(session, series, since)
        if meeting.occurrence in regular and is_regular(series, meeting)
    }
    began = min(filter(None, concerned), default=None)
    if began is None:
        raise Problem(
            NOT_ALLOWED_NOW,
            "No meeting that follows the rule is to come: move each one by itself.",
        )
    if slot.begins.date() != began.date():
        raise incorrect(
            "/begins",
            f"The first of these meetings is on {began:%Y-%m-%d}: say at which time of "
            "that day. For other days end this series and plan another.",
        )
    if slot.begins == began and slot.ends - slot.begins == _length(series):
        raise Problem(NOT_ALLOWED_NOW, "The series is at that time already: nothing moves.")
    slot.times(series.time_zone)
    shift = slot.begins - began
    every = meetings_of(session, series)
    _require_apart(every, regular, shift)
    _raise(series, moved=True)
    series.begins_local += shift
    series.ends_local = series.begins_local + (slot.ends - slot.begins)
    series.begins_fold, series.ends_fold = slot.begins_fold, slot.ends_fold
    session.add(series)
    for occurrence, meeting in concerned.items():
        assert occurrence is not None  # noqa: S101
        times = _clear(slot.on(occurrence + shift), series.time_zone, _MOVE_ALONE)
        after = {**columns_of(times), "status": MeetingStatus.RESCHEDULED}
        meeting_plans.alter(session, meeting, after, by=by, reason=reason, sequence=series.sequence)
    for meeting in every:
        if meeting.occurrence is not None and meeting.occurrence in regular:
            meeting.occurrence += shift
            session.add(meeting)
    session.flush()
    publish(
        session,
        MeetingSeriesRescheduled(
            series=facts_of(session, series),
            occurrences=told(list(concerned.values())),
            previously_began_local=began,
            reason=reason,
        ),
        subject=subject_of(series),
    )


def add(session: Session, series: MeetingSeries, slot: Slot, *, by: UUID) -> Meeting:
    """Add a meeting beside those of the rule.

    Raises a Problem: 409 when the series has ended or has as many as it may, or when one of its
    meetings is at that time already; 422 when clocks don't show the time just once.
    """
    if series.ended_at is not None:
        raise Problem(
            NOT_ALLOWED_NOW, "The series has ended: plan a meeting of its own, or another series."
        )
    there = meetings_of(session, series)
    for meeting in there:
        if slot.begins in (meeting.occurrence, meeting.begins_local):
            back = " Reschedule it to let it take place." if meeting.status == "cancelled" else ""
            raise Problem(
                NOT_ALLOWED_NOW,
                f"A meeting of the series is at that time: /meetings/{meeting.id}, which is "
                f"{meeting.status}.{back}",
            )
    if len(there) >= ALL_IN_ALL:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"A series has {ALL_IN_ALL} meetings at most: plan a meeting of its own.",
        )
    _raise(series, moved=True)
    session.add(series)
    made = _meeting(series, slot.times(series.time_zone), by)
    session.add(made)
    session.flush()
    session.add_all(
        MeetingGroup(meeting_id=made.id, group_id=group_id)
        for group_id in meetings.group_ids_of(session, there[0].id)
    )
    session.flush()
    publish(
        session,
        MeetingScheduled(meeting=meetings.facts_of(session, made)),
        subject=meetings.subject_of(made),
    )
    return made


def end(
    session: Session, series: MeetingSeries, since: datetime | None, reason: str, *, by: UUID
) -> None:
    """Cancel the meetings to come from the occurrence ``since`` on; no more are added.

    Raises a Problem (409) when no meeting is to come.
    """
    concerned = _ahead(session, series, since)
    rule = recurrence.read(series.rule)
    last = concerned[0].occurrence
    assert last is not None  # noqa: S101
    kept = [each for each in recurrence.dates(rule, series.begins_local) if each < last]
    _raise(series, moved=True)
    if kept:
        series.rule = recurrence.shortened(rule, len(kept)).text()
    series.ended_at = utc_now()
    session.add(series)
    for meeting in concerned:
        meeting_plans.alter(
            session,
            meeting,
            {"status": MeetingStatus.CANCELLED},
            by=by,
            reason=reason,
            sequence=series.sequence,
        )
    publish(
        session,
        MeetingSeriesEnded(
            series=facts_of(session, series), occurrences=told(concerned), reason=reason
        ),
        subject=subject_of(series),
    )


def meetings_of(session: Session, series: MeetingSeries) -> list[Meeting]:
    """Return every meeting of the series, in the order of their occurrences."""
    return list(
        session.exec(
            select(Meeting).where(Meeting.series_id == series.id).order_by(col(Meeting.occurrence))
        )
    )


def is_regular(series: MeetingSeries, meeting: Meeting) -> bool:
    """Tell whether the meeting is when the series has it: nobody moved it alone."""
    return (
        meeting.time_zone == series.time_zone
        and meeting.begins_local == meeting.occurrence
        and meeting.begins_local is not None
        and meeting.ends_local is not None
        and meeting.ends_local - meeting.begins_local == _length(series)
    )


def to_come(session: Session, series: MeetingSeries, now: datetime) -> list[Meeting]:
    """Return the meetings of the series that people are asked to come to and that aren't over."""
    return [
        meeting
        for meeting in meetings_of(session, series)
        if meeting.status in TO_COME and meeting.ends_at is not None and meeting.ends_at > now
    ]


def overlaps(
    session: Session, series: MeetingSeries, group_ids: Sequence[UUID]
) -> list[tuple[Meeting, Group, Meeting]]:
    """Return meetings of the series with others of the groups at their time, the first ten."""
    other = aliased(Meeting)
    return list(
        session.exec(
            select(Meeting, Group, other)
            .where(
                Meeting.series_id == series.id,
                col(Meeting.status).in_(AHEAD),
                col(other.status).in_(AHEAD),
                col(other.id) != col(Meeting.id),
                col(other.begins_at) < col(Meeting.ends_at),
                col(other.ends_at) > col(Meeting.begins_at),
                col(MeetingGroup.meeting_id) == col(other.id),
                col(MeetingGroup.group_id) == col(Group.id),
                col(Group.id).in_(group_ids),
            )
            .order_by(col(Meeting.begins_at), col(Group.id), col(other.id))
            .limit(10)
        )
    )


def facts_of(session: Session, series: MeetingSeries) -> SeriesFacts:
    """Return how events describe the series."""
    first = meetings_of(session, series)[0]
    return SeriesFacts.model_validate(
        {
            **series.model_dump(),
            "series_id": series.id,
            "groups": meetings.references(session, first),
        }
    )


def told(found: Sequence[Meeting]) -> list[OccurrenceFacts]:
    """Return how events describe meetings of a series."""
    return [
        OccurrenceFacts.model_validate({**meeting.model_dump(), "meeting_id": meeting.id})
        for meeting in found
    ]


def subject_of(series: MeetingSeries) -> str:
    """Return the subject of events of the series."""
    return f"meeting-series/{series.id}"


_LEAVE_OUT = "Or leave that day out with except_dates."
_MOVE_ALONE = "Or move or cancel the meeting of that day first, by itself."


def _kept(begins: Sequence[datetime], except_dates: Sequence[date]) -> list[datetime]:
    days = {each.date() for each in begins}
    for place, day in enumerate(except_dates):
        if day not in days:
            raise incorrect(
                f"/except_dates/{place}", "The series has no meeting on that day: leave it out."
            )
    kept = [each for each in begins if each.date() not in set(except_dates)]
    if not kept:
        raise incorrect("/except_dates", "No meeting is left: leave out fewer days.")
    return kept


def _meeting(series: MeetingSeries, times: Times, by: UUID) -> Meeting:
    return Meeting(
        **{name: getattr(series, name) for name in SHARED},
        **{**columns_of(times), "time_zone": series.time_zone},
        status=MeetingStatus.SCHEDULED,
        recorded_by=by,
        series_id=series.id,
        occurrence=times.begins_local,
        sequence=series.sequence,
    )


def _clear(slot: Slot, time_zone: str, way_out: str) -> Times:
    try:
        return slot.times(time_zone)
    except Problem as problem:
        [error] = problem.errors
        raise incorrect(error.pointer, f"{error.detail} {way_out}") from problem


def _ahead(session: Session, series: MeetingSeries, since: datetime | None) -> list[Meeting]:
    now = utc_now()
    found = [
        meeting
        for meeting in meetings_of(session, series)
        if meeting.status in AHEAD
        and meeting.begins_at is not None
        and meeting.begins_at > now
        and (since is None or (meeting.occurrence is not None and meeting.occurrence >= since))
    ]
    if not found:
        raise Problem(
            NOT_ALLOWED_NOW, "No meeting of the series is to come from then on: nothing changes."
        )
    return found


def _require_apart(every: Sequence[Meeting], regular: set[datetime], shift: Any) -> None:
    moved = {each + shift for each in regular}
    for meeting in every:
        if meeting.occurrence in moved and meeting.occurrence not in regular:
            raise Problem(
                NOT_ALLOWED_NOW,
                f"A meeting that was added to the series is at that time: /meetings/{meeting.id}. "
                "Choose another time.",
            )


def _raise(series: MeetingSeries, *, moved: bool) -> None:
    series.version += 1
    series.updated_at = utc_now()
    if moved:
        series.sequence += 1


def _length(series: MeetingSeries) -> Any:
    return series.ends_local - series.begins_local
