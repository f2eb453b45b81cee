"""Handing one e-mail to an SMTP server."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage

from pydantic import SecretStr

from shared.settings import SmtpSettings

TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Smtp:
    """An SMTP server and how to speak to it."""

    host: str
    port: int
    username: str | None = None
    password: SecretStr | None = None
    starttls: bool = False

    @classmethod
    def of(cls, settings: SmtpSettings) -> "Smtp":
        """Return the server that the settings name."""
        return cls(
            host=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username,
            password=settings.smtp_password,
            starttls=settings.smtp_starttls,
        )


def send(smtp: Smtp, message: EmailMessage) -> None:
    """Give ``message`` to the server; it is accepted when this returns.

    Raises ``smtplib.SMTPException`` when the server refuses, ``OSError`` when it can't be reached
    within 10 seconds.
    """
    with smtplib.SMTP(smtp.host, smtp.port, timeout=TIMEOUT_SECONDS) as server:
        if smtp.starttls:
            server.starttls(context=ssl.create_default_context())
        if smtp.username and smtp.password:
            server.login(smtp.username, smtp.password.get_secret_value())
        server.send_message(message)
