"""Waiting for a condition instead of sleeping."""

import time
from collections.abc import Callable
from typing import TypeVar

ResultT = TypeVar("ResultT")


def wait_until(
    condition: Callable[[], ResultT | None], what: str, seconds: float = 10.0
) -> ResultT:
    """Return the first true result of ``condition``; fail with ``what`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        if result := condition():
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds} s in vain until {what}.")
        time.sleep(0.01)
