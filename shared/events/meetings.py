"""Events of meetings and what they agreed."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import Facts, WorkgroupsEvent
from shared.events.groups import GroupRef

MeetingMode = Literal["in_person", "online", "hybrid"]


class AgreedPointFacts(Facts):
    """What a meeting agreed."""

    agreed_point_id: UUID
    number: int
    text: str


class MeetingRecorded(WorkgroupsEvent):
    """A meeting of one or more groups, with what it agreed."""

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
