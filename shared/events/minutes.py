"""Events of the minutes of meetings."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import WorkgroupsEvent
from shared.events.groups import GroupRef


class MinutesEvent(WorkgroupsEvent):
    """Base of the events of minutes; their text is read from workgroups by who may read it."""

    meeting_id: UUID
    meeting_title: str
    groups: tuple[GroupRef, ...]
    minutes_version: int
    reason: str | None = Field(None, description="Why minutes that were agreed were corrected.")


class MinutesCirculated(MinutesEvent):
    """Minutes were shown to those who belong, and wait to be agreed."""

    name: ClassVar[str] = "minutes.circulated"


class MinutesAgreed(MinutesEvent):
    """Minutes were agreed: whoever sees the meeting reads them."""

    name: ClassVar[str] = "minutes.agreed"
