"""Events of meetings and what they agreed."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import Facts, WorkgroupsEvent
from shared.events.groups import GroupRef
from shared.events.updates import AttachmentFacts

MeetingMode = Literal["in_person", "online", "hybrid"]
MeetingStatusName = Literal["planned", "scheduled", "rescheduled", "cancelled", "held"]


class AgreedPointFacts(Facts):
    """What a meeting agreed."""

    agreed_point_id: UUID
    number: int
    text: str


class MeetingRecorded(WorkgroupsEvent):
    """A meeting of one or more groups was held, with what it agreed."""

    name: ClassVar[str] = "meeting.recorded"
    meeting_id: UUID
    title: str
    date: date
    place: str | None = None
    time_zone: str = Field(description="IANA time zone.", examples=["Asia/Bangkok"])
    mode: MeetingMode
    participants_in_person: int
    participants_online: int
    convenor_id: UUID | None = None
    groups: list[GroupRef]
    agreed_points: list[AgreedPointFacts]


class MeetingFacts(Facts):
    """A meeting that was planned, with what an invitation to it says."""

    meeting_id: UUID
    title: str
    description: str | None = None
    status: MeetingStatusName
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    begins_local: datetime | None = Field(None, description="As clocks show it in its time zone.")
    ends_local: datetime | None = None
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
    series_id: UUID | None = Field(None, description="The series that it is a meeting of.")
    occurrence: datetime | None = Field(
        None, description="When the series has it begin, as clocks show it: its RECURRENCE-ID."
    )


class MeetingScheduled(WorkgroupsEvent):
    """The time of a meeting is set, and people are asked to come."""

    name: ClassVar[str] = "meeting.scheduled"
    meeting: MeetingFacts


class MeetingUpdated(WorkgroupsEvent):
    """Something else than the time of a meeting that people are asked to is another."""

    name: ClassVar[str] = "meeting.updated"
    meeting: MeetingFacts


class MeetingRescheduled(WorkgroupsEvent):
    """The time of a meeting moved, or a cancelled meeting takes place after all."""

    name: ClassVar[str] = "meeting.rescheduled"
    meeting: MeetingFacts
    previously_began_at: datetime | None = None
    previously_ended_at: datetime | None = None
    reason: str


class MeetingCancelled(WorkgroupsEvent):
    """A meeting does not take place."""

    name: ClassVar[str] = "meeting.cancelled"
    meeting: MeetingFacts
    reason: str


class MeetingHeld(WorkgroupsEvent):
    """A meeting that was planned was held; `meeting.recorded` tells what it agreed."""

    name: ClassVar[str] = "meeting.held"
    meeting: MeetingFacts


class MeetingDocumentsChanged(WorkgroupsEvent):
    """A meeting has other documents than before."""

    name: ClassVar[str] = "meeting.documents_changed"
    meeting: MeetingFacts
    documents: list[AttachmentFacts] = Field(description="All that it has now.")


class InvitationEvent(WorkgroupsEvent):
    """Base of the events of an invitation: of a person, or of an institution."""

    meeting: MeetingFacts
    invitation_id: UUID
    person_id: UUID | None = None
    institution_id: UUID | None = None


class MeetingInvited(InvitationEvent):
    """A person or an institution is invited to a meeting."""

    name: ClassVar[str] = "meeting.invited"


class MeetingUninvited(InvitationEvent):
    """An invitation was taken back."""

    name: ClassVar[str] = "meeting.uninvited"


class MeetingSeatGiven(InvitationEvent):
    """Who accepted and waited for a seat has one now."""

    name: ClassVar[str] = "meeting.seat_given"
    coming: int


class MeetingReplied(WorkgroupsEvent):
    """A person or an institution replied to an invitation."""

    name: ClassVar[str] = "meeting.replied"
    meeting_id: UUID
    invitation_id: UUID
    person_id: UUID | None = None
    institution_id: UUID | None = None
    reply: Literal["accepted", "declined", "tentative"]
    coming: int
    waiting: bool = Field(description="Whether there was no seat left.")
