"""Room for digests and webhooks in a worker of several threads, so that others aren't held up.

One thread is always free for the other queues, and webhooks get half of the threads, for endpoints
may answer slowly. A worker of processes can't count the others; there these queues have workers of
their own (``--queues digest``, ``--queues webhooks``), and a worker of one queue needs no room.
"""

import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager

from services.notifier.queues import DIGEST, WEBHOOKS

_places: dict[str, tuple[threading.Semaphore, ...]] = {}


def open_for(threads: int, queues: Collection[str] = ()) -> None:
    """Note of how many threads this worker is; a single one takes everything in turn.

    ``queues`` are those that it consumes; none named are all.
    """
    _places.clear()
    if threads > 1 and len(queues) != 1:
        background = threading.Semaphore(threads - 1)
        webhooks = threading.Semaphore(max(1, threads // 2))
        _places.update({DIGEST: (background,), WEBHOOKS: (background, webhooks)})


@contextmanager
def of(queue: str) -> Iterator[bool]:
    """Take a place for a task of the queue while the block runs; yield whether there was one."""
    with ExitStack() as taken:
        for places in _places.get(queue, ()):
            if not places.acquire(blocking=False):
                taken.close()
                yield False
                return
            taken.callback(places.release)
        yield True
