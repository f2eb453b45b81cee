"""How the action items of a group stood at a moment, read backwards from how they stand now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups.tables import ActionItem, ActionItemEntry
from services.workgroups.transitions import UNFINISHED, State


@dataclass(frozen=True)
class Then:
    """An action item as it stood at a moment."""

    id: UUID
    number: int
    title: str
    institution_id: UUID
    due_date: date
    state: State
    agreed_point_id: UUID | None

    @property
    def is_unfinished(self) -> bool:
        """Whether it was still owed."""
        return self.state in UNFINISHED


def items_at(session: Session, group_id: UUID, moment: datetime) -> dict[UUID, Then]:
    """Return the group's action items that were there before the moment, by id."""
    items = session.exec(
        select(ActionItem)
        .where(ActionItem.group_id == group_id, ActionItem.assigned_at < moment)
        .order_by(col(ActionItem.number))
    ).all()
    # Alone the changes since then, so that what happened long ago is not read.
    later = session.exec(
        select(ActionItemEntry)
        .join(ActionItem, col(ActionItem.id) == col(ActionItemEntry.action_item_id))
        .where(ActionItem.group_id == group_id, ActionItemEntry.at >= moment)
        .order_by(col(ActionItemEntry.version))
    ).all()
    since: dict[UUID, list[ActionItemEntry]] = {}
    for entry in later:
        since.setdefault(entry.action_item_id, []).append(entry)
    return {item.id: then(item, since.get(item.id, ()), moment) for item in items}


def then(item: ActionItem, later: Iterable[ActionItemEntry], moment: datetime) -> Then:
    """Return how the action item stood before the entries of its log, given in their order."""
    before: dict[str, Any] = {}
    for entry in later:
        for name, (value, _after) in (entry.changes or {}).items():
            before.setdefault(name, value)
    state = State(before.get("state", item.state))
    if "state" not in before and item.finished_at is not None and item.finished_at >= moment:
        # It was finished before there was a log.
        state = State.OPEN
    due_date = before.get("due_date", item.due_date)
    institution_id = before.get("institution_id", item.institution_id)
    return Then(
        id=item.id,
        number=item.number,
        title=before.get("title", item.title),
        institution_id=institution_id if isinstance(institution_id, UUID) else UUID(institution_id),
        due_date=due_date if isinstance(due_date, date) else date.fromisoformat(due_date),
        state=state,
        agreed_point_id=item.agreed_point_id,
    )
