"""Events of action items."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.base import Facts, WorkgroupsEvent

ActionState = Literal["open", "in_progress", "blocked", "done", "cancelled"]
ActionPriority = Literal["low", "normal", "high"]


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
    description: str | None = None
    priority: ActionPriority = "normal"
    start_date: date | None = None
    time_zone: str = "UTC"
    parent_id: UUID | None = None
    person_ids: tuple[UUID, ...] = ()
    reason: str | None = None
    result: str | None = None
    result_links: tuple[str, ...] = ()


class ActionItemAssigned(WorkgroupsEvent):
    """An institution is accountable for an action item."""

    name: ClassVar[str] = "action_item.assigned"
    action: ActionFacts


class ActionItemChanged(WorkgroupsEvent):
    """An action item changed: its state, its due date, or what else it says."""

    name: ClassVar[str] = "action_item.changed"
    action: ActionFacts


class ActionItemNoted(WorkgroupsEvent):
    """Somebody wrote into the log of an action item what was done."""

    name: ClassVar[str] = "action_item.noted"
    action_item_id: UUID
    group_id: UUID
    group_title: str
    number: int
    title: str
    institution_id: UUID
    entry_id: UUID
    by: UUID
    text: str


class ActionItemDueSoon(WorkgroupsEvent):
    """An unfinished action item is due within three days: told once for a due date."""

    name: ClassVar[str] = "action_item.due_soon"
    action: ActionFacts
    days_left: int


class ActionItemOverdue(WorkgroupsEvent):
    """The last day of an unfinished action item is over: told once for a due date."""

    name: ClassVar[str] = "action_item.overdue"
    action: ActionFacts
    days_over: int


class ReassignmentFacts(Facts):
    """A proposal that another institution answers for an action item."""

    reassignment_id: UUID
    from_institution_id: UUID
    to_institution_id: UUID
    proposed_by: UUID
    message: str | None = None


class ActionItemReassignmentProposed(WorkgroupsEvent):
    """Another institution is asked to answer for an action item; until it accepts, the old does."""

    name: ClassVar[str] = "action_item.reassignment_proposed"
    action: ActionFacts
    reassignment: ReassignmentFacts


class ActionItemReassigned(WorkgroupsEvent):
    """Another institution agreed to answer for an action item, and does so from now on."""

    name: ClassVar[str] = "action_item.reassigned"
    action: ActionFacts
    reassignment: ReassignmentFacts


class ActionItemReassignmentDeclined(WorkgroupsEvent):
    """The institution that was asked does not take an action item over."""

    name: ClassVar[str] = "action_item.reassignment_declined"
    action: ActionFacts
    reassignment: ReassignmentFacts
    reason: str


class ActionItemReassignmentWithdrawn(WorkgroupsEvent):
    """The institution that was asked need not answer any more."""

    name: ClassVar[str] = "action_item.reassignment_withdrawn"
    action: ActionFacts
    reassignment: ReassignmentFacts
    reason: str
