"""A system that receives webhooks: a real HTTP server that keeps what it gets."""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from standardwebhooks.webhooks import Webhook

from tests.waiting import wait_until


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: Mapping[str, str]
    """By name in small letters."""
    body: bytes

    @property
    def id(self) -> str:
        """The message."""
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> dict[str, Any]:
        """Return what it says, as a receiver does; raises unless the secret signed it."""
        payload: dict[str, Any] = Webhook(secret).verify(self.body, dict(self.headers))
        return payload


@dataclass(frozen=True)
class Reply:
    """What the receiver answers."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw: Iterable[bytes] | None = None
    """Sent as it is instead, part by part, before the connection ends."""


def take(_received: Received) -> Reply:
    """Answer that the message was taken."""
    return Reply()


class Receiver:
    """An endpoint on a port of its own. ``on_request`` decides on the answer."""

    def __init__(
        self, on_request: Callable[[Received], Reply] = take, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.on_request = on_request
        self.requests: list[Received] = []
        """In the order in which they were answered."""
        self.begun: list[Received] = []
        self._server = _Server((host, port), _Handler)
        self._server.receiver = self
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.port: int = self._server.server_address[1]
        self.url = f"http://{host}:{self.port}/hook"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait_for(self, number: int, seconds: float = 20.0) -> list[Received]:
        """Return the requests once there are so many."""
        wait_until(lambda: len(self.requests) >= number, f"{number} webhooks arrived", seconds)
        return self.requests


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    receiver: Receiver

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers that were killed."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Keep the request and answer."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.path, headers, body)
        self.server.receiver.begun.append(received)
        reply = self.server.receiver.on_request(received)
        self.server.receiver.requests.append(received)
        if reply.raw is not None:
            self.close_connection = True
            with suppress(OSError):
                for part in reply.raw:
                    self.wfile.write(part)
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if reply.status != 204:
            self.wfile.write(reply.body)

    def do_GET(self) -> None:
        """Whoever follows a redirect asks so."""
        self.do_POST()

    def log_message(self, *_args: Any) -> None:
        """Keep quiet."""
