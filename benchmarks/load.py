"""Requests at a fixed rate, whatever the answers take."""

import http.client
import json
import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

SENDERS = 8
"""Connections kept open; more than rate x answer time."""


@dataclass(frozen=True)
class Answer:
    """One accepted request, on the clock that all processes of a machine share."""

    sent: float
    """Seconds of ``time.monotonic`` when its first byte was sent."""
    answered: float
    """The same clock when the answer was read."""
    late: float
    """Seconds that it was sent after its turn."""
    body: dict[str, Any]
    headers: dict[str, str]


class Sender:
    """One kept connection to a service."""

    def __init__(self, base_url: str) -> None:
        address = urlsplit(base_url)
        self._connection = http.client.HTTPConnection(
            address.hostname or "", address.port, timeout=30
        )

    def post(
        self, path: str, body: dict[str, Any], headers: dict[str, str], *, turn: float
    ) -> Answer:
        """Send one POST; raises ``RuntimeError`` with the answer when it isn't accepted."""
        sent = time.monotonic()
        self._connection.request(
            "POST", path, json.dumps(body), {"Content-Type": "application/json", **headers}
        )
        response = self._connection.getresponse()
        content = response.read()
        answered = time.monotonic()
        if response.status >= 300:
            raise RuntimeError(f"POST {path}: {response.status} {content.decode()}")
        return Answer(
            sent=sent,
            answered=answered,
            late=sent - turn,
            body=json.loads(content),
            headers={name.lower(): value for name, value in response.getheaders()},
        )


Act = Callable[[Sender, float], Answer]
"""Sends one request whose turn is at the given time."""


def at_rate(base_url: str, acts: Iterable[Act], per_second: float) -> list[Answer]:
    """Let every act have its turn, ``per_second`` each second; return the answers.

    Turns don't wait for answers: a service that slows down meets the same load as a fast one.
    Raises the first error of an act after the others have ended.
    """
    waiting: queue.SimpleQueue[tuple[Act, float] | None] = queue.SimpleQueue()
    start = time.monotonic() + 0.2
    for number, act in enumerate(acts):
        waiting.put((act, start + number / per_second))
    for _ in range(SENDERS):
        waiting.put(None)
    answers: list[Answer] = []
    errors: list[Exception] = []

    def work() -> None:
        sender = Sender(base_url)
        while (job := waiting.get()) is not None:
            act, turn = job
            time.sleep(max(0.0, turn - time.monotonic()))
            try:
                answers.append(act(sender, turn))
            except (RuntimeError, OSError, http.client.HTTPException) as error:
                errors.append(error)
                return

    threads = [threading.Thread(target=work) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return sorted(answers, key=lambda answer: answer.sent)


def achieved_rate(answers: list[Answer]) -> float:
    """Return how many requests a second were really sent."""
    return (len(answers) - 1) / (answers[-1].sent - answers[0].sent)
