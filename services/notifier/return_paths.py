"""The return path of each e-mail: an address of our own that names the delivery (VERP).

A mail server sends its bounce to the return path, so the address tells which e-mail came back,
whatever the bounce's text is. It is signed: nobody can have an address suppressed by making up a
bounce. The local part has 64 octets at most (RFC 5321, 4.5.3.1.1), and some servers change its
case, so the token is in base32.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parseaddr
from functools import cached_property
from uuid import UUID

from sqlmodel import Session

from services.notifier.settings import Settings
from services.notifier.tables import SigningSecret

PURPOSE = b"southlink.return-path"
SIGNATURE_BYTES = 10
"""80 bits: each guess would have to be sent to us as a bounce."""

_ID_BYTES = 16
_TOKEN_LENGTH = 42
_TOKEN = re.compile(rf"\+([A-Za-z2-7]{{{_TOKEN_LENGTH}}})@")
_PADDING = "=" * (-_TOKEN_LENGTH % 8)


@dataclass(frozen=True)
class ReturnPaths:
    """Makes and reads the return paths of one installation."""

    secret: bytes
    mail_from: str
    """The sender that readers see; bounces go there when there is no ``domain``."""
    mailbox: str = "bounces"
    domain: str | None = None

    def address(self, delivery_id: UUID) -> str:
        """Return the envelope sender of a delivery."""
        if self.domain is None:
            return parseaddr(self.mail_from)[1]
        signed = delivery_id.bytes + self._signature(delivery_id.bytes)
        token = base64.b32encode(signed).decode().rstrip("=").lower()
        return f"{self.mailbox}+{token}@{self.domain}"

    def delivery_in(self, texts: Iterable[str]) -> UUID | None:
        """Return the delivery that the first signed return path in ``texts`` names."""
        for text in texts:
            for token in _TOKEN.findall(text):
                delivery_id = self._delivery_of(token)
                if delivery_id is not None:
                    return delivery_id
        return None

    def _delivery_of(self, token: str) -> UUID | None:
        try:
            signed = base64.b32decode(token.upper() + _PADDING)
        except binascii.Error:
            return None
        named = signed[:_ID_BYTES]
        if not hmac.compare_digest(signed[_ID_BYTES:], self._signature(named)):
            return None
        return UUID(bytes=named)

    def _signature(self, named: bytes) -> bytes:
        return hmac.digest(self._key, named, "sha256")[:SIGNATURE_BYTES]

    @cached_property
    def _key(self) -> bytes:
        return hmac.digest(self.secret, PURPOSE, "sha256")


def return_paths(session: Session, chosen: Settings) -> ReturnPaths:
    """Return the return paths of this installation."""
    return ReturnPaths(
        secret=session.get_one(SigningSecret, 1).secret,
        mail_from=chosen.mail_from,
        mailbox=chosen.return_path_mailbox,
        domain=chosen.return_path_domain,
    )
