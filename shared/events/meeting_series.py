"""Events of series of meetings: one for all of the meetings that it concerns.

What concerns a single meeting of a series is told by the events of meetings, which name the series.
"""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import Facts, WorkgroupsEvent
from shared.events.groups import GroupRef
from shared.events.meetings import MeetingMode, MeetingStatusName


class OccurrenceFacts(Facts):
    """A meeting of a series."""

    meeting_id: UUID
    occurrence: datetime = Field(
        description="When the rule has it begin, as clocks show it: its RECURRENCE-ID."
    )
    status: MeetingStatusName
    begins_at: datetime
    ends_at: datetime
    begins_local: datetime
    ends_local: datetime
    sequence: int


class SeriesFacts(Facts):
    """What the meetings of a series have in common."""

    series_id: UUID
    title: str
    description: str | None = None
    rule: str = Field(
        description="RRULE (RFC 5545), from begins_local on.",
        examples=["FREQ=WEEKLY;BYDAY=MO;COUNT=12"],
    )
    begins_local: datetime = Field(description="Of the first meeting, as clocks show it.")
    ends_local: datetime
    time_zone: str = Field(description="IANA time zone.", examples=["Asia/Bangkok"])
    mode: MeetingMode
    place: str | None = None
    link: str | None = Field(
        None, description="For those who belong to its groups or are invited; nobody else."
    )
    capacity: int | None = None
    convenor_id: UUID | None = None
    groups: list[GroupRef]
    version: int
    sequence: int = Field(description="SEQUENCE of its calendar object (RFC 5545).")


class SeriesEvent(WorkgroupsEvent):
    """Base of the events of a series."""

    series: SeriesFacts
    occurrences: list[OccurrenceFacts] = Field(description="The meetings that it concerns.")


class MeetingSeriesScheduled(SeriesEvent):
    """A series of meetings is set, and people are asked to come."""

    name: ClassVar[str] = "meeting_series.scheduled"


class MeetingSeriesUpdated(SeriesEvent):
    """Something else than the time of meetings to come of a series is another."""

    name: ClassVar[str] = "meeting_series.updated"


class MeetingSeriesRescheduled(SeriesEvent):
    """Meetings to come of a series moved to another time of their days."""

    name: ClassVar[str] = "meeting_series.rescheduled"
    previously_began_local: datetime = Field(description="When the first of them began.")
    reason: str


class MeetingSeriesEnded(SeriesEvent):
    """Meetings to come of a series do not take place, and none follows."""

    name: ClassVar[str] = "meeting_series.ended"
    reason: str


class SeriesInvitationEvent(SeriesEvent):
    """Base of the events of invitations to a series: of a person, or of an institution."""

    person_id: UUID | None = None
    institution_id: UUID | None = None


class MeetingSeriesInvited(SeriesInvitationEvent):
    """A person or an institution is invited to the meetings to come of a series."""

    name: ClassVar[str] = "meeting_series.invited"


class MeetingSeriesUninvited(SeriesInvitationEvent):
    """The invitations to the meetings to come of a series were taken back."""

    name: ClassVar[str] = "meeting_series.uninvited"


class MeetingSeriesReplied(SeriesInvitationEvent):
    """A person or an institution replied to the meetings to come of a series at once."""

    name: ClassVar[str] = "meeting_series.replied"
    reply: Literal["accepted", "declined", "tentative"]
    coming: int
    waiting: list[UUID] = Field(description="The meetings at which there was no seat left.")
