"""Notices of events: each reader hears once of what happened."""

from functools import partial
from uuid import UUID

from sqlmodel import Session

from services.notifier import notices, targets
from services.notifier.audiences import Audience
from services.notifier.queues import enqueue_deliveries, enqueue_webhooks
from services.notifier.vocabulary import DeliveryKind, NoticeKind
from shared.columns import utc_now
from shared.database import after_commit
from shared.events.envelope import Event


def tell(
    session: Session,
    event: Event,
    kind: NoticeKind,
    *,
    targets: tuple[targets.Target, ...],
    theme_slug: str | None = None,
    group_id: UUID | None = None,
    group_title: str | None = None,
    concerns: tuple[Audience, ...] = (),
    at_once: bool = False,
    subject: str | None = None,
) -> None:
    """Record what happened for those who follow any of the targets, and for whom it concerns."""
    happening = notices.Happening(
        kind=kind,
        event_id=event.id,
        subject=subject or event.subject,
        occurred_at=event.time,
        facts=event.data,
        targets=targets,
        theme_slug=theme_slug,
        group_id=group_id,
        group_title=group_title,
        concerns=concerns,
        at_once=at_once,
    )
    made = notices.record(session, happening, utc_now())
    after_commit(session, partial(enqueue_deliveries, made.deliveries, DeliveryKind.IMMEDIATE))
    after_commit(session, partial(enqueue_webhooks, made.endpoints))
