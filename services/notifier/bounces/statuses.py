"""What a mail server's code says of the address.

The codes are those of RFC 3463 (sections 3.2 to 3.8) and the registry that RFC 5248 began at IANA
("SMTP Enhanced Status Codes"); RFC 7505 adds 5.1.10, a domain that takes no mail. A code that is
about the sender, the content or a policy says nothing of the address: were it counted, a listing
of our own server would suppress a whole provider's readers.
"""

import re
from enum import StrEnum


class Verdict(StrEnum):
    """What a failure says of the address."""

    HARD = "hard"
    """There is no such mailbox, and there won't be."""
    SOFT = "soft"
    """Not now, or not for a reason that names the address for certain."""
    NOTHING = "nothing"
    """It was about us, the content or the connection."""

    @property
    def gravity(self) -> int:
        """Rank: the larger, the worse for the address."""
        return (Verdict.NOTHING, Verdict.SOFT, Verdict.HARD).index(self)


_PERMANENT: dict[str, Verdict] = {
    "1.1": Verdict.HARD,  # bad destination mailbox address
    "1.2": Verdict.HARD,  # bad destination system address
    "1.3": Verdict.HARD,  # bad destination mailbox address syntax
    "1.4": Verdict.HARD,  # destination mailbox address ambiguous
    "1.6": Verdict.HARD,  # destination mailbox has moved, no forwarding address
    "1.7": Verdict.NOTHING,  # bad sender's mailbox address syntax
    "1.8": Verdict.NOTHING,  # bad sender's system address
    "1.9": Verdict.NOTHING,  # message relayed to non-compliant mailer
    "1.10": Verdict.HARD,  # recipient address has null MX
    "2.1": Verdict.HARD,  # mailbox disabled, not accepting messages
    "2.3": Verdict.NOTHING,  # message length exceeds administrative limit
    "3.3": Verdict.NOTHING,  # system not capable of selected features
    "3.4": Verdict.NOTHING,  # message too big for system
    "3.6": Verdict.NOTHING,  # requested priority was changed
}
"""Codes of class 5 that differ from their subject as a whole."""

_SUBJECTS = {
    "0": Verdict.SOFT,  # other or undefined
    "1": Verdict.SOFT,  # addressing
    "2": Verdict.SOFT,  # mailbox
    "3": Verdict.SOFT,  # mail system
    "4": Verdict.SOFT,  # network and routing
    "5": Verdict.NOTHING,  # mail delivery protocol
    "6": Verdict.NOTHING,  # message content or media
    "7": Verdict.NOTHING,  # security or policy
}

_NO_SUCH_MAILBOX = frozenset({550, 551, 553})
"""Replies to ``RCPT`` by which a server without enhanced codes refuses a mailbox (RFC 5321, 4.2.3).
"""

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_OUR_RELAY = re.compile(r"\brelay", re.IGNORECASE)


def enhanced_code(*texts: str) -> str | None:
    """Return the first enhanced code in ``texts`` that says something, else one that is x.0.0."""
    found = ["{}.{}.{}".format(*match) for text in texts for match in _ENHANCED.findall(text)]
    telling = [code for code in found if not code.endswith(".0.0")]
    return next(iter(telling or found), None)


def verdict(code: str | None) -> Verdict:
    """Return what a failure with this enhanced code says of the address.

    A failure of class 4 is one that was tried until the mail server gave up.
    """
    if code is None:
        return Verdict.SOFT
    digit, _, rest = code.partition(".")
    if digit == "2":
        return Verdict.NOTHING
    of_subject = _SUBJECTS.get(rest.partition(".")[0], Verdict.SOFT)
    return _PERMANENT.get(rest, of_subject) if digit == "5" else of_subject


def verdict_on_recipient(reply: int, text: str) -> Verdict:
    """Return what a server's reply to ``RCPT`` says of the address.

    "Relaying denied" is about our own account there: it would come for every address.
    """
    if not 500 <= reply < 600 or _OUR_RELAY.search(text):
        return Verdict.NOTHING
    code = enhanced_code(text)
    if code is not None and not code.endswith(".0.0"):
        return verdict(code)
    return Verdict.HARD if reply in _NO_SUCH_MAILBOX else Verdict.SOFT
