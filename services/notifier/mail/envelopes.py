"""Envelopes: an e-mail as it goes to the mail server, or why there is none."""

from dataclasses import dataclass
from email.utils import parseaddr
from functools import cached_property
from uuid import UUID

from services.notifier.links import Links
from services.notifier.return_paths import ReturnMailbox, ReturnPaths


@dataclass(frozen=True)
class Envelope:
    """One e-mail, ready to be sent: its bytes end their lines with CRLF, dots are not doubled."""

    delivery_id: UUID
    mail_from: str
    """The return path: where the answer goes when it can't be delivered."""
    recipient: str
    """The address, with its domain as in DNS."""
    content: bytes
    smtputf8: bool
    """Whether it needs a mail server that takes addresses in every script (RFC 6531)."""


@dataclass(frozen=True)
class Parked:
    """An e-mail that could not be written, and why; it names nobody."""

    delivery_id: UUID
    reason: str


@dataclass(frozen=True)
class Void:
    """An e-mail that has nothing to say any more, and how that came."""

    delivery_id: UUID
    reason: str


@dataclass(frozen=True)
class Sender:
    """Who the e-mails come from: ``mail_from`` of the settings, and the links of this place."""

    mail_from: str
    links: Links
    bounces_to: ReturnMailbox | None = None
    """Where e-mails come back to; to the sender's address without it."""
    subject_line: str = "%(subject)s"
    """How subject lines are written."""

    @cached_property
    def address(self) -> str:
        """The address alone."""
        return parseaddr(self.mail_from)[1]

    def return_path(self, delivery_id: UUID) -> str:
        """Return the envelope sender of a delivery."""
        if self.bounces_to is None:
            return self.address
        return self._return_paths.address(self.bounces_to, delivery_id)

    @cached_property
    def _return_paths(self) -> ReturnPaths:
        return ReturnPaths(self.links.secret)

    @cached_property
    def domain(self) -> str:
        """The domain in Message-ID and List-Id: that of the sender's address."""
        return self.address.rpartition("@")[2] or "localhost"
