"""Several stacks and several users on one machine stay out of each other's way."""

import stat
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, RedisError

from standalone.embedded_redis import redis_command
from standalone.installation import Installation, Ports
from standalone.stack import one_start_at_a_time
from tests.redis_server import free_port
from tests.waiting import wait_until


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """An installation whose Redis has a free port."""
    return Installation(tmp_path, replace(Ports(), redis=free_port()))


@pytest.fixture
def embedded_redis(installation: Installation) -> Iterator[Installation]:
    """The installation with its Redis running."""
    process = subprocess.Popen(redis_command(installation), stdout=subprocess.DEVNULL)
    yield installation
    process.kill()
    process.wait()


def answers(url: str) -> bool:
    try:
        with Redis.from_url(url) as client:
            return bool(client.ping())
    except RedisError:
        return False


def test_the_embedded_redis_serves_only_who_knows_its_password(
    embedded_redis: Installation,
) -> None:
    wait_until(lambda: answers(embedded_redis.redis_url), "Redis answers")
    with Redis(port=embedded_redis.ports.redis) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()


def test_the_broker_and_the_streams_have_the_password_and_databases_of_their_own(
    installation: Installation,
) -> None:
    settings = installation.environment()
    streams, broker = settings["NOTIFIER_REDIS_URL"], settings["NOTIFIER_CELERY_BROKER_URL"]
    assert installation.redis_password() in streams
    assert broker == streams.removesuffix("/0") + "/1"


def test_no_secret_is_shown_to_other_users(installation: Installation) -> None:
    command = redis_command(installation)
    installation.environment()
    assert installation.redis_password() not in " ".join(command)
    for name in ("redis.conf", "redis-password", "feed-key"):
        assert stat.S_IMODE((installation.folder / name).stat().st_mode) == 0o600


def test_a_stack_that_starts_is_waited_for_by_the_next() -> None:
    second_started = Event()

    def start_second() -> None:
        with one_start_at_a_time():
            second_started.set()

    second = Thread(target=start_second)
    with one_start_at_a_time():
        second.start()
        assert not second_started.wait(0.3)
    assert second_started.wait(5)
    second.join()
