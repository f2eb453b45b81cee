"""The needs and offers that action items are about."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from services.workgroups.support import Side
from services.workgroups.tables import ActionItem, ActionItemSupport


def support_of(session: Session, item_ids: Iterable[UUID]) -> dict[UUID, dict[Side, list[UUID]]]:
    """Return the needs and the offers of each action item, in the order of their ids."""
    found: dict[UUID, dict[Side, list[UUID]]] = defaultdict(lambda: {side: [] for side in Side})
    for row in session.exec(
        select(ActionItemSupport)
        .where(col(ActionItemSupport.action_item_id).in_(set(item_ids)))
        .order_by(col(ActionItemSupport.support_id))
    ):
        found[row.action_item_id][Side(row.side)].append(row.support_id)
    return found


def replace_support(
    session: Session, item: ActionItem, side: Side, support_ids: Sequence[UUID]
) -> None:
    """Let the action item be about these needs or these offers, and no others of the side."""
    session.execute(
        delete(ActionItemSupport).where(
            col(ActionItemSupport.action_item_id) == item.id,
            col(ActionItemSupport.side) == side,
        )
    )
    session.add_all(
        ActionItemSupport(action_item_id=item.id, support_id=support_id, side=side)
        for support_id in support_ids
    )
    session.flush()
