"""The queues of work: tasks are asked for by name and carry ids, nothing else.

Asking is a shortcut. Whoever asks does so after the commit of the row that says what is to be
done; the sweep asks again for what was lost.
"""

from uuid import UUID

from services.notifier.vocabulary import DeliveryKind

IMMEDIATE = "immediate"
"""E-mails that somebody waits for: notices at once, confirmations."""

DIGEST = "digest"
"""E-mails of digest runs; a large run never delays an immediate one."""

HOUSEKEEPING = "housekeeping"
"""Runs and sweeps."""

DELIVER = "notifier.deliver"
COLLECT = "notifier.collect"
SWEEP = "notifier.sweep"
READ_BOUNCES = "notifier.read_bounces"


def enqueue_delivery(delivery_id: UUID, kind: DeliveryKind) -> None:
    """Ask a worker to send one e-mail. Raises the broker's error when it can't be reached."""
    queue = DIGEST if kind is DeliveryKind.DIGEST else IMMEDIATE
    _send(DELIVER, delivery_id, queue)


def enqueue_run(run_id: UUID) -> None:
    """Ask a worker to collect the digests of a run. Raises the broker's error likewise."""
    _send(COLLECT, run_id, HOUSEKEEPING)


def _send(task: str, row_id: UUID, queue: str) -> None:
    # The import is late because most processes never ask, and Celery is the heaviest of all.
    from services.notifier.celery_app import app

    app.send_task(task, args=[str(row_id)], queue=queue, ignore_result=True)
