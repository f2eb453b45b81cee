"""What a mail server's answer means for an e-mail, and for those behind it.

RFC 5321 gives the first digit its meaning, RFC 3463 the parts of an enhanced code: the second
number says whether the mailbox (``.1``, ``.2``), the content (``.6``) or something larger is the
matter. Where that is not said, 450 is about the mailbox, and 451 and 452 about the system: better a
domain rests for half a minute than that each of its e-mails is refused in turn.
"""

import re
import smtplib
from dataclasses import dataclass
from enum import Enum, auto

from shared.logs import mask
from shared.smtp_pool import InDoubtError, UnreachableError

LONGEST_ANSWER = 300
_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\S)")
_OF_THIS_ONE = {"1", "2", "6"}
_TOO_LARGE = 552


class Fate(Enum):
    """What becomes of an e-mail after an attempt."""

    SENT = auto()
    REFUSED = auto()
    """For good."""
    LATER = auto()
    """For now."""
    DOMAIN_LATER = auto()
    """For now, and so would others to its domain be."""
    SERVER_LATER = auto()
    """The server takes nothing from us now, whoever it is for."""
    IN_DOUBT = auto()
    """Nobody knows whether it was taken."""


@dataclass(frozen=True)
class Verdict:
    """The fate of an e-mail, and the mail server's words or why, without an address."""

    fate: Fate
    reason: str | None = None
    refused_recipient: tuple[int, str] | None = None
    """The answer that refused the recipient for good."""


def taken(words: bytes) -> Verdict:
    """Return that the mail server took the e-mail; its words may hold its name for it."""
    return Verdict(Fate.SENT, mask(_words(words))[:LONGEST_ANSWER] or None)


def verdict(error: Exception) -> Verdict:
    """Return what the failed handing over means."""
    if isinstance(error, InDoubtError):
        return Verdict(Fate.IN_DOUBT, f"{error} Whether it was taken is in doubt.")
    if isinstance(error, UnreachableError):
        words = mask(str(error) or type(error).__name__)
        return Verdict(Fate.SERVER_LATER, f"The mail server could not be reached: {words}")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Verdict(
            Fate.REFUSED, "The mail server can't take an address with such letters (no SMTPUTF8)."
        )
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        refused = (code, _words(text)) if code >= 500 else None
        return Verdict(_of_refusal(code, text), _answer(code, text), refused)
    if isinstance(error, smtplib.SMTPResponseException):
        return Verdict(_of_message(error), _answer(error.smtp_code, error.smtp_error))
    return Verdict(Fate.LATER, f"The connection broke: {mask(str(error) or type(error).__name__)}")


def _of_refusal(code: int, text: bytes | str) -> Fate:
    """Return the fate of an e-mail whose recipient or content was refused."""
    if code >= 500:
        return Fate.REFUSED
    if code == 421:
        return Fate.LATER
    enhanced = _ENHANCED.match(_words(text))
    if enhanced is None:
        return Fate.LATER if code == 450 else Fate.DOMAIN_LATER
    return Fate.LATER if enhanced[2] in _OF_THIS_ONE else Fate.DOMAIN_LATER


def _of_message(error: smtplib.SMTPResponseException) -> Fate:
    if isinstance(error, smtplib.SMTPSenderRefused) and error.smtp_code != _TOO_LARGE:
        # A refused sender is our own configuration: it can be put right meanwhile.
        return Fate.SERVER_LATER
    return _of_refusal(error.smtp_code, error.smtp_error)


def _answer(code: int, text: bytes | str) -> str:
    return f"The mail server answered {code}: {mask(_words(text))[:LONGEST_ANSWER]}"


def _words(text: bytes | str) -> str:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    if not words.isprintable():
        # PostgreSQL keeps no NUL, and a terminal obeys what it shows.
        words = "".join(each if each.isprintable() else " " for each in words)
    return " ".join(words.split())
