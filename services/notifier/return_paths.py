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
from functools import cached_property
from typing import Self
from uuid import UUID

from services.notifier.settings import Settings

PURPOSE = b"southlink.return-path"
SIGNATURE_BYTES = 10
"""80 bits: each guess would have to be sent to us as a bounce."""

_ID_BYTES = 16
_TOKEN_LENGTH = 42
_TOKEN = re.compile(rf"\+([A-Za-z2-7]{{{_TOKEN_LENGTH}}})@")
_PADDING = "=" * (-_TOKEN_LENGTH % 8)


@dataclass(frozen=True)
class ReturnMailbox:
    """The mailbox to which bounces come, which takes ``<name>+<anything>@<domain>`` (RFC 5233)."""

    domain: str
    name: str = "bounces"

    @classmethod
    def of(cls, chosen: Settings) -> Self | None:
        """Return the mailbox of the settings, if they name one."""
        if chosen.return_path_domain is None:
            return None
        return cls(chosen.return_path_domain, chosen.return_path_mailbox)


@dataclass(frozen=True)
class ReturnPaths:
    """Makes and reads the return paths of one installation; ``secret`` is the one of its links."""

    secret: bytes

    def address(self, mailbox: ReturnMailbox, delivery_id: UUID) -> str:
        """Return the envelope sender of a delivery."""
        signed = delivery_id.bytes + self._signature(delivery_id.bytes)
        token = base64.b32encode(signed).decode().rstrip("=").lower()
        return f"{mailbox.name}+{token}@{mailbox.domain}"

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
