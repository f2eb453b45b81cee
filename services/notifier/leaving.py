"""Leaving: every subscription ends at once, and no e-mail leaves after the answer."""

import time
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select, update

from services.notifier import settling, subscribers
from services.notifier.tables import Delivery, Subscription
from services.notifier.vocabulary import DeliveryState, EndedBy
from shared.columns import utc_now
from shared.database import Database

LOOK_AGAIN_SECONDS = 0.02
PATIENCE_SECONDS = 10.0
"""How long an answer waits for an e-mail that is on the wire."""


def leave(session: Session, subscriber_id: UUID, now: datetime) -> int:
    """End every subscription; return how many ended.

    What waits is dropped and what has not left yet is cancelled. Roles bring no e-mails either,
    until the reader asks for one. Doing it again changes nothing.
    """
    subscriber = subscribers.lock(session, subscriber_id)
    ended = session.exec(
        update(Subscription)
        .where(
            col(Subscription.subscriber_id) == subscriber.id,
            col(Subscription.ended_at).is_(None),
        )
        .values(
            ended_at=now,
            ended_by=EndedBy.READER,
            feed_digest=None,
            version=Subscription.version + 1,
        )
    ).rowcount
    # What a role ended before stays over when the role comes back.
    session.exec(
        update(Subscription)
        .where(
            col(Subscription.subscriber_id) == subscriber.id,
            col(Subscription.ended_by) == EndedBy.ROLE,
        )
        .values(ended_by=EndedBy.READER)
    )
    session.exec(
        update(Delivery)
        .where(
            col(Delivery.subscriber_id) == subscriber.id,
            col(Delivery.state) == DeliveryState.DUE,
        )
        .values(state=DeliveryState.CANCELLED, finished_at=now, answer="The reader left.")
    )
    if subscriber.left_at is None:
        subscriber.left_at = now
        session.add(subscriber)
    settling.settle_choices(session, subscriber, now)
    return ended


def wait_for_the_wire(database: Database, subscriber_id: UUID) -> bool:
    """Wait until no e-mail for the reader is on its way; return ``False`` when one still is.

    To be asked after the commit of what keeps others from leaving.
    """
    give_up = time.monotonic() + PATIENCE_SECONDS
    while _on_the_wire(database, subscriber_id):
        if time.monotonic() > give_up:
            return False
        time.sleep(LOOK_AGAIN_SECONDS)
    return True


def _on_the_wire(database: Database, subscriber_id: UUID) -> bool:
    with database.read() as session:
        found = session.exec(
            select(Delivery.id)
            .where(
                col(Delivery.subscriber_id) == subscriber_id,
                col(Delivery.state) == DeliveryState.SENDING,
                col(Delivery.next_attempt_at) > utc_now(),
            )
            .limit(1)
        ).first()
    return found is not None
