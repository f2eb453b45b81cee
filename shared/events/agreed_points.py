"""Events of what meetings agreed."""

from typing import ClassVar
from uuid import UUID

from shared.events.base import Facts, WorkgroupsEvent
from shared.events.groups import GroupRef


class PointFacts(Facts):
    """What a meeting agreed, what that answers, and what came of it."""

    agreed_point_id: UUID
    meeting_id: UUID
    meeting_title: str
    groups: tuple[GroupRef, ...]
    number: int
    text: str
    outcome: str | None = None
    raised_by: UUID | None = None
    update_id: UUID | None = None
    need_id: UUID | None = None
    agenda_item_id: UUID | None = None
    version: int


class AgreedPointRecorded(WorkgroupsEvent):
    """A point was added to what a meeting agreed."""

    name: ClassVar[str] = "agreed_point.recorded"
    point: PointFacts


class AgreedPointChanged(WorkgroupsEvent):
    """An agreed point was worded otherwise, or says what it answers or what came of it."""

    name: ClassVar[str] = "agreed_point.changed"
    point: PointFacts
