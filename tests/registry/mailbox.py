"""A real SMTP server that keeps what it receives."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.redis_server import free_port
from tests.waiting import wait_until

CODE = re.compile(r"^\d{6}$", re.MULTILINE)


class Mailbox:
    """Receives e-mails over SMTP. ``answer`` is the server's reply to each."""

    def __init__(self) -> None:
        self.port = free_port()
        self.received: list[tuple[str, EmailMessage]] = []
        self.attempts = 0
        self.answer = "250 OK"
        self._controller: Controller | None = None

    def start(self) -> None:
        """Take connections from now on."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Take no more connections."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep one e-mail, unless the server refuses now."""
        self.attempts += 1
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.received += [(address, message) for address in envelope.rcpt_tos]
        return self.answer

    def to(self, address: str) -> list[EmailMessage]:
        """Return the e-mails that came to that address, oldest first."""
        return [message for recipient, message in self.received if recipient == address]

    def newest_to(self, address: str, number: int = 1) -> EmailMessage:
        """Return the newest e-mail to that address once there are ``number`` of them."""
        wait_until(lambda: len(self.to(address)) >= number, f"{number} e-mails came to {address}")
        return self.to(address)[-1]

    def code_for(self, address: str, number: int = 1) -> str:
        """Return the code in the newest e-mail to that address."""
        found = CODE.search(text_of(self.newest_to(address, number)))
        assert found, "The e-mail has no line of six digits."
        return found.group()


def text_of(message: EmailMessage) -> str:
    """Return the plain text of an e-mail."""
    return part_of(message, "plain")


def part_of(message: EmailMessage, subtype: str) -> str:
    """Return the plain or HTML part of an e-mail."""
    part = message.get_body((subtype,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")
