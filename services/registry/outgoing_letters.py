"""E-mails that must not be lost: a row until the mail server has taken them.

A letter is a row of the transaction that is its reason. It is sent at once after the commit; what
fails, or is lost with the process, is sent by the calendar, later and later, for three days.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial
from smtplib import (
    SMTPDataError,
    SMTPException,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPResponseException,
)
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from services.registry import credentials, letters
from services.registry.letters import Letter
from services.registry.settings import Settings, settings
from services.registry.tables import Institution, Invitation, OutgoingLetter, Person
from shared import mail
from shared.database import after_commit

log = structlog.get_logger(__name__)

WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
"""How long after each attempt the next one may come; the last holds from then on."""
GIVE_UP = timedelta(days=3)
AT_ONCE = 5
"""How many letters a look of the calendar takes together."""


class Fate(Enum):
    """What became of an attempt."""

    SENT = auto()
    REFUSED = auto()
    LATER = auto()


@dataclass(frozen=True)
class Mailroom:
    """How letters leave: the mail server, the sender, and where their links lead."""

    smtp: mail.Smtp
    sender: str
    public_url: str

    @classmethod
    def of(cls, settings: Settings) -> "Mailroom":
        """Return the mailroom that the settings describe."""
        return cls(mail.Smtp.of(settings), settings.mail_from, settings.public_url)


@dataclass(frozen=True)
class Attempt:
    """A letter that one process is sending now."""

    letter_id: UUID
    number: int
    letter: Letter
    last: bool


def to_person(
    session: Session, kind: str, person: Person, facts: dict[str, Any], now: datetime
) -> OutgoingLetter:
    """Write a letter to the person's address of now. ``facts`` holds ids, not names."""
    letter = OutgoingLetter(
        kind=kind,
        email=person.email,
        language=person.language,
        facts=facts,
        person_id=person.id,
        next_attempt_at=now,
        written_at=now,
    )
    session.add(letter)
    session.flush()
    return letter


def to_invited(session: Session, invitation: Invitation, now: datetime) -> OutgoingLetter:
    """Write the letter of an invitation, or let the one that waits go again at once."""
    letter = session.exec(
        select(OutgoingLetter).where(OutgoingLetter.invitation_id == invitation.id)
    ).first() or OutgoingLetter(
        kind="invitation",
        email=invitation.email,
        language=invitation.language,
        invitation_id=invitation.id,
        written_at=now,
    )
    letter.next_attempt_at = now
    session.add(letter)
    session.flush()
    return letter


def claim(session: Session, letter_id: UUID, room: Mailroom, now: datetime) -> Attempt | None:
    """Take a letter that is due, so that nobody else sends it; ``None`` when it isn't.

    The secret of an invitation is made here: what is sent again has a new one, and only the newest
    e-mail is good.
    """
    row = session.exec(
        select(OutgoingLetter)
        .where(OutgoingLetter.id == letter_id, OutgoingLetter.next_attempt_at <= now)
        .with_for_update()
    ).first()
    if row is None:
        return None
    facts = _facts(session, row, room)
    if facts is None:
        session.delete(row)
        return None
    row.attempts += 1
    row.next_attempt_at = now + WAITS[min(row.attempts, len(WAITS)) - 1]
    session.add(row)
    return Attempt(
        letter_id=row.id,
        number=row.attempts,
        letter=Letter(row.kind, row.email, row.language, facts),
        last=row.next_attempt_at > row.written_at + GIVE_UP,
    )


def deliver(engine: Engine, room: Mailroom, letter_id: UUID, now: datetime) -> None:
    """Send one letter, if it is due."""
    with Session(engine) as session:
        attempt = claim(session, letter_id, room, now)
        session.commit()
    if attempt is not None:
        _settle(engine, attempt, _send(room, attempt))


def sending_step(room: Mailroom) -> Callable[[Session, datetime], int]:
    """Return the step of the calendar that sends what is due."""

    def step(session: Session, now: datetime) -> int:
        due = session.exec(
            select(OutgoingLetter.id)
            .where(OutgoingLetter.next_attempt_at <= now)
            .order_by(col(OutgoingLetter.next_attempt_at))
            .limit(AT_ONCE)
        ).all()
        attempts = [
            attempt
            for letter_id in due
            if (attempt := claim(session, letter_id, room, now)) is not None
        ]
        # No transaction stays open while a mail server is asked.
        after_commit(session, partial(_send_all, session.get_bind(), room, attempts))
        return len(due)

    return step


def send_due(session: Session, now: datetime) -> int:
    """Send what is due, as the settings of this process say; a step of the calendar."""
    return sending_step(Mailroom.of(settings()))(session, now)


def _send_all(engine: Any, room: Mailroom, attempts: Sequence[Attempt]) -> None:
    for attempt in attempts:
        _settle(engine, attempt, _send(room, attempt))


def _send(room: Mailroom, attempt: Attempt) -> Fate:
    kind = attempt.letter.kind
    try:
        mail.send(room.smtp, letters.compose(attempt.letter, room.sender))
    except (SMTPException, OSError, ValueError) as error:
        refused = attempt.last or _is_final(error)
        # The server's words often repeat the address: only their number is kept.
        log.warning(
            "letter_refused" if refused else "letter_waits",
            kind=kind,
            error=type(error).__name__,
            smtp_code=error.smtp_code if isinstance(error, SMTPResponseException) else None,
            attempt=attempt.number,
        )
        return Fate.REFUSED if refused else Fate.LATER
    log.info("letter_sent", kind=kind, attempt=attempt.number)
    return Fate.SENT


def _is_final(error: Exception) -> bool:
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, SMTPDataError):
        return error.smtp_code >= 500
    return isinstance(error, SMTPNotSupportedError | ValueError)


def _settle(engine: Engine, attempt: Attempt, fate: Fate) -> None:
    if fate is Fate.LATER:
        return
    with Session(engine) as session:
        row = session.get(OutgoingLetter, attempt.letter_id, with_for_update=True)
        if row is not None and row.attempts == attempt.number:
            if row.invitation_id is not None:
                invitation = session.get_one(Invitation, row.invitation_id)
                invitation.delivery = "sent" if fate is Fate.SENT else "refused"
                session.add(invitation)
            session.delete(row)
        session.commit()


def _facts(session: Session, row: OutgoingLetter, room: Mailroom) -> dict[str, Any] | None:
    """Return what the letter tells, with the names of today; ``None`` when it is out of date."""
    if row.invitation_id is not None:
        return _invitation_facts(session, row.invitation_id, room)
    facts = dict(row.facts)
    if institution_id := facts.pop("institution_id", None):
        facts["institution"] = session.get_one(Institution, UUID(institution_id)).name
        facts["address"] = f"{room.public_url}/institutions/{institution_id}"
    if original_id := facts.pop("original_id", None):
        facts["original"] = session.get_one(Institution, UUID(original_id)).name
    if person_id := facts.pop("by", None):
        facts["by"] = _name(session, UUID(person_id))
    return facts


def _invitation_facts(
    session: Session, invitation_id: UUID, room: Mailroom
) -> dict[str, Any] | None:
    invitation = session.get_one(Invitation, invitation_id)
    if invitation.outcome is not None:
        return None
    secret = credentials.new_secret()
    invitation.secret_digest = credentials.digest(secret)
    session.add(invitation)
    return {
        "name": invitation.name,
        "institution": session.get_one(Institution, invitation.institution_id).name,
        "by": _name(session, invitation.invited_by),
        "role": invitation.role.replace("_", " "),
        "until": invitation.expires_at,
        "link": f"{room.public_url}/invitations/{invitation.id}/page?code={secret}",
        "code": secret,
        "id": str(invitation.id),
    }


def _name(session: Session, person_id: UUID) -> str:
    # Who was erased since has no name.
    return session.get_one(Person, person_id).name or "Somebody"
