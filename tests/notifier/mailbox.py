"""A real SMTP server for tests; what it took is read with the MIME parser."""

import threading
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Self, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.redis_server import free_port
from tests.waiting import wait_until

Answer = Callable[[Envelope], str]


def accept(_envelope: Envelope) -> str:
    """Take every message."""
    return "250 OK"


class Mailbox:
    """Takes mail on a port of its own; ``refused`` and ``on_message`` may answer otherwise.

    ``options`` are those of ``aiosmtpd``, such as the TLS that it does and whom it lets in.
    """

    def __init__(self, **options: Any) -> None:
        self.port = free_port()
        self.raw: list[bytes] = []
        self.messages: list[EmailMessage] = []
        self.on_message: Answer = accept
        self.refused: dict[str, str] = {}
        self._lock = threading.Lock()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **options)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._controller.stop()

    async def handle_RCPT(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Answer ``RCPT TO``."""
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the message, unless `on_message` refuses it."""
        answer = self.on_message(envelope)
        if answer.startswith("250"):
            content = cast(bytes, envelope.content)
            self.raw.append(content)
            message = message_from_bytes(content, policy=cast(Any, default))
            with self._lock:
                self.messages.append(cast(EmailMessage, message))
        return answer

    def to(self, address: str) -> list[EmailMessage]:
        """Return what came for an address."""
        with self._lock:
            return [message for message in self.messages if message["To"] == address]

    def wait_for(self, number: int, seconds: float = 15) -> list[EmailMessage]:
        """Return the messages once there are at least ``number``."""
        wait_until(lambda: len(self.messages) >= number, f"{number} e-mails came", seconds=seconds)
        return list(self.messages)


def text_of(message: EmailMessage) -> str:
    """Return the plain-text body."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def html_of(message: EmailMessage) -> str:
    """Return the HTML body."""
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")
