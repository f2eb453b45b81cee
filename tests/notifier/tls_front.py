"""TLS in front of a server that speaks without it, as stunnel does."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer

from tests.notifier.certificates import Issued
from tests.redis_server import free_port


class _Front(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    behind: int
    context: ssl.SSLContext


class _Relay(BaseRequestHandler):
    server: _Front

    def handle(self) -> None:
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", self.server.behind)) as plain,
        ):
            client = self.server.context.wrap_socket(self.request, server_side=True)
            back = threading.Thread(target=_copy, args=(plain, client), daemon=True)
            back.start()
            _copy(client, plain)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while some := source.recv(65_536):
            target.sendall(some)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def tls_in_front_of(port: int, issued: Issued) -> Iterator[int]:
    """Yield the port on which the server at ``port`` is reached with TLS."""
    with _Front(("127.0.0.1", free_port()), _Relay) as front:
        front.behind = port
        front.context = issued.context
        thread = threading.Thread(target=front.serve_forever, daemon=True)
        thread.start()
        yield front.server_address[1]
        front.shutdown()
        thread.join()
