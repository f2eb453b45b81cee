"""What readiness looks at beside the database. Requests can be answered without either."""

import socket

import structlog
from redis import Redis
from redis.exceptions import RedisError

from shared.observation import Check

log = structlog.get_logger(__name__)


def broker_check(broker_url: str) -> Check:
    """Return the check that Celery's broker answers; without it e-mails wait, none is lost."""

    def run() -> str | None:
        if not broker_url.startswith(("redis://", "rediss://")):
            return None
        try:
            with Redis.from_url(broker_url, socket_timeout=1, socket_connect_timeout=1) as client:
                client.ping()
        except RedisError as error:
            log.warning("broker_not_ready", error=type(error).__name__)
            return "Celery's broker doesn't answer: e-mails wait until it does."
        return None

    return Check("broker", run, needed=False)


def smtp_check(host: str, port: int) -> Check:
    """Return the check that the mail server takes connections; without it e-mails wait."""

    def run() -> str | None:
        try:
            with socket.create_connection((host, port), timeout=1):
                return None
        except OSError as error:
            log.warning("smtp_not_ready", error=type(error).__name__)
            return "The mail server takes no connection: check NOTIFIER_SMTP_HOST and _PORT."

    return Check("smtp", run, needed=False)
