"""A real SMTP server that behaves as the test says, connection by connection."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self


@dataclass
class Talk:
    """What a server knows of one connection while it talks."""

    number: int
    """Which connection to this server it is, from 1."""
    commands: list[bytes] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)


Answer = Callable[[bytes, Talk], bytes | None]
"""Answers a command, or the content as ``b"."``; ``None`` for the usual, ``b""`` to hang up."""

EHLO = b"250-test\r\n250-PIPELINING\r\n250-SIZE 500000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
USUAL = {b"EHLO": EHLO, b"DATA": b"354 Go on\r\n", b"QUIT": b"221 Bye\r\n"}


class SmtpServer(socketserver.ThreadingTCPServer):
    """Listens on a port of its own; ``answer`` may say otherwise than a server usually does."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, answer: Answer, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.answer = answer
        self.context = context
        self.talks: list[Talk] = []
        self.lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    @property
    def contents(self) -> list[bytes]:
        """Everything that came, in the order of the connections."""
        return [content for talk in self.talks for content in talk.contents]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Connection(socketserver.BaseRequestHandler):
    server: SmtpServer

    def handle(self) -> None:
        with self.server.lock:
            talk = Talk(len(self.server.talks) + 1)
            self.server.talks.append(talk)
        try:
            self._talk(self.request, talk)
        except OSError:
            return

    def _talk(self, connection: socket.socket, talk: Talk) -> None:
        file = connection.makefile("rb")
        if not self._say(connection, b"CONNECT", talk, b"220 test\r\n"):
            return
        while line := file.readline().rstrip(b"\r\n"):
            talk.commands.append(line)
            verb = line[:4].upper()
            if verb == b"STAR" and self.server.context:
                connection.sendall(b"220 Go on\r\n")
                connection = self.server.context.wrap_socket(connection, server_side=True)
                file = connection.makefile("rb")
                continue
            usual = USUAL.get(verb, b"250 Fine\r\n")
            said = self._say(connection, line, talk, usual)
            if not said:
                return
            if verb == b"DATA" and said.startswith(b"354"):
                content = b""
                while (part := file.readline()) != b".\r\n":
                    if not part:
                        return
                    content += part
                talk.contents.append(content)
                if not self._say(connection, b".", talk, b"250 Taken\r\n"):
                    return

    def _say(self, connection: socket.socket, line: bytes, talk: Talk, usual: bytes) -> bytes:
        answer = self.server.answer(line, talk)
        said = usual if answer is None else answer
        if said:
            connection.sendall(said)
        else:
            connection.shutdown(socket.SHUT_RDWR)
        return said
