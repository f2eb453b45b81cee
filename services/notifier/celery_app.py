"""Celery: its settings, and why each is as it is.

The ledger in the database is the truth; Celery may lose a task or run it twice, and neither
loses or repeats an e-mail.
"""

from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init
from kombu import Queue

from services.notifier import queues, room
from services.notifier.broker import UnsuitableBrokerError, refuse_cluster
from services.notifier.settings import Settings, settings
from shared.logs import configure

TIDY_SECONDS = 600.0
"""How often old rows are deleted: a few questions, unless there are some."""


def make_app() -> Celery:
    """Return the Celery application of this process's settings."""
    chosen = settings()
    celery = Celery("notifier", broker=chosen.celery_broker_url)
    celery.conf.update(
        include=["services.notifier.tasks"],
        task_ignore_result=True,
        # A task is acknowledged when it is done, so that one of a killed worker comes back.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_queues=[
            Queue(queues.IMMEDIATE),
            Queue(queues.DIGEST),
            Queue(queues.WEBHOOKS),
            Queue(queues.HOUSEKEEPING),
        ],
        task_default_queue=queues.HOUSEKEEPING,
        task_create_missing_queues=False,
        # What a lost publication costs is one sweep, so a request doesn't wait for a dead broker.
        task_publish_retry=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "visibility_timeout": 2 * chosen.claim_seconds,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "socket_timeout": 30,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            # Of publishing; a worker's own connection is tried again without end.
            "max_retries": 2,
            "interval_start": 0,
            "interval_step": 0.1,
        },
        worker_soft_shutdown_timeout=15.0,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        # The schedule is one entry that may run twice or late: no file is worth keeping for it.
        beat_scheduler="celery.beat:Scheduler",
        beat_schedule={
            "sweep": {
                "task": queues.SWEEP,
                "schedule": chosen.sweep_seconds,
                # Sweeps that nobody took must not pile up while all workers are down.
                "options": {"queue": queues.HOUSEKEEPING, "expires": 2 * chosen.sweep_seconds},
            },
            "tidy": {
                "task": queues.TIDY,
                "schedule": TIDY_SECONDS,
                "options": {"queue": queues.HOUSEKEEPING, "expires": TIDY_SECONDS},
            },
            **_reading_of_bounces(chosen),
        },
    )
    return celery


def _reading_of_bounces(chosen: Settings) -> dict[str, dict[str, Any]]:
    if chosen.bounces_imap_host is None:
        return {}
    every = chosen.bounces_imap_seconds
    return {
        "read bounces": {
            "task": queues.READ_BOUNCES,
            "schedule": every,
            "options": {"queue": queues.HOUSEKEEPING, "expires": every},
        }
    }


app = make_app()


@setup_logging.connect
def _log_as_every_process(**_kwargs: Any) -> None:
    configure("notifier", settings().log_format, settings().log_level)


@worker_init.connect
def _leave_room(sender: Any, **_kwargs: Any) -> None:
    if "thread" in str(sender.pool_cls):
        room.open_for(sender.concurrency, list(sender.app.amqp.queues.consume_from))


@worker_init.connect
@beat_init.connect
def _check_broker(**_kwargs: Any) -> None:
    try:
        refuse_cluster(settings().celery_broker_url)
    except UnsuitableBrokerError as error:
        raise SystemExit(str(error)) from None
