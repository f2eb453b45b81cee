"""Posting: one request of a message and what came back, whatever the other side does.

On httpcore, the transport of httpx: it follows no redirect, reads no proxy from the environment and
unpacks nothing, so none of that has to be switched off; and it takes a network of our own.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import httpcore
import httpx

from services.notifier.webhooks.network import CheckedBackend, Deadline, Reach, RefusedError
from shared.text import without_deceiving

ANSWER_BYTES = 1_000
"""How much of an answer is read and kept."""

LONGEST_WAIT = timedelta(hours=24)
"""How long a receiver may ask to be left alone."""

GONE = 410
OVERLOADED = frozenset({429, 502, 503, 504})
"""Answers that ask to send less (Standard Webhooks, delivery success and failure)."""


@dataclass(frozen=True)
class Answer:
    """What became of one request."""

    duration_ms: int
    status: int | None = None
    text: str | None = None
    error: str | None = None
    """Why there is no status."""
    retry_after: timedelta | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the receiver took the message."""
        return self.status is not None and 200 <= self.status <= 299

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants no message any more."""
        return self.status == GONE

    @property
    def is_of_the_endpoint(self) -> bool:
        """Whether other messages would fare no better now."""
        return self.status is None or self.status in OVERLOADED

    @property
    def in_words(self) -> str:
        """The answer in a sentence."""
        return self.error or f"It answered {self.status}."


class Poster:
    """Posts messages of one endpoint over a kept connection. Used as a context."""

    def __init__(self, reach: Reach, seconds: float) -> None:
        self._seconds = seconds
        self._deadline = Deadline()
        tls = httpcore.default_ssl_context()
        if reach.ca_file is not None:
            tls.load_verify_locations(reach.ca_file)
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=1,
            network_backend=CheckedBackend(reach, self._deadline),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._pool.close()

    def post(self, address: str, headers: Mapping[str, str], body: str) -> Answer:
        """Send the body once and return what came back within the time; never raises for it."""
        url = httpx.URL(address)
        sent = {
            "Host": url.netloc.decode("ascii"),
            "User-Agent": "Southlink-Webhooks",
            "Content-Type": "application/json",
            **headers,
        }
        begun = time.monotonic()
        self._deadline.set(self._seconds)
        status, text, retry_after, error = None, b"", None, None
        try:
            with self._pool.stream(
                "POST",
                httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=list(sent.items()),
                content=body.encode(),
            ) as response:
                status = response.status
                retry_after = _retry_after(response)
                for part in response.iter_stream():
                    text += part
                    if len(text) >= ANSWER_BYTES:
                        break
        except RefusedError as refused:
            error = str(refused)
        except httpcore.TimeoutException:
            error = "It took too long."
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError) as failure:
            error = f"The connection failed: {type(failure).__name__}."
        return Answer(
            duration_ms=round((time.monotonic() - begun) * 1000),
            status=status,
            text=_readable(text[:ANSWER_BYTES]) or None,
            # What broke after the status came changes nothing about it.
            error=error if status is None else None,
            retry_after=retry_after,
        )


def _readable(text: bytes) -> str:
    return without_deceiving(text.decode("utf-8", "replace")).strip()


def _retry_after(response: httpcore.Response) -> timedelta | None:
    """Return what the header says (RFC 9110, 10.2.3), within bounds; ``None`` for nonsense."""
    for name, value in response.headers:
        if name.lower() != b"retry-after":
            continue
        said = value.decode("ascii", "replace").strip()
        try:
            if said.isdecimal():
                wait = timedelta(seconds=min(int(said), LONGEST_WAIT.total_seconds()))
            else:
                then = parsedate_to_datetime(said)
                wait = then.replace(tzinfo=then.tzinfo or UTC) - datetime.now(UTC)
        except (ValueError, OverflowError):
            return None
        return min(max(wait, timedelta()), LONGEST_WAIT)
    return None
