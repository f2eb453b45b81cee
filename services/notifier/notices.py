"""Notices: what happened that readers care about, and who is to be told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.notifier import reach, settling
from services.notifier.tables import (
    Delivery,
    Digest,
    DigestItem,
    Notice,
    Subscription,
    Theme,
)
from services.notifier.targets import EVERYTHING, Target
from services.notifier.vocabulary import DeliveryKind, Frequency, NoticeKind
from shared.ids import new_id


@dataclass(frozen=True)
class Happening:
    """What a handler found in an event: the facts to tell, and what they concern.

    ``targets`` lists all that it concerns besides everything; ``Target(TargetKind.NEEDS)`` or
    ``Target(TargetKind.OFFERS)`` stands for each subscription whose criteria fit the need or the
    offer in ``facts``. ``theme_slug`` and ``group`` say under which heading it is told; a meeting
    of several groups has none.
    """

    kind: NoticeKind
    event_id: UUID
    subject: str
    occurred_at: datetime
    facts: dict[str, Any]
    targets: tuple[Target, ...]
    theme_slug: str | None = None
    group_id: UUID | None = None
    group_title: str | None = None


def record(session: Session, happening: Happening, now: datetime) -> list[UUID]:
    """Keep the notice and an item for each reader who asked; return the deliveries due at once.

    An event that was recorded before changes nothing, so a source may be read again from the
    beginning and nobody is told twice.
    """
    if session.exec(select(Notice.id).where(col(Notice.event_id) == happening.event_id)).first():
        return []
    reached = [EVERYTHING, *dict.fromkeys(happening.targets)]
    theme = session.get(Theme, happening.theme_slug) if happening.theme_slug else None
    notice = Notice(
        event_id=happening.event_id,
        kind=happening.kind,
        subject=happening.subject,
        theme_slug=happening.theme_slug,
        theme_title=theme.title if theme else happening.theme_slug,
        group_id=happening.group_id,
        group_title=happening.group_title,
        facts=happening.facts,
        targets=[target.key for target in reached],
        occurred_at=happening.occurred_at,
        recorded_at=now,
    )
    session.add(notice)
    session.flush()
    readers = _readers(session, reached, happening.facts, now)
    at_once = [each for each in readers if each.frequency is Frequency.IMMEDIATE]
    digests = {
        each.subscriber_id: Digest(
            id=new_id(),
            subscriber_id=each.subscriber_id,
            frequency=Frequency.IMMEDIATE,
            window_end=now,
            created_at=now,
        )
        for each in at_once
    }
    session.add_all(digests.values())
    session.flush()
    deliveries = [
        Delivery(
            id=new_id(),
            kind=DeliveryKind.IMMEDIATE,
            digest_id=digest.id,
            subscriber_id=digest.subscriber_id,
            next_attempt_at=now,
            queued_at=now,
            created_at=now,
        )
        for digest in digests.values()
    ]
    session.add_all(deliveries)
    session.add_all(
        DigestItem(
            subscriber_id=each.subscriber_id,
            notice_id=notice.id,
            subscription_id=each.id,
            frequency=each.frequency,
            recorded_at=now,
            digest_id=digests[each.subscriber_id].id if each.subscriber_id in digests else None,
        )
        for each in readers
    )
    session.flush()
    return [delivery.id for delivery in deliveries]


def was_told(session: Session, kind: NoticeKind, subject: str) -> bool:
    """Return whether there is a notice of that kind about the subject."""
    told = select(Notice.id).where(Notice.subject == subject, Notice.kind == kind)
    return session.exec(told.limit(1)).first() is not None


def _readers(
    session: Session, reached: list[Target], facts: dict[str, Any], now: datetime
) -> list[Subscription]:
    """Return, for each reader who asked for any of it, the most immediate subscription."""
    by_reader: dict[UUID, list[Subscription]] = {}
    for subscription in reach.wanting(session, reached, facts):
        by_reader.setdefault(subscription.subscriber_id, []).append(subscription)
    best = (settling.most_immediate(by_reader[reader], now) for reader in sorted(by_reader))
    return [subscription for subscription in best if subscription is not None]
