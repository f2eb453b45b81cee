"""The e-mail with a sign-in code, and handing it over without making anybody wait."""

import threading
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from functools import cache
from smtplib import SMTPException, SMTPResponseException

import structlog
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from services.registry.sign_in import CodeLetter
from shared import mail
from shared.columns import utc_now

log = structlog.get_logger(__name__)

LANGUAGE = "en"


def compose(letter: CodeLetter, sender: str) -> EmailMessage:
    """Return the e-mail of a code, as text and as HTML."""
    facts = {
        "code": letter.code,
        "minutes": letter.minutes,
        "institutions": letter.institutions,
    }
    _name, address = parseaddr(sender)
    message = EmailMessage()
    message["Subject"] = _render("subject.txt", facts).strip()
    message["From"] = sender
    message["To"] = letter.to
    message["Date"] = format_datetime(utc_now())
    message["Message-ID"] = make_msgid(domain=address.partition("@")[2] or "southlink.invalid")
    message["Auto-Submitted"] = "auto-generated"
    message["X-Southlink-Kind"] = "sign-in"
    message.set_content(_render("body.txt", facts))
    message.add_alternative(_render("body.html", facts), subtype="html")
    # Set before, it would have moved into the text part with the other Content headers.
    message["Content-Language"] = LANGUAGE
    return message


class Postman:
    """Hands e-mails to the SMTP server on threads of its own.

    A server that hangs must not hold the threads that answer requests. A code that is lost with
    the process or refused by the server costs its reader a new request, so there is no ledger;
    what fails is logged and counted, without the address.
    """

    WAITING = 1_000
    """How many e-mails may wait; more are dropped, as their codes would come too late."""

    def __init__(self, smtp: mail.Smtp, sender: str) -> None:
        self._smtp = smtp
        self._sender = sender
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="postman")
        self._room = threading.BoundedSemaphore(self.WAITING)

    def post(self, letter: CodeLetter) -> None:
        """Send the e-mail soon; returns at once."""
        if not self._room.acquire(blocking=False):
            log.error("code_mail_dropped", reason="too many are waiting for the SMTP server")
            return
        self._threads.submit(self._deliver, letter)

    def close(self) -> None:
        """Send what still waits, and take no more."""
        self._threads.shutdown(wait=True)

    def _deliver(self, letter: CodeLetter) -> None:
        try:
            mail.send(self._smtp, compose(letter, self._sender))
        except (SMTPException, OSError, ValueError) as error:
            # The server's words often repeat the address: only their number is kept.
            code = error.smtp_code if isinstance(error, SMTPResponseException) else None
            log.error("code_mail_failed", error=type(error).__name__, smtp_code=code)
        else:
            log.info("code_mail_sent")
        finally:
            self._room.release()


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader(__package__, "mail/sign_in"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _render(name: str, facts: dict[str, object]) -> str:
    return _templates().get_template(name).render(facts)
