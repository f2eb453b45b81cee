"""DKIM signatures (RFC 6376; Ed25519 by RFC 8463), where no relay signs.

``dkimpy`` signs: an e-mail of 15 kB in about a millisecond with Ed25519, in some eight with RSA,
which it computes in Python. Not every receiver verifies Ed25519 yet, so RSA is what a mail domain
usually has; where that is too slow, let the relay sign.
"""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from typing import Self

from shared.settings import SmtpSettings

SIGNED = (
    *(b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"in-reply-to"),
    *(b"references", b"mime-version", b"content-type", b"content-language", b"auto-submitted"),
    # RFC 8058 asks for a signature over both of these.
    *(b"list-id", b"list-unsubscribe", b"list-unsubscribe-post", b"feedback-id"),
)
_NAME = re.compile(rb"^([!-9;-~]+):", re.MULTILINE)


class DkimKeyError(Exception):
    """The key can't be used; says what to do."""


@dataclass(frozen=True)
class Signer:
    """Signs e-mails in the name of a domain."""

    domain: str
    selector: str
    key: bytes = field(repr=False)
    """As ``dkimpy`` reads it."""
    algorithm: bytes = b"rsa-sha256"

    @classmethod
    def of(cls, settings: SmtpSettings) -> Self | None:
        """Return the settings' signer, ``None`` without a key; `DkimKeyError` for a bad one."""
        if settings.dkim_key_file is None:
            return None
        domain = settings.dkim_domain or parseaddr(settings.mail_from)[1].rpartition("@")[2]
        return cls.from_file(settings.dkim_key_file, domain, settings.dkim_selector)

    @classmethod
    def from_file(cls, path: Path, domain: str, selector: str) -> Self:
        """Return the signer with the private key of a PEM file, RSA or Ed25519."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
            load_pem_private_key,
        )

        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            raise DkimKeyError(
                f"The DKIM key {path} can't be read ({type(error).__name__}): name a PEM file with "
                "an RSA or Ed25519 private key without a password."
            ) from None
        if isinstance(key, Ed25519PrivateKey):
            return cls(domain, selector, b64encode(key.private_bytes_raw()), b"ed25519-sha256")
        if isinstance(key, RSAPrivateKey) and key.key_size >= 2048:
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
            return cls(domain, selector, pem)
        raise DkimKeyError(f"The DKIM key {path} must be RSA of 2048 bits or more, or Ed25519.")

    def signed(self, content: bytes) -> bytes:
        """Return the e-mail with its signature before everything else."""
        import dkim

        head = content[: content.find(b"\r\n\r\n")]
        present = {name.lower() for name in _NAME.findall(head)}
        signature: bytes = dkim.DKIM(content, signature_algorithm=self.algorithm).sign(
            self.selector.encode(),
            self.domain.encode("idna"),
            self.key,
            canonicalize=(b"relaxed", b"relaxed"),
            # From once more than it is there: nobody can add another one (RFC 6376, 8.15).
            include_headers=[*(name for name in SIGNED if name in present), b"from"],
        )
        return signature + content
