"""Which Redis can carry Celery's tasks."""

from typing import Any

from redis import Redis
from redis.exceptions import RedisError


class UnsuitableBrokerError(Exception):
    """The broker can't carry the tasks; says what to use."""


def refuse_cluster(broker_url: str) -> None:
    """Raise `UnsuitableBrokerError` when the broker is a Redis Cluster.

    Celery's transport pops from several keys at once, which a cluster refuses, so tasks would get
    stuck. A broker that can't be reached is no reason: it may come back.
    """
    if not broker_url.startswith(("redis://", "rediss://")):
        return
    try:
        with Redis.from_url(broker_url, socket_timeout=5, socket_connect_timeout=5) as client:
            info: Any = client.info("cluster")
    except RedisError:
        return
    if info.get("cluster_enabled"):
        raise UnsuitableBrokerError(
            "NOTIFIER_CELERY_BROKER_URL names a Redis Cluster, which Celery can't use. Name a "
            "single Redis, one behind Sentinel, or a managed Redis with one shard."
        )
