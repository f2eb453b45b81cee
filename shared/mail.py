"""Handing e-mails to an SMTP server, over connections that this process keeps."""

from dataclasses import dataclass
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.utils import getaddresses
from io import BytesIO
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from shared.settings import SmtpSettings


@dataclass(frozen=True)
class Smtp:
    """An SMTP server and how to speak to it."""

    host: str
    port: int
    username: str | None = None
    password: SecretStr | None = None
    starttls: bool = False
    tls: bool = False
    """Whether the connection is encrypted from its first byte (RFC 8314), as on port 465."""
    ca_file: Path | None = None
    """The authorities that may have signed the server's certificate; the system's without it."""
    timeout: float = 30.0
    """Seconds to wait for each answer."""

    @classmethod
    def of(cls, settings: SmtpSettings) -> "Smtp":
        """Return the server that the settings name."""
        return cls(
            host=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username,
            password=settings.smtp_password,
            starttls=settings.smtp_starttls,
            tls=settings.smtp_tls,
            ca_file=settings.smtp_ca_file,
            timeout=settings.smtp_timeout_seconds,
        )


@dataclass(frozen=True)
class Mail:
    """An e-mail as it goes over the wire: its envelope, and its content with CRLF line ends."""

    sender: str
    recipient: str
    content: bytes
    smtputf8: bool = False
    """Whether an address or a header needs SMTPUTF8 (RFC 6531)."""


def send(smtp: Smtp, message: EmailMessage) -> None:
    """Give ``message`` to the server for each of its recipients; accepted when this returns.

    Raises ``smtplib.SMTPException`` when the server refuses, ``OSError`` when it can't be reached
    in time.
    """
    from shared.smtp_pool import UnreachableError, kept_connection

    sender = _addresses(message, "From")[0]
    recipients = _addresses(message, "To", "Cc", "Bcc")
    smtputf8 = not all(address.isascii() for address in (sender, *recipients))
    content = BytesIO()
    changes: dict[str, Any] = {"utf8": smtputf8, "linesep": "\r\n"}
    BytesGenerator(content, policy=message.policy.clone(**changes)).flatten(message)
    with kept_connection(smtp) as connection:
        for recipient in recipients:
            try:
                connection.hand_over(Mail(sender, recipient, content.getvalue(), smtputf8))
            except UnreachableError as error:
                raise error.__cause__ or error from None


def _addresses(message: EmailMessage, *names: str) -> list[str]:
    fields = [str(field) for name in names for field in message.get_all(name, [])]
    return [address for _, address in getaddresses(fields)]
