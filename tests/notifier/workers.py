"""Real Celery processes on a test's database, broker and mail server."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

REPOSITORY = Path(__file__).parents[2]

SHORT_QUEUES = """
from services.notifier import queues, tasks
from services.notifier.celery_app import app

queues.TOGETHER, tasks.ENOUGH_QUEUED, tasks.FED_AT_ONCE = 1, 4, 2
app.worker_main(["worker", "--pool=threads", "--concurrency=4"])
"""


class Workers:
    """Starts Celery workers and beats as processes, and kills them."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment = {**os.environ, **environment}
        self._log = log
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        for process in self._processes:
            kill(process)

    def sends_to(self, port: int) -> None:
        """Let processes that start from now on send to another mail server."""
        self._environment["NOTIFIER_SMTP_PORT"] = str(port)

    def worker(self) -> subprocess.Popen[bytes]:
        """Start a worker with four threads."""
        return self._start("worker", "--pool=threads", "--concurrency=4")

    def worker_of_short_queues(self) -> subprocess.Popen[bytes]:
        """Start such a worker that queues so little at once that few readers are a large run."""
        return self._run(["-c", SHORT_QUEUES])

    def beat(self) -> subprocess.Popen[bytes]:
        """Start a beat."""
        return self._start("beat")

    def log(self) -> str:
        """Return what all of them logged."""
        return self._log.read_text()

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        return self._run(["-m", "celery", "-A", "services.notifier.celery_app", *command])

    def _run(self, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=REPOSITORY,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children at once, as a crash would."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
