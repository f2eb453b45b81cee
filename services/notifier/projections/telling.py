"""Notices of events: who may hear of what happened, and that each hears once."""

from functools import partial
from uuid import UUID

from sqlmodel import Session

from services.notifier import notices, targets
from services.notifier.queues import enqueue_delivery
from services.notifier.tables import (
    Group,
)
from services.notifier.vocabulary import DeliveryKind, NoticeKind
from shared.columns import utc_now
from shared.database import after_commit
from shared.events.envelope import Event


def is_open(session: Session, group_id: UUID) -> bool:
    """Tell whether everybody may hear of what the group does; not of one that is unknown."""
    group = session.get(Group, group_id)
    return group is not None and group.visibility == "all"


def tell(
    session: Session,
    event: Event,
    kind: NoticeKind,
    *,
    targets: tuple[targets.Target, ...],
    theme_slug: str | None = None,
    group_id: UUID | None = None,
    group_title: str | None = None,
) -> None:
    if group_id is not None and not is_open(session, group_id):
        # Readers are not known to belong to a group, so a hidden one is told of to nobody.
        return
    happening = notices.Happening(
        kind=kind,
        event_id=event.id,
        subject=event.subject,
        occurred_at=event.time,
        facts=event.data,
        targets=targets,
        theme_slug=theme_slug,
        group_id=group_id,
        group_title=group_title,
    )
    for delivery_id in notices.record(session, happening, utc_now()):
        after_commit(session, partial(enqueue_delivery, delivery_id, DeliveryKind.IMMEDIATE))
