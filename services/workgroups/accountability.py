"""Handing what an institution still answers for to another, as a merge at the registry does."""

from collections.abc import Collection
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import action_item_log
from services.workgroups.action_item_facts import facts, path_of
from services.workgroups.tables import ActionItem
from services.workgroups.transitions import UNFINISHED
from shared.columns import utc_now
from shared.events.catalogue import ActionItemChanged
from shared.outbox import publish


def groups_with_unfinished(session: Session, institution_id: UUID) -> set[UUID]:
    """Return the groups in which the institution answers for something unfinished."""
    return set(
        session.exec(
            select(ActionItem.group_id).where(
                ActionItem.institution_id == institution_id,
                col(ActionItem.state).in_(UNFINISHED),
            )
        )
    )


def hand_over(
    session: Session,
    group_id: UUID,
    from_id: UUID,
    to_id: UUID,
    *,
    why: str,
    only: Collection[UUID] | None = None,
) -> list[UUID]:
    """Make another institution answer for the unfinished action items of one in a locked group.

    ``why`` goes into the log of each, ``only`` names those that may move. Return those that did;
    what is finished stays with who did it.
    """
    statement = select(ActionItem).where(
        ActionItem.group_id == group_id,
        ActionItem.institution_id == from_id,
        col(ActionItem.state).in_(UNFINISHED),
    )
    if only is not None:
        statement = statement.where(col(ActionItem.id).in_(only))
    items = session.exec(statement.order_by(col(ActionItem.number)).with_for_update()).all()
    for item in items:
        item.institution_id = to_id
        item.version += 1
        item.updated_at = utc_now()
        session.add(item)
        session.flush()
        action_item_log.write(
            session,
            item,
            "reassigned",
            by=None,
            changes={"institution_id": [from_id, to_id]},
            text=why,
        )
        publish(session, ActionItemChanged(action=facts(session, item)), subject=path_of(item))
    return [item.id for item in items]
