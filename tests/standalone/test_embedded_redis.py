"""The embedded Redis keeps what it was given, and is reached from this machine only."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from standalone.embedded_redis import redis_binary, redis_command
from standalone.installation import Installation, Ports
from tests.redis_server import free_port
from tests.waiting import wait_until


class EmbeddedRedis:
    """The server as the stack runs it."""

    def __init__(self, folder: Path) -> None:
        self._installation = Installation(folder, Ports(redis=free_port()))
        self.client = Redis.from_url(self._installation.redis_url, decode_responses=True)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            redis_command(self._installation), stdout=subprocess.DEVNULL
        )
        wait_until(self._answers, "Redis answers")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisConnectionError:
            return False


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    redis = EmbeddedRedis(tmp_path)
    redis.start()
    yield redis
    redis.client.close()
    redis.kill()


def test_it_never_evicts_what_it_holds(server: EmbeddedRedis) -> None:
    assert server.client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_it_listens_on_the_loopback_interface_only(server: EmbeddedRedis) -> None:
    assert server.client.config_get("bind") == {"bind": "127.0.0.1"}


def test_what_was_written_to_its_file_survives_a_crash(server: EmbeddedRedis) -> None:
    server.client.xadd("events:registry:epoch", {"event": "{}"}, id="7-0")
    # Redis writes its file at once and has it on disk within a second: a killed process loses
    # nothing, a lost machine at most that second, which the feed repairs.
    server.kill()
    server.start()

    assert server.client.xrange("events:registry:epoch") == [("7-0", {"event": "{}"})]


def test_a_server_on_path_is_taken_before_the_wheels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path = tmp_path / "redis-server"
    on_path.write_text("#!/bin/sh\n")
    on_path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert redis_binary() == str(on_path)


def test_without_one_on_path_the_wheels_server_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    version = subprocess.run(
        [redis_binary(), "--version"], capture_output=True, text=True, check=True
    )

    assert "server v=" in version.stdout.lower()
