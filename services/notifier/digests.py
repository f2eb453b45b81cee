"""Digests: what one reader is told at once, in the order it happened."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from services.notifier import targets
from services.notifier.tables import Digest, DigestItem, Notice, Subscriber, Subscription
from services.notifier.targets import Target


@dataclass(frozen=True)
class DigestContent:
    """A digest with what it tells and why its reader gets it."""

    digest: Digest
    subscriber: Subscriber
    notices: list[Notice]
    reasons: list[str]
    """Names of what the reader follows that brought these notices, each once."""


def content(session: Session, digest_id: UUID) -> DigestContent:
    """Return the digest with the latest state of each thing it tells of.

    Five changes of one action item are one notice, the last of them.
    """
    digest = session.get_one(Digest, digest_id)
    rows = session.exec(
        select(Notice, Subscription)
        .join(DigestItem, col(DigestItem.notice_id) == col(Notice.id))
        .join(Subscription, col(Subscription.id) == col(DigestItem.subscription_id))
        .where(col(DigestItem.digest_id) == digest_id)
        .order_by(col(Notice.occurred_at), col(Notice.id))
    ).all()
    latest = {notice.subject: notice for notice, _ in rows}
    followed = dict.fromkeys(
        Target(subscription.target_kind, subscription.target_id)
        for _, subscription in sorted(rows, key=lambda row: row[1].id)
    )
    return DigestContent(
        digest=digest,
        subscriber=session.get_one(Subscriber, digest.subscriber_id),
        notices=sorted(latest.values(), key=lambda notice: (notice.occurred_at, notice.id)),
        reasons=[targets.name(session, target) for target in followed],
    )
