"""Series of meetings as requests and answers: their fields, and how one is shown to a caller."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, select

from services.workgroups import meeting_access, meeting_series, meetings, sight
from services.workgroups import recurrence as rules
from services.workgroups.days import Day
from services.workgroups.meeting_plans import Plan
from services.workgroups.meeting_states import AHEAD
from services.workgroups.recurrence import MOST, Frequency, Rule
from services.workgroups.routes.meeting_fields import (
    Capacity,
    Fold,
    GroupIds,
    HttpsLink,
    LocalTime,
    MeetingGroupOut,
)
from services.workgroups.series_planning import Repetition, Slot
from services.workgroups.tables import Group, Meeting, MeetingSeries
from shared.columns import utc_now
from shared.events.catalogue import MeetingMode
from shared.identity import Caller
from shared.text import Input, Name, Output, Prose, Reason, Title
from shared.time_zones import TimeZone

TITLE = "Weekly call of the focal points"
FROM = "The meeting of the series from which on; without it, all that are to come."


def _weekday(value: str) -> str:
    if not re.fullmatch(r"(-?[1-5])?(MO|TU|WE|TH|FR|SA|SU)", value):
        raise PydanticCustomError(
            "weekday",
            "Give a day such as MO; by the month also 2TU, the second, or -1FR.",
        )
    return value


_Weekday = Annotated[str, AfterValidator(_weekday)]
_MonthDay = Annotated[int, Field(ge=-31, le=31, strict=True)]


class RuleIn(Input):
    """How a series repeats (a part of RFC 5545's RRULE)."""

    frequency: Frequency = Field(examples=["weekly"])
    interval: int = Field(1, ge=1, le=100, strict=True, description="Every so many days, weeks, …")
    by_day: list[_Weekday] = Field(
        [],
        max_length=7,
        description="Days of the week; with monthly also the second Tuesday, 2TU, or the last "
        "Friday, -1FR.",
        examples=[["MO"]],
    )
    by_month_day: list[_MonthDay] = Field(
        [], max_length=31, description="With monthly: days of the month; -1 is the last."
    )
    count: int | None = Field(
        None, ge=1, le=MOST, strict=True, description="How many meetings.", examples=[12]
    )
    until: Day | None = Field(None, description="Or the last day on which one may be.")

    @model_validator(mode="after")
    def _each_once(self) -> "RuleIn":
        if len(set(self.by_day)) < len(self.by_day):
            raise PydanticCustomError("repeated", "Name each day of by_day once.")
        if len(set(self.by_month_day)) < len(self.by_month_day) or 0 in self.by_month_day:
            raise PydanticCustomError("repeated", "Name each day of by_month_day once, none is 0.")
        return self

    def rule(self) -> Rule:
        """Return the rule, of which it isn't known yet how many meetings it makes."""
        return Rule(
            self.frequency, self.interval, tuple(self.by_day), tuple(sorted(self.by_month_day))
        )


class SlotIn(Input):
    """When a meeting begins and ends, in the time zone of the series."""

    begins: LocalTime
    begins_fold: Fold = None
    ends: LocalTime
    ends_fold: Fold = None

    def slot(self) -> Slot:
        """Return the slot on the wall."""
        return Slot(self.begins, self.ends, self.begins_fold, self.ends_fold)


class NewSeries(SlotIn):
    """A series of meetings to schedule; its times are those of the first one."""

    title: Title = Field(examples=[TITLE])
    description: Prose | None = Field(None, description="Plain text.")
    time_zone: TimeZone
    rule: RuleIn = Field(description="How it repeats from the first meeting on.")
    except_dates: list[Day] = Field(
        [], max_length=MOST, description="Days of the rule on which there is no meeting."
    )
    mode: MeetingMode = Field(examples=["online"])
    place: Name | None = Field(None, examples=["Bangkok, Thailand"])
    link: HttpsLink | None = None
    capacity: Capacity | None = Field(None, description="How many may come to each meeting.")
    convenor_id: UUID | None = Field(None, description="The institution that calls it.")
    group_ids: GroupIds

    def plan(self) -> Plan:
        """Return what the meetings have in common beside their times."""
        return Plan(**self.model_dump(include={*meeting_series.SHARED, "time_zone"}))

    def repetition(self) -> Repetition:
        """Return how the series shall repeat."""
        return Repetition(
            self.rule.rule(), self.rule.count, self.rule.until, tuple(self.except_dates)
        )


class SeriesChange(Input):
    """What shall change in the meetings to come; a field that is left out stays as it is."""

    from_meeting_id: UUID | None = Field(None, description=FROM)
    title: Title | None = None
    description: Prose | None = None
    mode: MeetingMode | None = None
    place: Name | None = None
    link: HttpsLink | None = None
    capacity: Capacity | None = None
    convenor_id: UUID | None = None

    @model_validator(mode="after")
    def _something(self) -> "SeriesChange":
        if not self.columns():
            raise PydanticCustomError("nothing", "Name at least one field to change.")
        for name in self.model_fields_set & {"title", "mode"}:
            if getattr(self, name) is None:
                raise PydanticCustomError(
                    "null", "{name} can't be null: leave it out to keep it.", {"name": name}
                )
        return self

    def columns(self) -> dict[str, Any]:
        """Return the columns to change."""
        return self.model_dump(include=self.model_fields_set - {"from_meeting_id"})


class SeriesMove(SlotIn):
    """Another time for the meetings to come: that of the first of them, on its day."""

    from_meeting_id: UUID | None = Field(None, description=FROM)
    reason: Reason = Field(examples=["Later suits the Pacific better."])


class SeriesEnd(Input):
    """Why no more meetings of the series take place."""

    from_meeting_id: UUID | None = Field(None, description=FROM)
    reason: Reason = Field(examples=["The group has reached its end."])


class RuleOut(Output):
    """How a series repeats."""

    frequency: Frequency
    interval: int
    by_day: list[str]
    by_month_day: list[int]
    count: int = Field(description="How many meetings the rule makes.", examples=[12])


class SeriesOut(Output):
    """A series of meetings."""

    id: UUID
    title: str = Field(examples=[TITLE])
    description: str | None
    begins: datetime = Field(
        description="Of the first meeting of the rule, as clocks in its time zone show it.",
        examples=["2027-03-15T14:00:00"],
    )
    ends: datetime
    time_zone: str = Field(examples=["Asia/Bangkok"])
    rule: RuleOut
    rrule: str = Field(
        description="The same as RFC 5545 writes it.", examples=["FREQ=WEEKLY;BYDAY=MO;COUNT=12"]
    )
    mode: MeetingMode
    place: str | None
    link: str | None = Field(description="Shown to those who belong to a group of the series.")
    capacity: int | None
    convenor_id: UUID | None
    groups: list[MeetingGroupOut] = Field(description="Those that you see.")
    meetings: int = Field(description="How many it has, cancelled ones too.", examples=[12])
    to_come: int = Field(description="How many are still to come.", examples=[9])
    next_meeting_id: UUID | None
    next_begins_at: datetime | None
    ended_at: datetime | None = Field(description="Since when no more are added.")
    recorded_at: datetime
    updated_at: datetime
    version: int = Field(
        description="Grows with each change of the series or of one of its meetings; its ETag."
    )
    sequence: int = Field(description="Rises when a time or place moves (RFC 5545).")
    warnings: list[str] = Field(
        description="What you should know, such as other meetings of a group at these times; in "
        "lists always empty."
    )


def shown(
    session: Session, caller: Caller | None, found: Sequence[MeetingSeries]
) -> list[SeriesOut]:
    """Return the series as the caller may see them."""
    now = utc_now()
    by_series: dict[UUID | None, list[Meeting]] = {series.id: [] for series in found}
    for meeting in session.exec(
        select(Meeting)
        .where(col(Meeting.series_id).in_(by_series))
        .order_by(col(Meeting.begins_at))
    ):
        by_series[meeting.series_id].append(meeting)
    groups = meetings.groups_of(session, [each[0].id for each in by_series.values()])
    joins = meeting_access.joinable(
        session,
        caller,
        {
            meeting.id: [group.id for group in groups[each[0].id]]
            for each in by_series.values()
            for meeting in each
        },
    )
    named = {group.id for each in groups.values() for group in each}
    seen = set(
        session.exec(
            select(Group.id).where(col(Group.id).in_(named), sight.in_sight(session, caller))
        )
    )
    answers = []
    for series in found:
        every = by_series[series.id]
        coming = [
            meeting
            for meeting in every
            if meeting.status in AHEAD and meeting.ends_at is not None and meeting.ends_at > now
        ]
        joining = any(meeting.id in joins for meeting in every)
        answers.append(
            SeriesOut.model_validate(
                {
                    **series.model_dump(exclude={"rule", "link"}),
                    "begins": series.begins_local,
                    "ends": series.ends_local,
                    "rule": RuleOut.model_validate(rules.read(series.rule)),
                    "rrule": series.rule,
                    "link": series.link if joining else None,
                    "groups": [
                        MeetingGroupOut.model_validate(group)
                        for group in groups[every[0].id]
                        if group.id in seen
                    ],
                    "meetings": len(every),
                    "to_come": len(coming),
                    "next_meeting_id": coming[0].id if coming else None,
                    "next_begins_at": coming[0].begins_at if coming else None,
                    "warnings": [],
                }
            )
        )
    return answers


def shown_alone(session: Session, caller: Caller | None, series: MeetingSeries) -> SeriesOut:
    """Return the series as the caller may see it, with warnings about its groups' others."""
    [answer] = shown(session, caller, [series])
    seen = [group.id for group in answer.groups]
    warnings = [
        f"“{other.title}” of the group “{group.title}” is at the same time as the meeting on "
        f"{meeting.begins_local:%Y-%m-%d} (/meetings/{other.id})."
        for meeting, group, other in meeting_series.overlaps(session, series, seen)
    ]
    return answer.model_copy(update={"warnings": warnings})
