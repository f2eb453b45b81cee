"""Retention: e-mails, reports and webhooks are kept for a time, then their rows go.

Rows go by their ids, which say when each was made, a batch to a transaction. What is not done stays
however old it is: an e-mail that may still leave or is parked, and the report for which an address
gets no e-mail.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, delete, select, update

from services.notifier.settings import Settings
from services.notifier.tables import (
    BounceReport,
    Delivery,
    Digest,
    DigestItem,
    DigestRun,
    DigestShard,
    SubscriptionRequest,
    Suppression,
    Trial,
    WebhookAttempt,
    WebhookMessage,
)
from services.notifier.vocabulary import UNFINISHED, DeliveryState, MessageState, RunState
from shared.database import Database
from shared.ids import first_id_of

AT_ONCE = 500
"""Rows of a kind that one transaction deletes at most."""

BATCHES = 200
"""Transactions of a kind within one round; the next round takes the next."""

_NOT_DONE = (*UNFINISHED, DeliveryState.PARKED)


@dataclass(frozen=True)
class Limits:
    """How long e-mails with their digests, reports about them, and webhooks are kept."""

    emails: timedelta
    reports: timedelta
    webhooks: timedelta

    @classmethod
    def of(cls, chosen: Settings) -> Self:
        """Return what the settings say."""
        return cls(
            emails=timedelta(days=chosen.keep_emails_days),
            reports=timedelta(days=chosen.keep_reports_days),
            webhooks=timedelta(days=chosen.webhook_keep_days),
        )


def tidy(database: Database, limits: Limits, now: datetime) -> dict[str, int]:
    """Delete what is older than it is kept; return how many rows of each kind went."""
    counted = {}
    for kind, (forget, kept_for) in {
        "reports": (forget_reports, limits.reports),
        "digests": (forget_digests, limits.emails),
        "emails": (forget_emails, limits.emails),
        "requests": (forget_requests, limits.emails),
        "runs": (forget_runs, limits.emails),
        "webhooks": (forget_webhooks, limits.webhooks),
    }.items():
        counted[kind] = 0
        for _ in range(BATCHES):
            with database.write() as session:
                gone = forget(session, now - kept_for)
            counted[kind] += gone
            if gone < AT_ONCE:
                break
    return counted


def forget_reports(session: Session, before: datetime) -> int:
    """Delete reports that came before then, but for those whose address is suppressed by them."""
    old = session.exec(
        select(BounceReport.id)
        .where(
            col(BounceReport.id) < first_id_of(before),
            ~select(Suppression.id)
            .where(
                col(Suppression.report_id) == col(BounceReport.id),
                col(Suppression.lifted_at).is_(None),
            )
            .exists(),
        )
        .order_by(col(BounceReport.id))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    if not old:
        return 0
    session.exec(
        update(Suppression).where(col(Suppression.report_id).in_(old)).values(report_id=None)
    )
    session.exec(delete(BounceReport).where(col(BounceReport.id).in_(old)))
    return len(old)


def forget_digests(session: Session, before: datetime) -> int:
    """Delete digests that were made before then, with their e-mails, unless one isn't done."""
    old = session.exec(
        select(Digest.id)
        .where(
            col(Digest.id) < first_id_of(before),
            ~select(Delivery.id)
            .where(col(Delivery.digest_id) == col(Digest.id), col(Delivery.state).in_(_NOT_DONE))
            .exists(),
        )
        .order_by(col(Digest.id))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    if not old:
        return 0
    emails = session.exec(
        select(Delivery).where(col(Delivery.digest_id).in_(old)).with_for_update()
    ).all()
    # A coordinator may have put one through again just now.
    taken_up = {each.digest_id for each in emails if each.state in _NOT_DONE}
    gone = [each for each in old if each not in taken_up]
    session.exec(delete(DigestItem).where(col(DigestItem.digest_id).in_(gone)))
    _delete_emails(session, col(Delivery.digest_id).in_(gone))
    session.exec(delete(Digest).where(col(Digest.id).in_(gone)))
    return len(gone)


def forget_emails(session: Session, before: datetime) -> int:
    """Delete e-mails that are no digest's and were made before then, unless one isn't done.

    Tests go with what they were to show. One that was sent again goes after that one.
    """
    again = aliased(Delivery)
    old = session.exec(
        select(Delivery)
        .where(
            col(Delivery.id) < first_id_of(before),
            col(Delivery.digest_id).is_(None),
            col(Delivery.state).not_in(_NOT_DONE),
            ~select(again.id).where(col(again.resends) == col(Delivery.id)).exists(),
        )
        .order_by(col(Delivery.id))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    if not old:
        return 0
    _delete_emails(session, col(Delivery.id).in_([each.id for each in old]))
    trials = [each.trial_id for each in old if each.trial_id]
    session.exec(delete(Trial).where(col(Trial.id).in_(trials)))
    return len(old)


def forget_requests(session: Session, before: datetime) -> int:
    """Delete what somebody asked for before then, which was confirmed or can't be any more."""
    old = session.exec(
        select(SubscriptionRequest.id)
        .where(
            col(SubscriptionRequest.asked_at) < before,
            col(SubscriptionRequest.expires_at) < before,
            ~select(Delivery.id)
            .where(col(Delivery.request_id) == col(SubscriptionRequest.id))
            .exists(),
        )
        .order_by(col(SubscriptionRequest.asked_at))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    session.exec(delete(SubscriptionRequest).where(col(SubscriptionRequest.id).in_(old)))
    return len(old)


def forget_runs(session: Session, before: datetime) -> int:
    """Delete runs that started before then and of which nothing is left."""
    old = session.exec(
        select(DigestRun.id)
        .where(
            col(DigestRun.id) < first_id_of(before),
            col(DigestRun.state) == RunState.DONE,
            ~select(Digest.id).where(col(Digest.run_id) == col(DigestRun.id)).exists(),
            ~select(Delivery.id).where(col(Delivery.run_id) == col(DigestRun.id)).exists(),
        )
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    if not old:
        return 0
    session.exec(delete(DigestShard).where(col(DigestShard.run_id).in_(old)))
    session.exec(delete(DigestRun).where(col(DigestRun.id).in_(old)))
    return len(old)


def forget_webhooks(session: Session, before: datetime) -> int:
    """Delete webhook messages that were made before then, with their attempts."""
    old = session.exec(
        select(WebhookMessage.id)
        .where(
            col(WebhookMessage.created_at) < before,
            col(WebhookMessage.state) != MessageState.SENDING,
        )
        .order_by(col(WebhookMessage.created_at))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    if old:
        session.exec(delete(WebhookAttempt).where(col(WebhookAttempt.message_id).in_(old)))
        session.exec(delete(WebhookMessage).where(col(WebhookMessage.id).in_(old)))
    return len(old)


def _delete_emails(session: Session, which: ColumnElement[bool]) -> None:
    """Delete e-mails; reports about them stay for their own time."""
    emails = select(Delivery.id).where(which)
    session.exec(
        update(BounceReport)
        .where(col(BounceReport.delivery_id).in_(emails))
        .values(delivery_id=None)
    )
    session.exec(delete(Delivery).where(which))
