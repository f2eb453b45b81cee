"""The embedded stack: every process of Southlink on one machine."""

import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

import httpx

from standalone.embedded_redis import redis_command
from standalone.installation import (
    COORDINATOR_EMAIL,
    COORDINATOR_NAME,
    HOST,
    Installation,
    Ports,
    free_ports,
)
from standalone.program import Program
from standalone.supervisor import ProcessFailedError, Supervisor, end_leftovers

READY_SECONDS = 60.0
MIGRATE_SECONDS = 60.0
REDIS = "redis"
MAIL_CATCHER = "mail-catcher"
PORTS = "ports.json"


class AlreadyUpError(Exception):
    """A stack runs on the folder; says how to reach or stop it."""


class Stack:
    """A running stack on an installation."""

    def __init__(self, installation: Installation, supervisor: Supervisor) -> None:
        self.installation = installation
        self.supervisor = supervisor

    def start(self) -> None:
        """Start everything and wait until it takes requests.

        Raises `ProcessFailedError` when a process can't run, with the end of its log.
        """
        for program in _foundations(self.installation):
            self.supervisor.start(program)
        self.supervisor.run(
            [_service(service, "migrate") for service in ("registry", "workgroups", "notifier")],
            MIGRATE_SECONDS,
        )
        self.supervisor.run([_coordinator()], MIGRATE_SECONDS)
        for program in _programs(self.installation):
            self.supervisor.start(program)
        self._wait_until_ready()

    def check(self) -> None:
        """Raise `ProcessFailedError` when a process crashed again and again."""
        if self.supervisor.failure is not None:
            raise ProcessFailedError(self.supervisor.failure)

    def stop(self) -> None:
        """Stop everything: what sends first, what it sends to last."""
        self.supervisor.stop(last=(REDIS, MAIL_CATCHER))

    def _wait_until_ready(self) -> None:
        installation = self.installation
        waiting = {
            "registry-web": f"{installation.registry_url}/health/ready",
            "workgroups-web": f"{installation.workgroups_url}/health/ready",
            "notifier-web": f"{installation.notifier_url}/health/ready",
            MAIL_CATCHER: f"{installation.mail_url}/api/messages",
        }
        deadline = time.monotonic() + READY_SECONDS
        said = "does not answer"
        with httpx.Client(timeout=5) as client:
            for name, url in waiting.items():
                while True:
                    try:
                        answer = client.get(url)
                        if answer.status_code == 200:
                            break
                        said = f"is not ready: {answer.text}"
                    except httpx.TransportError as error:
                        said = f"does not answer: {error}"
                    self.check()
                    if time.monotonic() > deadline:
                        log = self.supervisor.log_of(name)
                        raise ProcessFailedError(f"{name} {said}. Its log is {log}.")
                    time.sleep(0.05)


@contextmanager
def running(folder: Path, wanted: Ports = Ports()) -> Iterator[Stack]:
    """Yield a stack on ``folder``, started, and stop it afterwards whatever happens.

    Raises `AlreadyUpError` when one runs there already.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder):
        end_leftovers(folder)
        with ExitStack() as stopping:
            with one_start_at_a_time():
                installation = Installation(folder, free_ports(wanted))
                (folder / PORTS).write_text(json.dumps(asdict(installation.ports)))
                stack = Stack(installation, Supervisor(folder, installation.environment()))
                stopping.callback(stack.stop)
                stack.start()
            yield stack


def empty(folder: Path) -> None:
    """Remove what an earlier stack left in ``folder``; `AlreadyUpError` when one runs there.

    A folder that holds anything but a stack's data is left alone, with an ``OSError``.
    """
    folder = folder.resolve()
    if folder.exists() and any(folder.iterdir()):
        if not (folder / PORTS).exists():
            raise OSError(f"{folder} holds other files: choose another folder with --data.")
        with _only_one(folder):
            end_leftovers(folder)
        shutil.rmtree(folder)


@contextmanager
def one_start_at_a_time() -> Iterator[None]:
    """Hold off other stacks of this user until this one listens on the ports that it found free.

    Else two that start together would choose the same, and one work on the other's servers.
    """
    path = Path(tempfile.gettempdir()) / f"southlink-{os.getuid()}.lock"
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            ports = Ports(**json.loads((folder / PORTS).read_text()))
            raise AlreadyUpError(
                f"Southlink is already up on {folder}: its e-mails are at "
                f"http://{HOST}:{ports.mail}. Stop it with Ctrl-C where it runs, or choose another "
                "folder with --data."
            ) from None
        yield


def _foundations(installation: Installation) -> list[Program]:
    ports = installation.ports
    return [
        Program(REDIS, tuple(redis_command(installation))),
        Program(
            MAIL_CATCHER,
            (
                *("--folder", str(installation.folder / "mail")),
                *("--smtp-port", str(ports.smtp), "--page-port", str(ports.mail)),
            ),
            "standalone.mail_catcher.__main__",
        ),
    ]


def _programs(installation: Installation) -> list[Program]:
    ports = installation.ports
    return [
        _service("registry", "serve", "--port", str(ports.registry), name="web"),
        _service("workgroups", "serve", "--port", str(ports.workgroups), name="web"),
        _service("notifier", "serve", "--port", str(ports.notifier), name="web"),
        Program("relays", (), "standalone.relays"),
        Program("calendars", (), "standalone.calendars"),
        _service("workgroups", "consume"),
        _service("notifier", "consume"),
        _celery("worker", "--pool", "threads", "--concurrency", "4", "--without-gossip"),
        _celery("beat"),
    ]


def _service(service: str, command: str, *arguments: str, name: str | None = None) -> Program:
    return Program(
        f"{service}-{name or command}", (command, *arguments), f"services.{service}.__main__"
    )


def _coordinator() -> Program:
    return _service(
        "registry",
        "create-coordinator",
        *("--email", COORDINATOR_EMAIL, "--name", COORDINATOR_NAME),
    )


def _celery(command: str, *arguments: str) -> Program:
    return Program(
        f"notifier-{command}",
        ("-A", "services.notifier.celery_app", command, "--loglevel", "INFO", *arguments),
        "celery.__main__",
    )
