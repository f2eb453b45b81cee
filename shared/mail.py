"""Handing one e-mail to an SMTP server."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
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
    with _connected(smtp) as server:
        server.send_message(message)


def hand_over(
    smtp: Smtp, mail_from: str, recipient: str, content: bytes, *, smtputf8: bool
) -> None:
    """Give one e-mail to the server, as it is; raises as `send` does."""
    with _connected(smtp) as server:
        if smtputf8:
            server.ehlo_or_helo_if_needed()
            if not server.has_extn("smtputf8"):
                raise smtplib.SMTPNotSupportedError("The server has no SMTPUTF8.")
        options = ("SMTPUTF8", "BODY=8BITMIME") if smtputf8 else ()
        server.sendmail(mail_from, [recipient], content, mail_options=options)


@contextmanager
def _connected(smtp: Smtp) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(smtp.host, smtp.port, timeout=TIMEOUT_SECONDS) as server:
        if smtp.starttls:
            server.starttls(context=ssl.create_default_context())
        if smtp.username and smtp.password:
            server.login(smtp.username, smtp.password.get_secret_value())
        yield server
