"""A meeting that is planned, as requests name it: its times and what else it shall be."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.workgroups.meeting_plans import Plan
from services.workgroups.routes.meeting_fields import (
    TITLE,
    Capacity,
    Fold,
    GroupIds,
    HttpsLink,
    LocalTime,
)
from services.workgroups.tables import Meeting
from services.workgroups.wall_times import Times, WallTime, times_of
from shared.events.catalogue import MeetingMode
from shared.problems import incorrect
from shared.text import Input, Name, Prose, Title
from shared.time_zones import TimeZone


class Slot(Input):
    """When a meeting begins and ends."""

    begins: LocalTime
    begins_fold: Fold = None
    ends: LocalTime
    ends_fold: Fold = None
    time_zone: TimeZone

    def times(self) -> Times:
        """Return the slot with its moments in UTC; a Problem (422) when it has none."""
        return times_of(
            WallTime(self.begins, self.begins_fold),
            WallTime(self.ends, self.ends_fold),
            self.time_zone,
        )


_TIMES = ("begins", "begins_fold", "ends", "ends_fold")


class NewPlan(Input):
    """A meeting to plan."""

    title: Title = Field(examples=[TITLE])
    description: Prose | None = Field(None, description="Plain text.")
    status: Literal["planned", "scheduled"] = Field(
        "planned", description="scheduled when its time is settled and people shall come."
    )
    begins: LocalTime | None = None
    begins_fold: Fold = None
    ends: LocalTime | None = None
    ends_fold: Fold = None
    time_zone: TimeZone
    mode: MeetingMode = Field(examples=["hybrid"])
    place: Name | None = Field(None, examples=["Bangkok, Thailand"])
    link: HttpsLink | None = None
    capacity: Capacity | None = None
    convenor_id: UUID | None = Field(None, description="The institution that calls it.")
    group_ids: GroupIds

    @model_validator(mode="after")
    def _both_times(self) -> "NewPlan":
        if (self.begins is None) != (self.ends is None):
            raise PydanticCustomError("times", "Give begins and ends, or neither.")
        return self

    def plan(self) -> Plan:
        """Return what the meeting shall be; a Problem (422) when its times aren't clear."""
        kept = {"title", "description", "time_zone", "mode", "place", "link", "capacity"}
        times = None
        if self.begins is not None and self.ends is not None:
            times = times_of(
                WallTime(self.begins, self.begins_fold),
                WallTime(self.ends, self.ends_fold),
                self.time_zone,
            )
        return Plan(**self.model_dump(include=kept), convenor_id=self.convenor_id, times=times)


class PlanChange(Input):
    """What shall change; a field that is left out stays as it is."""

    title: Title | None = None
    description: Prose | None = None
    begins: LocalTime | None = None
    begins_fold: Fold = None
    ends: LocalTime | None = None
    ends_fold: Fold = None
    time_zone: TimeZone | None = None
    mode: MeetingMode | None = None
    place: Name | None = None
    link: HttpsLink | None = None
    capacity: Capacity | None = None
    convenor_id: UUID | None = None

    @model_validator(mode="after")
    def _something(self) -> "PlanChange":
        if not self.model_fields_set:
            raise PydanticCustomError("nothing", "Name at least one field to change.")
        for name in self.model_fields_set & {"title", "mode", "time_zone", "begins", "ends"}:
            if getattr(self, name) is None:
                raise PydanticCustomError(
                    "null", "{name} can't be null: leave it out to keep it.", {"name": name}
                )
        return self

    def columns(self) -> dict[str, Any]:
        """Return the columns to change, but for the times."""
        return self.model_dump(include=self.model_fields_set - set(_TIMES))

    def times(self, meeting: Meeting) -> Times | None:
        """Return the meeting's times after the change, or ``None`` when it leaves them alone."""
        begins, ends = self.begins or meeting.begins_local, self.ends or meeting.ends_local
        if not self.model_fields_set & {*_TIMES, "time_zone"} or (begins is None and ends is None):
            return None
        if begins is None or ends is None:
            missing = "begins" if begins is None else "ends"
            raise incorrect(f"/{missing}", "The meeting has no time yet: give begins and ends.")
        return times_of(
            WallTime(begins, self.begins_fold if self.begins else meeting.begins_fold),
            WallTime(ends, self.ends_fold if self.ends else meeting.ends_fold),
            self.time_zone or meeting.time_zone,
        )
