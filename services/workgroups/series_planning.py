"""Planning a series of meetings by a rule, and adding meetings to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from services.workgroups import meeting_plans, meeting_series, meetings, recurrence
from services.workgroups.meeting_plans import Plan, columns_of
from services.workgroups.meeting_states import MeetingStatus
from services.workgroups.recurrence import Rule
from services.workgroups.tables import Meeting, MeetingGroup, MeetingSeries
from services.workgroups.wall_times import Times, WallTime, times_of
from shared.events.catalogue import MeetingScheduled, MeetingSeriesScheduled
from shared.outbox import publish
from shared.problems import NOT_ALLOWED_NOW, Problem, incorrect

ALL_IN_ALL = 150
"""How many meetings a series has at most with those that were added to it."""


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
        **{name: getattr(wanted, name) for name in meeting_series.SHARED},
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
        _meeting(series, clear(slot.on(each), series.time_zone, _LEAVE_OUT), by) for each in begins
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
        MeetingSeriesScheduled(
            series=meeting_series.facts_of(session, series), occurrences=meeting_series.told(made)
        ),
        subject=meeting_series.subject_of(series),
    )
    return series


def add(session: Session, series: MeetingSeries, slot: Slot, *, by: UUID) -> Meeting:
    """Add a meeting beside those of the rule.

    Raises a Problem: 409 when the series has ended or has as many as it may, or when one of its
    meetings is at that time already; 422 when clocks don't show the time just once.
    """
    if series.ended_at is not None:
        raise Problem(
            NOT_ALLOWED_NOW, "The series has ended: plan a meeting of its own, or another series."
        )
    there = meeting_series.meetings_of(session, series)
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
    meeting_series.note_change(series, moved=True)
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


def clear(slot: Slot, time_zone: str, way_out: str) -> Times:
    """Return the times of a slot, or raise a Problem (422) that also names a ``way_out``."""
    try:
        return slot.times(time_zone)
    except Problem as problem:
        [error] = problem.errors
        raise incorrect(error.pointer, f"{error.detail} {way_out}") from problem


_LEAVE_OUT = "Or leave that day out with except_dates."


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
        **{name: getattr(series, name) for name in meeting_series.SHARED},
        **{**columns_of(times), "time_zone": series.time_zone},
        status=MeetingStatus.SCHEDULED,
        recorded_by=by,
        series_id=series.id,
        occurrence=times.begins_local,
        sequence=series.sequence,
    )
