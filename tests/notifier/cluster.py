"""A real Redis in cluster mode."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.redis_server import free_port, redis_binary
from tests.waiting import wait_until


@contextmanager
def cluster_server(folder: Path) -> Iterator[str]:
    """Yield the URL of a server that runs in cluster mode."""
    port = free_port()
    process = subprocess.Popen(
        [
            redis_binary(),
            *("--port", str(port), "--bind", "127.0.0.1", "--cluster-port", str(free_port())),
            *("--cluster-enabled", "yes", "--save", "", "--dir", str(folder)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _answers(port), "the cluster node answers")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        with Redis(port=port, socket_timeout=1) as client:
            return bool(client.ping())
    except RedisError:
        return False
