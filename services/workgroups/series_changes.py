"""Changing a series of meetings from one of them on: other values, another time, its end.

Whoever calls these functions holds the series.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.workgroups import meeting_plans, meeting_series, meetings, recurrence, seating
from services.workgroups.meeting_plans import INVITED_ON, columns_of
from services.workgroups.meeting_states import MeetingStatus
from services.workgroups.series_planning import Slot, clear
from services.workgroups.tables import Meeting, MeetingSeries
from shared.columns import utc_now
from shared.events.catalogue import (
    MeetingSeriesEnded,
    MeetingSeriesRescheduled,
    MeetingSeriesUpdated,
)
from shared.outbox import publish
from shared.problems import NOT_ALLOWED_NOW, Problem, incorrect


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
    concerned = meeting_series.ahead(session, series, since)
    meetings.require_known_convenor(session, after.get("convenor_id"))
    before = {name: getattr(series, name) for name in after}
    meeting_series.note_change(series, moved=bool(after.keys() & INVITED_ON))
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
        MeetingSeriesUpdated(
            series=meeting_series.facts_of(session, series),
            occurrences=meeting_series.told(changed),
        ),
        subject=meeting_series.subject_of(series),
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
        for meeting in meeting_series.ahead(session, series, since)
        if meeting.occurrence in regular and meeting_series.is_regular(series, meeting)
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
    if slot.begins == began and slot.ends - slot.begins == meeting_series.length_of(series):
        raise Problem(NOT_ALLOWED_NOW, "The series is at that time already: nothing moves.")
    slot.times(series.time_zone)
    shift = slot.begins - began
    every = meeting_series.meetings_of(session, series)
    _require_apart(every, regular, shift)
    meeting_series.note_change(series, moved=True)
    series.begins_local += shift
    series.ends_local = series.begins_local + (slot.ends - slot.begins)
    series.begins_fold, series.ends_fold = slot.begins_fold, slot.ends_fold
    session.add(series)
    for occurrence, meeting in concerned.items():
        assert occurrence is not None  # noqa: S101
        times = clear(slot.on(occurrence + shift), series.time_zone, _MOVE_ALONE)
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
            series=meeting_series.facts_of(session, series),
            occurrences=meeting_series.told(list(concerned.values())),
            previously_began_local=began,
            reason=reason,
        ),
        subject=meeting_series.subject_of(series),
    )


def end(
    session: Session, series: MeetingSeries, since: datetime | None, reason: str, *, by: UUID
) -> None:
    """Cancel the meetings to come from the occurrence ``since`` on; no more are added.

    Raises a Problem (409) when no meeting is to come.
    """
    concerned = meeting_series.ahead(session, series, since)
    rule = recurrence.read(series.rule)
    last = concerned[0].occurrence
    assert last is not None  # noqa: S101
    kept = [each for each in recurrence.dates(rule, series.begins_local) if each < last]
    meeting_series.note_change(series, moved=True)
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
            series=meeting_series.facts_of(session, series),
            occurrences=meeting_series.told(concerned),
            reason=reason,
        ),
        subject=meeting_series.subject_of(series),
    )


_MOVE_ALONE = "Or move or cancel the meeting of that day first, by itself."


def _require_apart(every: Sequence[Meeting], regular: set[datetime], shift: timedelta) -> None:
    moved = {each + shift for each in regular}
    for meeting in every:
        if meeting.occurrence in moved and meeting.occurrence not in regular:
            raise Problem(
                NOT_ALLOWED_NOW,
                f"A meeting that was added to the series is at that time: /meetings/{meeting.id}. "
                "Choose another time.",
            )
