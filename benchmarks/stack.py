"""The embedded stack as the benchmarks see it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Stack:
    """A running stack on an empty folder of its own."""

    registry_url: str
    workgroups_url: str
    notifier_url: str
    mail_url: str
    redis_url: str
    folder: Path
    coordinator: str
    """The e-mail address of the first coordinator."""
    root: psutil.Process
    """The process of which all of the stack descend."""

    def database(self, service: str) -> Path:
        """Return the database file of a service."""
        return self.folder / f"{service}.db"

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
