"""Events of action items."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.base import Facts, WorkgroupsEvent

ActionState = Literal["open", "in_progress", "blocked", "done", "cancelled"]


class ActionFacts(Facts):
    """An action item: who answers for what until when."""

    action_item_id: UUID
    group_id: UUID
    group_title: str
    theme_slug: str
    number: int
    title: str
    institution_id: UUID
    institution_name: str
    institution_acronym: str | None = None
    due_date: date
    state: ActionState
    meeting_id: UUID | None = None
    agreed_point_id: UUID | None = None
    version: int


class ActionItemAssigned(WorkgroupsEvent):
    """An institution is accountable for an action item."""

    name: ClassVar[str] = "action_item.assigned"
    action: ActionFacts


class ActionItemChanged(WorkgroupsEvent):
    """An action item changed: its state, its due date or its title."""

    name: ClassVar[str] = "action_item.changed"
    action: ActionFacts
