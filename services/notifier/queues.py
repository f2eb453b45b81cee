"""The queues of work: tasks are asked for by name and carry ids, nothing else.

Asking is a shortcut. Whoever asks does so after the commit of the row that says what is to be
done; the sweep asks again for what was lost.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.notifier.vocabulary import DeliveryKind

IMMEDIATE = "immediate"
"""E-mails that somebody waits for: notices at once, confirmations."""

DIGEST = "digest"
"""Digest runs, announcements and their e-mails; a large one never delays an immediate e-mail."""

WEBHOOKS = "webhooks"
"""Messages to other systems' endpoints, however slowly these answer."""

HOUSEKEEPING = "housekeeping"
"""Sweeps, which are short."""

DELIVER = "notifier.deliver"
COLLECT = "notifier.collect"
ANNOUNCE = "notifier.announce"
SWEEP = "notifier.sweep"
READ_BOUNCES = "notifier.read_bounces"
TIDY = "notifier.tidy"
SEND_WEBHOOKS = "notifier.send_webhooks"

TOGETHER = 100
"""E-mails that one task sends at most."""


def enqueue_delivery(delivery_id: UUID, kind: DeliveryKind) -> None:
    """Ask a worker to send one e-mail. Raises the broker's error when it can't be reached."""
    enqueue_deliveries([delivery_id], kind)


def enqueue_deliveries(delivery_ids: Sequence[UUID], kind: DeliveryKind) -> None:
    """Ask workers to send e-mails, several with each task. Raises the broker's error likewise."""
    queue = queue_of(kind)
    for first in range(0, len(delivery_ids), TOGETHER):
        together = delivery_ids[first : first + TOGETHER]
        _send(DELIVER, [str(each) for each in together], queue=queue)


def enqueue_several(deliveries: Sequence[tuple[UUID, DeliveryKind]]) -> None:
    """Ask likewise for e-mails of several kinds."""
    for kind in DeliveryKind:
        enqueue_deliveries([each for each, of in deliveries if of is kind], kind)


def queue_of(kind: DeliveryKind) -> str:
    """Return the queue of such e-mails."""
    return DIGEST if kind in _MANY_AT_ONCE else IMMEDIATE


_MANY_AT_ONCE = frozenset({DeliveryKind.DIGEST, DeliveryKind.ANNOUNCEMENT})


def kinds_of(queue: str) -> list[DeliveryKind]:
    """Return which e-mails the queue is for."""
    return [kind for kind in DeliveryKind if queue_of(kind) == queue]


def enqueue_run(run_id: UUID, *, helpers: bool = True) -> None:
    """Ask a worker to collect the digests of a run. Raises the broker's error likewise.

    ``helpers`` says whether it is to ask others for help.
    """
    _send(COLLECT, str(run_id), helpers, queue=DIGEST)


def enqueue_announcement(announcement_id: UUID) -> None:
    """Ask a worker to send an announcement. Raises the broker's error likewise."""
    _send(ANNOUNCE, str(announcement_id), queue=DIGEST)


def enqueue_webhooks(endpoint_ids: Sequence[UUID]) -> None:
    """Ask workers to send endpoints what is due to them. Raises the broker's error likewise."""
    for endpoint_id in endpoint_ids:
        _send(SEND_WEBHOOKS, str(endpoint_id), queue=WEBHOOKS)


def enqueue_sweep() -> None:
    """Ask for a sweep now. Raises the broker's error likewise."""
    _send(SWEEP, queue=HOUSEKEEPING)


def length(queue: str) -> int:
    """Return how many tasks wait in a queue. Raises the broker's error likewise."""
    from services.notifier.celery_app import app

    connections: Any = app.pool
    with connections.acquire(block=True) as connection:
        try:
            channel = connection.default_channel
            return int(channel.queue_declare(queue, passive=True).message_count)
        except connection.channel_errors:
            return 0  # Redis knows no empty queue.


def _send(task: str, *arguments: str | list[str] | bool, queue: str) -> None:
    # The import is late because most processes never ask, and Celery is the heaviest of all.
    from services.notifier.celery_app import app

    app.send_task(task, args=list(arguments), queue=queue, ignore_result=True)
