"""Sending: due deliveries from their intents to the mail server's answers.

A batch is written together and sent over one kept connection, in windows: the intents of a window
and the answers to the one before are one transaction. A window holds as many e-mails as left
within a moment last time, so that after a kill only these few are in doubt, and a reader who
leaves meanwhile gets nothing.
"""

import smtplib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from services.notifier import deliveries, domains
from services.notifier.bounces.taking import NORMAL_LIMITS, note_refusal
from services.notifier.bounces.taking import Limits as BounceLimits
from services.notifier.deliveries import Claim, Outcome
from services.notifier.domains import Limits
from services.notifier.mail.composing import compose
from services.notifier.mail.envelopes import Envelope, Parked, Void
from services.notifier.replies import Fate, Verdict, taken, verdict
from services.notifier.return_paths import ReturnMailbox
from shared.columns import utc_now
from shared.database import Database
from shared.dkim_signing import Signer
from shared.mail import Mail, Smtp
from shared.smtp_pool import SmtpConnection, kept_connection

log = structlog.get_logger(__name__)

WINDOW = 50
"""E-mails on the wire of one connection at most, before their answers are recorded."""

MOMENT_SECONDS = 0.05
"""What was not on the wire so soon after its intent is asked for again."""

PATIENCE_SECONDS = 30.0
"""After how long a batch leaves the rest to another task: others wait for this worker."""

FULL_WAIT = timedelta(seconds=1)
"""When to look again at a domain that gets all it may have at once."""


@dataclass(frozen=True)
class Sender:
    """How this installation sends."""

    smtp: Smtp
    mail_from: str
    public_url: str
    hold: timedelta
    """How long a worker may take for a window before another one takes it over."""
    limits: Limits = field(default_factory=Limits)
    signer: Signer | None = None
    bounces_to: ReturnMailbox | None = None
    """Where e-mails come back to, else to the sender."""
    bounce_limits: BounceLimits = NORMAL_LIMITS


def deliver(database: Database, delivery_ids: Sequence[UUID], sender: Sender) -> None:
    """Send those of the deliveries that are due, and record what became of each.

    No transaction is open while the mail server takes its time. An answer of 5xx to the address
    or the content is final; anything else is tried again later.
    """
    with database.write() as session:
        claims = deliveries.due(session, delivery_ids, utc_now(), sender.limits)
    pending = _written(database, claims, sender) if claims else []
    if pending:
        with kept_connection(sender.smtp) as connection:
            _Batch(database, connection, sender, pending).send()


def _written(
    database: Database, claims: Sequence[Claim], sender: Sender
) -> list[tuple[Claim, Envelope]]:
    """Write the e-mails; one that can't be written is parked and keeps no other from leaving."""
    by_id = {claim.delivery_id: claim for claim in claims}
    composed = _composed(database, claims, sender)
    parked = [each for each in composed if isinstance(each, Parked)]
    void = [each for each in composed if isinstance(each, Void)]
    if parked or void:
        with database.write() as session:
            now = utc_now()
            for each in parked:
                deliveries.park(session, by_id[each.delivery_id], each.reason, now)
            for nothing in void:
                deliveries.cancel(session, by_id[nothing.delivery_id], nothing.reason, now)
            ids = [*(each.delivery_id for each in parked), *(each.delivery_id for each in void)]
            deliveries.settle_runs(session, [by_id[each] for each in ids], now)
    if parked:
        log.error("deliveries_parked", number=len(parked), reason=parked[0].reason)
    return [(by_id[each.delivery_id], each) for each in composed if isinstance(each, Envelope)]


def _composed(
    database: Database, claims: Sequence[Claim], sender: Sender
) -> list[Envelope | Parked | Void]:
    try:
        with database.read() as session:
            return list(
                compose(
                    session,
                    claims,
                    mail_from=sender.mail_from,
                    public_url=sender.public_url,
                    bounces_to=sender.bounces_to,
                )
            )
    except SQLAlchemyError:
        raise  # Not the e-mail's fault: all of them are due until the database answers.
    except Exception as error:
        if len(claims) > 1:
            return [each for claim in claims for each in _composed(database, [claim], sender)]
        log.exception("delivery_not_written", delivery_id=str(claims[0].delivery_id))
        reason = f"The e-mail could not be written ({type(error).__name__})."
        return [Parked(claims[0].delivery_id, reason)]


class _Batch:
    """E-mails on their way over one connection."""

    def __init__(
        self,
        database: Database,
        connection: SmtpConnection,
        sender: Sender,
        written: Sequence[tuple[Claim, Envelope]],
    ) -> None:
        self._database = database
        self._connection = connection
        self._sender = sender
        self._envelopes = {claim.delivery_id: envelope for claim, envelope in written}
        self._waiting = [claim for claim, _ in written]
        self._results: list[Outcome] = []
        self._unsent: list[Claim] = []
        self._sent: list[Claim] = []
        self._deferring: set[str] = set()
        """Domains that said "later"."""
        self._stopped: Verdict | None = None
        """Why the server takes nothing from us now."""

    def send(self) -> None:
        """Put them on the wire, window by window."""
        claims = list(self._waiting)
        patience_ends = time.monotonic() + PATIENCE_SECONDS
        while self._waiting and self._stopped is None and time.monotonic() < patience_ends:
            with self._database.write() as session:
                self._record(session)
                window = self._open_window(session)
            self._put_on_the_wire(window)
        with self._database.write() as session:
            self._record(session)
            self._leave_the_rest(session)
            took = {claim.domain for claim in self._sent}
            domains.recovered(session, took - self._deferring)
            deliveries.settle_runs(session, claims, utc_now())
        if self._sent:
            log.info("deliveries_sent", number=len(self._sent), kind=self._sent[0].kind)

    def _open_window(self, session: Session) -> list[Claim]:
        """Write the intents of the next e-mails; return those that are ours to send."""
        now = utc_now()
        size = self._connection.window
        wanted, rest = self._waiting[:size], self._waiting[size:]
        roomy = domains.with_room(session, [claim.domain for claim in wanted], now, self._limits)
        allowed = [claim for claim, room in zip(wanted, roomy, strict=True) if room]
        full = [claim for claim, room in zip(wanted, roomy, strict=True) if not room]
        if not allowed:
            deliveries.defer(session, full, now + FULL_WAIT, "Its domain gets others just now.")
            full = []
        self._waiting = rest + full
        return deliveries.take(session, allowed, now, self._sender.hold)

    def _put_on_the_wire(self, window: Sequence[Claim]) -> None:
        began = time.monotonic()
        for number, claim in enumerate(window, start=1):
            outcome = Outcome(claim, self._handed_over(claim))
            self._results.append(outcome)
            if outcome.verdict.fate is Fate.SERVER_LATER:
                self._stopped = outcome.verdict
            if self._stopped or time.monotonic() - began > MOMENT_SECONDS:
                self._unsent = list(window[number:])
                self._waiting = self._unsent + self._waiting
                self._connection.window = max(1, number // 2)
                return
        self._connection.window = min(WINDOW, self._connection.window + 1)

    def _handed_over(self, claim: Claim) -> Verdict:
        envelope = self._envelopes[claim.delivery_id]
        signer = self._sender.signer
        content = signer.signed(envelope.content) if signer else envelope.content
        mail = Mail(envelope.mail_from, envelope.recipient, content, envelope.smtputf8)
        try:
            words = self._connection.hand_over(mail)
        except (smtplib.SMTPException, OSError) as error:
            found = verdict(error)
            log.warning(
                "delivery_not_sent",
                delivery_id=str(claim.delivery_id),
                attempt=claim.attempt,
                fate=found.fate.name.lower(),
                reason=found.reason,
            )
            return found
        self._sent.append(claim)
        return taken(words)

    def _record(self, session: Session) -> None:
        """Write down what became of the last window; leave domains that defer alone."""
        now = utc_now()
        deliveries.record(session, self._results, now)
        for each in self._results:
            if each.verdict.refused_recipient is not None:
                reply, text = each.verdict.refused_recipient
                note_refusal(
                    session,
                    each.claim.delivery_id,
                    reply,
                    text,
                    limits=self._sender.bounce_limits,
                    now=now,
                )
        deliveries.give_back(session, self._unsent, now)
        deferring = {
            each.claim.domain for each in self._results if each.verdict.fate is Fate.DOMAIN_LATER
        }
        if deferring:
            self._deferring |= deferring
            self._waiting = deliveries.admitted(session, self._waiting, now, Limits())
        self._results, self._unsent = [], []

    def _leave_the_rest(self, session: Session) -> None:
        now = utc_now()
        if self._stopped is None:
            deliveries.defer(session, self._waiting, now, "The mail server is slow.")
            return
        taken = deliveries.take(session, self._waiting, now, self._sender.hold)
        deliveries.record(session, [Outcome(claim, self._stopped) for claim in taken], now)

    @property
    def _limits(self) -> Limits:
        return self._sender.limits
