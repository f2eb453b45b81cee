"""The embedded stack as the benchmarks see it."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil

from standalone.installation import COORDINATOR_EMAIL, Installation, Ports
from standalone.stack import running as running_stack
from standalone.supervisor import Supervisor

ResultT = TypeVar("ResultT")

UNLIMITED = {"REGISTRY_CODES_PER_ADDRESS": "1000000", "REGISTRY_CODES_PER_CLIENT": "1000000"}
"""One person registers all measured institutions; nothing else differs from ``make up``."""

PORTS = Ports(registry=9001, workgroups=9002, notifier=9003, mail=9004, smtp=9025, redis=9079)
"""Away from those of ``make up``, which may run beside."""


@dataclass(frozen=True)
class Stack:
    """A running stack on an empty folder of its own."""

    installation: Installation
    supervisor: Supervisor
    coordinator: str = COORDINATOR_EMAIL
    """The e-mail address of the first coordinator."""

    @property
    def registry_url(self) -> str:
        """The registry's base URL."""
        return self.installation.registry_url

    @property
    def workgroups_url(self) -> str:
        """The base URL of workgroups."""
        return self.installation.workgroups_url

    @property
    def notifier_url(self) -> str:
        """The notifier's base URL."""
        return self.installation.notifier_url

    @property
    def mail_url(self) -> str:
        """The mail catcher."""
        return self.installation.mail_url

    @property
    def redis_url(self) -> str:
        """The embedded Redis."""
        return self.installation.redis_url

    def database(self, service: str) -> Path:
        """Return the database file of a service."""
        return self.installation.folder / f"{service}.db"

    def processes(self) -> dict[str, psutil.Process]:
        """Return every process of the stack by name, the supervisor and its fork server too."""
        return self.supervisor.processes()

    def eventually(self, act: Callable[[], ResultT], what: str, seconds: float = 30.0) -> ResultT:
        """Return what ``act`` returns once it raises no RuntimeError any more.

        ``TimeoutError`` with ``what`` and the last error after ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                return act()
            except RuntimeError as error:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"Not within {seconds} s: {what}: {error}") from error
            time.sleep(0.05)


@contextmanager
def running() -> Iterator[Stack]:
    """Run an embedded stack on a new folder while the block runs."""
    os.environ.update(UNLIMITED)
    with (
        tempfile.TemporaryDirectory(prefix="southlink-bench-") as folder,
        running_stack(Path(folder), PORTS) as stack,
    ):
        yield Stack(stack.installation, stack.supervisor)
