"""Sending: one delivery from its claim to the mail server's answer."""

import smtplib
from datetime import timedelta
from uuid import UUID

import structlog

from services.notifier import deliveries
from services.notifier.bounces.taking import NORMAL_LIMITS, Limits, note_refusal
from services.notifier.deliveries import Claim
from services.notifier.mail.composing import compose
from services.notifier.mail.envelopes import Parked
from services.notifier.return_paths import ReturnMailbox
from shared.columns import utc_now
from shared.database import Database
from shared.logs import mask
from shared.mail import Smtp, hand_over

log = structlog.get_logger(__name__)


def deliver(
    database: Database,
    delivery_id: UUID,
    *,
    smtp: Smtp,
    mail_from: str,
    public_url: str,
    hold: timedelta,
    bounces_to: ReturnMailbox | None = None,
    limits: Limits = NORMAL_LIMITS,
) -> None:
    """Claim the delivery, send it, and record the answer; nothing when it isn't due.

    No transaction is open while the mail server takes its time. An answer of 5xx to the address
    or the content is final; anything else is tried again later.
    """
    with database.write() as session:
        claim = deliveries.claim(session, delivery_id, utc_now(), hold)
    if claim is None:
        return
    try:
        with database.read() as session:
            if not deliveries.held(session, claim):
                return
            (written,) = compose(
                session,
                [claim],
                mail_from=mail_from,
                public_url=public_url,
                bounces_to=bounces_to,
            )
        if isinstance(written, Parked):
            with database.write() as session:
                deliveries.mark_postponed(session, claim, written.reason, utc_now())
            return
        hand_over(
            smtp,
            written.mail_from,
            written.recipient,
            written.content,
            smtputf8=written.smtputf8,
        )
    except (smtplib.SMTPException, OSError) as error:
        _record_failure(database, claim, error, limits)
        return
    with database.write() as session:
        deliveries.mark_sent(session, claim, utc_now())
    log.info("delivery_sent", kind=claim.kind, attempt=claim.attempt)


def _record_failure(database: Database, claim: Claim, error: Exception, limits: Limits) -> None:
    reason, final = _verdict(error)
    mark = deliveries.mark_refused if final else deliveries.mark_postponed
    with database.write() as session:
        mark(session, claim, reason, utc_now())
        if final and isinstance(error, smtplib.SMTPRecipientsRefused):
            code, text = next(iter(error.recipients.values()))
            note_refusal(
                session, claim.delivery_id, code, _words(text), limits=limits, now=utc_now()
            )
    log.warning("delivery_not_sent", attempt=claim.attempt, final=final, reason=reason)


def _verdict(error: Exception) -> tuple[str, bool]:
    """Return why the e-mail didn't leave, without addresses, and whether that is final."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return _answer(code, text), 500 <= code < 600
    if isinstance(error, smtplib.SMTPDataError):
        return _answer(error.smtp_code, error.smtp_error), 500 <= error.smtp_code < 600
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "The mail server can't take an address with such letters (no SMTPUTF8).", True
    if isinstance(error, smtplib.SMTPResponseException):
        # A refused sender or login is our own configuration: it can be put right meanwhile.
        return _answer(error.smtp_code, error.smtp_error), False
    return (
        f"The mail server could not be reached: {mask(str(error) or type(error).__name__)}",
        False,
    )


def _answer(code: int, text: bytes | str) -> str:
    return f"The mail server answered {code}: {mask(_words(text))[:300]}"


def _words(text: bytes | str) -> str:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return " ".join(words.split())
