"""The tasks: each takes ids, does the work of these rows, and may run twice or never.

Imports are inside, so that beat, which only names tasks, doesn't load what they need.
"""

import time
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog

from services.notifier import queues, room
from services.notifier.celery_app import app
from services.notifier.settings import settings

if TYPE_CHECKING:
    from celery import Task

    from services.notifier.sending import Sender
    from services.notifier.webhooks.sending import Courier
    from shared.database import Database

log = structlog.get_logger(__name__)

COLLECTING_SECONDS = 2.0
"""How long a task collects before it makes room for others."""

COLLECTORS = 4
"""Workers that collect one run at once, at most."""

SWEPT_AT_ONCE = 500
"""Endpoints of webhooks that one sweep queues at most."""

ENOUGH_QUEUED = 60
"""Tasks that wait in a queue when nothing is added to it; what is due waits in the database."""

FED_AT_ONCE = 10
"""Tasks that a worker adds when half of that waits, so that it doesn't take long."""

FULL_SECONDS = 0.05

LOOKS_AT_ROLES = 20
"""Batches of people whose roles one sweep looks at; the next sweep takes the next."""


@cache
def _database() -> "Database":
    from shared.database import Database

    return Database(settings().database_url)


@cache
def _sender() -> "Sender":
    from services.notifier.bounces.taking import Limits as BounceLimits
    from services.notifier.domains import Limits
    from services.notifier.return_paths import ReturnMailbox
    from services.notifier.sending import Sender
    from shared.dkim_signing import Signer
    from shared.mail import Smtp

    chosen = settings()
    return Sender(
        smtp=Smtp.of(chosen),
        mail_from=chosen.mail_from,
        public_url=chosen.public_url,
        hold=timedelta(seconds=chosen.claim_seconds),
        limits=Limits(chosen.domain_at_once, chosen.domain_per_minute),
        bounces_to=ReturnMailbox.of(chosen),
        bounce_limits=BounceLimits.of(chosen),
        signer=Signer.of(chosen),
    )


@cache
def _courier() -> "Courier":
    from services.notifier.webhooks.sending import Courier

    return Courier.of(settings())


@app.task(name=queues.DELIVER, bind=True)
def deliver(task: "Task[..., None]", delivery_ids: str | list[str]) -> None:
    """Send e-mails, as far as they are due and nobody else does."""
    from services.notifier.sending import deliver as deliver_now

    # An older version asks for one at a time.
    ids = [delivery_ids] if isinstance(delivery_ids, str) else delivery_ids
    with room.of(_queue(task)) as given:
        if given:
            deliver_now(_database(), [UUID(each) for each in ids], _sender())
            if _queue(task) == queues.DIGEST:
                _feed_many()
        else:
            _back_to_the_end(task, delivery_ids)


@app.task(name=queues.SEND_WEBHOOKS, bind=True)
def send_webhooks(task: "Task[..., None]", endpoint_id: str) -> None:
    """Send an endpoint what is due to it, one message after the other; others take their turn."""
    from services.notifier.webhooks.sending import send_due

    with structlog.contextvars.bound_contextvars(endpoint_id=endpoint_id):
        with room.of(_queue(task)) as given:
            if not given:
                _back_to_the_end(task, endpoint_id)
                return
            has_more = send_due(_database(), UUID(endpoint_id), _courier())
        if has_more:
            queues.enqueue_webhooks([UUID(endpoint_id)])


@app.task(name=queues.COLLECT, bind=True)
def collect(task: "Task[..., None]", run_id: str, helpers: bool = True) -> None:
    """Close windows of a run, batch by batch, and feed the queue with what that makes.

    The first task of a run asks for others to help with it.
    """
    from services.notifier import collecting
    from shared.columns import utc_now

    with structlog.contextvars.bound_contextvars(run_id=run_id), room.of(_queue(task)) as given:
        if not given:
            _back_to_the_end(task, run_id, helpers)
            return
        if helpers:
            with _database().write() as session:
                shards = collecting.plan(session, UUID(run_id), utc_now())
            for _ in range(min(shards, COLLECTORS) - 1):
                queues.enqueue_run(UUID(run_id), helpers=False)
        until = time.monotonic() + COLLECTING_SECONDS
        while time.monotonic() < until:
            with _database().write() as session:
                made = collecting.collect_batch(session, UUID(run_id), utc_now())
            if made is None:
                log.info("run_collected")
                return
            _feed_many()
        queues.enqueue_run(UUID(run_id), helpers=False)


@app.task(name=queues.ANNOUNCE, bind=True)
def announce(task: "Task[..., None]", announcement_id: str) -> None:
    """Make the e-mails of an announcement, batch by batch, and feed the queue with them."""
    from services.notifier.announcements import going_out
    from services.notifier.vocabulary import DeliveryKind
    from shared.columns import utc_now

    limit = settings().announcement_limit
    with (
        structlog.contextvars.bound_contextvars(announcement_id=announcement_id),
        room.of(_queue(task)) as given,
    ):
        if not given:
            _back_to_the_end(task, announcement_id)
            return
        until = time.monotonic() + COLLECTING_SECONDS
        while time.monotonic() < until:
            with _database().write() as session:
                made = going_out.step(session, UUID(announcement_id), limit, utc_now())
            if made is None:
                return
            queues.enqueue_deliveries(made.to_coordinators, DeliveryKind.IMMEDIATE)
            _feed_many()
        queues.enqueue_announcement(UUID(announcement_id))


@app.task(name=queues.SWEEP)
def sweep() -> None:
    """Look for what is due and not done: runs nobody started, stalled ones, lost deliveries.

    Webhooks that are due and in no queue, too.
    """
    from services.notifier import digest_runs, pausing
    from services.notifier.announcements import going_out
    from shared.columns import utc_now

    now = utc_now()
    runs: set[UUID] = set()
    room_for_runs = queues.length(queues.DIGEST) < ENOUGH_QUEUED
    with _database().write() as session:
        digest_runs.finish_settled(session, now)
        if room_for_runs:
            runs.update(digest_runs.take_stalled(session, now))
        if pausing.current(session) is None:
            runs.update(digest_runs.start_missing(session, now))
    _follow_roles()
    with _database().write() as session:
        going_out.finish_settled(session, utc_now())
        due = going_out.take_due(session, utc_now()) if not pausing.current(session) else []
    for announcement_id in due:
        queues.enqueue_announcement(announcement_id)
    for run_id in runs:
        queues.enqueue_run(run_id)
    fed = sum(_feed(queue) for queue in (queues.IMMEDIATE, queues.DIGEST))
    endpoints = _sweep_webhooks()
    if runs or fed or endpoints:
        log.info("swept", runs=len(runs), deliveries=fed, webhook_endpoints=endpoints)


def _sweep_webhooks() -> int:
    """Ask for a task for each endpoint that has something due and none; return how many."""
    from services.notifier.webhooks import attempts
    from shared.columns import utc_now

    requeue_after = timedelta(seconds=settings().requeue_seconds)
    with _database().write() as session:
        endpoints = attempts.take_unqueued(session, utc_now(), requeue_after, SWEPT_AT_ONCE)
    queues.enqueue_webhooks(endpoints)
    return len(endpoints)


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


@app.task(name=queues.TIDY)
def tidy() -> None:
    """Delete e-mails, reports and webhooks that are older than they are kept."""
    from services.notifier import retention
    from shared.columns import utc_now

    counted = retention.tidy(_database(), retention.Limits.of(settings()), utc_now())
    if any(counted.values()):
        log.info("tidied", **counted)


def _feed(queue: str) -> int:
    """Fill a queue with what is due and in none, or was lost; return how many e-mails."""
    from services.notifier import feeding
    from shared.columns import utc_now

    wanted = ENOUGH_QUEUED - queues.length(queue)
    if wanted <= 0:
        return 0
    requeue_after = timedelta(seconds=settings().requeue_seconds)
    limit, kinds = wanted * queues.TOGETHER, queues.kinds_of(queue)
    with _database().write() as session:
        taken = feeding.take_unqueued(session, utc_now(), requeue_after, limit, kinds)
    queues.enqueue_several(taken)
    return len(taken)


def _feed_many() -> None:
    """Add digests and announcements to their queue before it is empty, ahead of the next sweep."""
    from services.notifier import feeding
    from shared.columns import utc_now

    if queues.length(queues.DIGEST) >= ENOUGH_QUEUED // 2:
        return
    limit, kinds = FED_AT_ONCE * queues.TOGETHER, queues.kinds_of(queues.DIGEST)
    with _database().write() as session:
        taken = feeding.take_waiting(session, utc_now(), limit, kinds)
    queues.enqueue_several(taken)


def _queue(task: "Task[..., Any]") -> str:
    return str((task.request.delivery_info or {}).get("routing_key", ""))


def _back_to_the_end(task: "Task[..., Any]", *arguments: Any) -> None:
    """Let the tasks of other queues come first; this one waits at the end of its own."""
    time.sleep(FULL_SECONDS)
    app.send_task(task.name, args=arguments, queue=_queue(task), ignore_result=True)


def _follow_roles() -> None:
    """Bring up to date what people's roles bring, whose roles are news."""
    from services.notifier import role_subscriptions
    from services.notifier.vocabulary import DeliveryKind
    from shared.columns import utc_now

    for _ in range(LOOKS_AT_ROLES):
        with _database().write() as session:
            people, letters = role_subscriptions.bring_up_to_date(session, utc_now())
        queues.enqueue_deliveries(letters, DeliveryKind.WELCOME)
        if people < role_subscriptions.AT_ONCE:
            return
