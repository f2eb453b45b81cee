"""Pinned updates: what who leads a group keeps at its top."""

from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import groups
from services.workgroups.tables import Group, Update
from services.workgroups.update_records import record, subject_of
from shared.columns import utc_now
from shared.events.catalogue import UpdatePinned
from shared.outbox import publish as publish_event
from shared.problems import NOT_ALLOWED_NOW, Problem

PINNED_AT_MOST = 5
"""How many updates of a group are pinned at a time."""


def pin(session: Session, update: Update, by: UUID) -> None:
    """Keep a published update at the top of its group, which the caller has locked.

    One that is there stays as it is. Raises a Problem (409) when it isn't published, the group is
    closed, or there are as many as may be.
    """
    groups.require_active(session.get_one(Group, update.group_id))
    if update.state != "published":
        raise Problem(
            NOT_ALLOWED_NOW, f"This update is {update.state}; only a published is pinned."
        )
    if update.pinned_at is not None:
        return
    pinned = session.exec(
        select(Update.id).where(
            Update.group_id == update.group_id, col(Update.pinned_at).is_not(None)
        )
    ).all()
    if len(pinned) >= PINNED_AT_MOST:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"This group has {PINNED_AT_MOST} pinned updates, as many as may be. Unpin one first.",
        )
    update.pinned_at = utc_now()
    _move(session, update, "pin", by)


def unpin(session: Session, update: Update, by: UUID) -> None:
    """Let an update take its place by its age again; one that is not pinned stays as it is.

    Raises a Problem (409) when the group is closed.
    """
    groups.require_active(session.get_one(Group, update.group_id))
    if update.pinned_at is None:
        return
    update.pinned_at = None
    _move(session, update, "unpin", by)


def _move(session: Session, update: Update, action: str, by: UUID) -> None:
    update.version += 1
    session.add(update)
    record(session, update, action, by)
    publish_event(
        session,
        UpdatePinned(
            update_id=update.id,
            group_id=update.group_id,
            pinned=update.pinned_at is not None,
            update_version=update.version,
        ),
        subject=subject_of(update),
    )
