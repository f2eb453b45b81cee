"""The e-mail with a sign-in code, and handing it over without making anybody wait."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from functools import partial
from smtplib import SMTPException, SMTPResponseException

import structlog

from services.registry import letters
from services.registry.letters import LANGUAGE, Letter
from services.registry.sign_in import CodeLetter
from shared import mail
from shared.faults import in_words

log = structlog.get_logger(__name__)


def compose(letter: CodeLetter, sender: str) -> EmailMessage:
    """Return the e-mail of a code, as text and as HTML."""
    facts = {
        "code": letter.code,
        "minutes": letter.minutes,
        "institutions": letter.institutions,
    }
    return letters.compose(Letter("sign_in", letter.to, LANGUAGE, facts), sender)


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

    def post(self, letter: CodeLetter | Letter) -> None:
        """Send the e-mail soon; returns at once."""
        if not self.submit(partial(self._deliver, letter)):
            log.error("code_mail_dropped", reason="too many are waiting for the SMTP server")

    def submit(self, work: Callable[[], None]) -> bool:
        """Do the work of sending soon; ``False`` when too much is waiting already."""
        if not self._room.acquire(blocking=False):
            return False
        self._threads.submit(self._run, work)
        return True

    def close(self) -> None:
        """Send what still waits, and take no more."""
        self._threads.shutdown(wait=True)

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001
            # Nobody waits for the thread, so what it met would be lost.
            log.error("postman_failed", error=in_words(error))
        finally:
            self._room.release()

    def _deliver(self, letter: CodeLetter | Letter) -> None:
        try:
            message = (
                compose(letter, self._sender)
                if isinstance(letter, CodeLetter)
                else letters.compose(letter, self._sender)
            )
            mail.send(self._smtp, message)
        except (SMTPException, OSError, ValueError) as error:
            # The server's words often repeat the address: only their number is kept.
            code = error.smtp_code if isinstance(error, SMTPResponseException) else None
            log.error("code_mail_failed", error=type(error).__name__, smtp_code=code)
        else:
            log.info("code_mail_sent")
