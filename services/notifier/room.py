"""Room for digests in a worker of several threads: one thread is always free for the other queues.

A worker of processes can't count the others; there the queue of digests has workers of its own
(``--queues digest``).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from services.notifier.queues import DIGEST

_places: threading.Semaphore | None = None


def open_for(threads: int) -> None:
    """Note of how many threads this worker is; a single one takes everything in turn."""
    global _places  # noqa: PLW0603
    _places = threading.Semaphore(threads - 1) if threads > 1 else None


@contextmanager
def of(queue: str) -> Iterator[bool]:
    """Take a place for a task of the queue while the block runs; yield whether there was one."""
    places = _places if queue == DIGEST else None
    if places is None:
        yield True
        return
    given = places.acquire(blocking=False)
    try:
        yield given
    finally:
        if given:
            places.release()
