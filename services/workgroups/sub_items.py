"""Action items within action items: whoever decides on them holds their group."""

from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups.tables import ActionItem
from services.workgroups.transitions import UNFINISHED
from shared.problems import NOT_ALLOWED_NOW, Problem, incorrect

DEEPEST = 5
"""How many levels of action items there are at most."""


def require_parent(
    session: Session, group_id: UUID, parent_id: UUID, item: ActionItem | None
) -> ActionItem:
    """Return the parent of ``item``, or of one that is yet to be.

    Raises a Problem (422) unless it is another one of the group that doesn't lie within ``item``,
    and not too deep.
    """
    parent = session.get(ActionItem, parent_id)
    if parent is None or parent.group_id != group_id:
        raise incorrect("/parent_id", "Not an action item of this group.")
    above = _chain(session, parent)
    if item is not None and item.id in above:
        raise incorrect(
            "/parent_id",
            "An action item can't lie within itself: choose one that isn't part of it.",
        )
    if len(above) + (_depth(session, item) if item is not None else 1) > DEEPEST:
        raise incorrect(
            "/parent_id",
            f"There are at most {DEEPEST} levels of action items: choose a higher one.",
        )
    return parent


def require_open_above(parent: ActionItem | None) -> None:
    """Raise a Problem (409) when something unfinished would lie within something finished."""
    if parent is not None and parent.state not in UNFINISHED:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"The action item {parent.number} that it is part of is {parent.state}. Open that one "
            "first.",
        )


def require_finished_below(session: Session, item: ActionItem) -> None:
    """Raise a Problem (409) while something unfinished lies within the action item."""
    unfinished = session.exec(
        select(ActionItem.number)
        .where(
            ActionItem.parent_id == item.id,
            col(ActionItem.state).in_(UNFINISHED),
        )
        .order_by(col(ActionItem.number))
        .limit(20)
    ).all()
    if unfinished:
        numbers = ", ".join(map(str, unfinished))
        raise Problem(
            NOT_ALLOWED_NOW,
            f"Parts of this action item are not finished (number {numbers}). Finish or cancel them "
            "first.",
        )


def _chain(session: Session, item: ActionItem) -> list[UUID]:
    """Return the ids of the item and all above it."""
    found = [item.id]
    while item.parent_id is not None:
        item = session.get_one(ActionItem, item.parent_id)
        found.append(item.id)
    return found


def _depth(session: Session, item: ActionItem) -> int:
    level, depth = [item.id], 0
    while level:
        depth += 1
        level = list(
            session.exec(select(ActionItem.id).where(col(ActionItem.parent_id).in_(level)))
        )
    return depth
