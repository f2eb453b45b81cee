"""The log of an action item: what was done, and every change with the values before and after.

Its lines are only ever added, so that it says how an action item stood on any day.
"""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlmodel import Session

from services.workgroups import groups
from services.workgroups.action_item_people import people_of
from services.workgroups.action_item_support import support_of
from services.workgroups.support import Side
from services.workgroups.tables import ActionItem, ActionItemEntry, Group
from shared.events.catalogue import ActionItemNoted
from shared.outbox import publish

Kind = Literal["assigned", "changed", "reassigned", "note"]

COLUMNS = (
    "title",
    "description",
    "institution_id",
    "priority",
    "start_date",
    "due_date",
    "state",
    "reason",
    "result",
    "result_links",
    "parent_id",
    "meeting_id",
    "agreed_point_id",
)


def values_of(session: Session, item: ActionItem) -> dict[str, Any]:
    """Return all that may change of an action item, by field."""
    about = support_of(session, [item.id])[item.id]
    return {
        **{name: getattr(item, name) for name in COLUMNS},
        "person_ids": people_of(session, [item.id])[item.id],
        "needs": about[Side.NEED],
        "offers": about[Side.OFFER],
    }


def write(
    session: Session,
    item: ActionItem,
    kind: Kind,
    *,
    by: UUID | None,
    changes: Mapping[str, list[Any]],
    text: str | None = None,
) -> None:
    """Add what was changed, from which value to which, and why."""
    session.add(
        ActionItemEntry(
            action_item_id=item.id,
            kind=kind,
            version=item.version,
            by=by,
            text=text,
            changes=to_jsonable_python(changes),
        )
    )
    session.flush()


def note(session: Session, item: ActionItem, text: str, *, by: UUID) -> ActionItemEntry:
    """Add what was done, in words, to a held action item; its version stays.

    Raises a Problem (409) when its group is closed.
    """
    group = session.get_one(Group, item.group_id)
    groups.require_open(group)
    entry = ActionItemEntry(
        action_item_id=item.id, kind="note", version=item.version, by=by, text=text
    )
    session.add(entry)
    publish(
        session,
        ActionItemNoted(
            action_item_id=item.id,
            group_id=group.id,
            group_title=group.title,
            number=item.number,
            title=item.title,
            institution_id=item.institution_id,
            entry_id=entry.id,
            by=by,
            text=text,
        ),
        subject=f"action-items/{item.id}",
    )
    return entry
