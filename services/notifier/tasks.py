"""The tasks: each takes an id, does one row's work, and may run twice or never.

Imports are inside, so that beat, which only names tasks, doesn't load what they need.
"""

from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from services.notifier import queues
from services.notifier.celery_app import app
from services.notifier.settings import settings

if TYPE_CHECKING:
    from shared.database import Database

log = structlog.get_logger(__name__)

BATCHES_PER_TASK = 20
"""Batches of windows that one task closes before it makes room for others."""

SWEPT_AT_ONCE = 1_000
"""Deliveries that one sweep queues at most; the next sweep takes the next."""


@cache
def _database() -> "Database":
    from shared.database import Database

    return Database(settings().database_url)


@app.task(name=queues.DELIVER)
def deliver(delivery_id: str) -> None:
    """Send one e-mail, if it is due and nobody else does."""
    from services.notifier.bounces.taking import Limits
    from services.notifier.return_paths import ReturnMailbox
    from services.notifier.sending import deliver as deliver_now
    from shared.mail import Smtp

    chosen = settings()
    with structlog.contextvars.bound_contextvars(delivery_id=delivery_id):
        deliver_now(
            _database(),
            UUID(delivery_id),
            smtp=Smtp.of(chosen),
            mail_from=chosen.mail_from,
            public_url=chosen.public_url,
            hold=timedelta(seconds=chosen.claim_seconds),
            bounces_to=ReturnMailbox.of(chosen),
            limits=Limits.of(chosen),
        )


@app.task(name=queues.COLLECT)
def collect(run_id: str) -> None:
    """Close windows of a run, batch by batch, and queue what that makes."""
    from services.notifier import digest_runs
    from services.notifier.vocabulary import DeliveryKind
    from shared.columns import utc_now
    from shared.database import after_commit

    with structlog.contextvars.bound_contextvars(run_id=run_id):
        for _ in range(BATCHES_PER_TASK):
            with _database().write() as session:
                made = digest_runs.collect_batch(session, UUID(run_id), utc_now())
                for delivery_id in made or ():
                    after_commit(
                        session,
                        partial(queues.enqueue_delivery, delivery_id, DeliveryKind.DIGEST),
                    )
            if made is None:
                log.info("run_collected")
                return
        queues.enqueue_run(UUID(run_id))


@app.task(name=queues.SWEEP)
def sweep() -> None:
    """Look for what is due and not done: runs nobody started, stalled runs, lost deliveries."""
    from services.notifier import deliveries, digest_runs
    from shared.columns import utc_now

    chosen = settings()
    now = utc_now()
    with _database().write() as session:
        runs = {*digest_runs.start_missing(session, now), *digest_runs.stalled(session, now)}
        digest_runs.finish_settled(session, now)
        unqueued = deliveries.take_unqueued(
            session, now, timedelta(seconds=chosen.requeue_seconds), SWEPT_AT_ONCE
        )
    for run_id in runs:
        queues.enqueue_run(run_id)
    for delivery_id, kind in unqueued:
        queues.enqueue_delivery(delivery_id, kind)
    if runs or unqueued:
        log.info("swept", runs=len(runs), deliveries=len(unqueued))


@app.task(name=queues.READ_BOUNCES)
def read_bounces() -> None:
    """Read the mailbox to which bounces come; the next time when it can't be read now."""
    from imapclient.exceptions import IMAPClientError

    from services.notifier.bounces.collecting import ImapMailbox, collect
    from services.notifier.bounces.taking import Limits

    mailbox = ImapMailbox.of(settings())
    if mailbox is None:
        return
    try:
        counted = collect(_database(), mailbox, Limits.of(settings()))
    except (IMAPClientError, OSError) as error:
        log.warning("bounces_not_read", error=f"{type(error).__name__}: {error}")
        return
    if counted:
        log.info("bounces_read", **counted)
