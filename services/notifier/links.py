"""Signed links in e-mails: who holds one may do the one thing it is for, and nothing else.

Each purpose signs with its own salt, so that a token of one purpose is refused for another.
Confirmation links end with their request; the links to preferences and to leaving stay valid,
because an old e-mail must still let its reader go (RFC 8058, section 3.1).
"""

import secrets
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from itsdangerous import BadSignature, Signer, URLSafeSerializer, base64_encode
from sqlmodel import Session

from services.notifier.languages import N_
from services.notifier.tables import SigningSecret
from shared.database import Database
from shared.problems import Problem, ProblemKind

BAD_LINK = ProblemKind("bad-link", 422, "The link is not valid")


INERT = "preview"
"""What stands where a token would; it has no signature, so it is refused like one cut off."""


class Purpose(StrEnum):
    """What a link lets its holder do."""

    CONFIRM = "confirm"
    PREFERENCES = "preferences"
    UNSUBSCRIBE = "unsubscribe"
    ERASE = "erase"
    DIGEST = "digest"


@dataclass(frozen=True)
class Links:
    """Makes and reads the links of one installation, below its ``public_url``."""

    secret: bytes
    public_url: str

    def token(self, purpose: Purpose, owner: UUID) -> str:
        """Return the token that lets its holder do ``purpose`` for ``owner``."""
        payload = base64_encode(f'"{owner.hex}"')
        return (payload + b"." + _signature(self.secret, purpose, payload)).decode()

    def url(self, purpose: Purpose, owner: UUID) -> str:
        """Return the address of the page of ``purpose`` with its token."""
        return f"{self.public_url.rstrip('/')}/{purpose}?token={self.token(purpose, owner)}"

    def owner(self, purpose: Purpose, token: str) -> UUID:
        """Return whose token it is; raise ``Problem`` when it is not one for ``purpose``."""
        try:
            return UUID(_serializer(self.secret, purpose).loads(token))
        except (BadSignature, ValueError, TypeError, AttributeError):
            raise Problem(
                BAD_LINK,
                N_("This link is incomplete or was changed: open it again from the e-mail, whole."),
            ) from None


@dataclass(frozen=True)
class InertLinks(Links):
    """Links of previews: they look like those of a reader, and nobody's token is in them."""

    def token(self, purpose: Purpose, owner: UUID) -> str:
        """Return a word that no action takes for a token."""
        return INERT


@lru_cache(64)
def _serializer(secret: bytes, purpose: Purpose) -> URLSafeSerializer:
    return URLSafeSerializer(
        secret, salt=f"southlink.{purpose}", signer_kwargs={"key_derivation": "hmac"}
    )


@lru_cache(64)
def _signer(secret: bytes, purpose: Purpose) -> tuple[Signer, bytes]:
    """Return what signs for ``purpose``, and its key, which the serializer derives each time."""
    signer = _serializer(secret, purpose).make_signer()
    return signer, signer.derive_key()


def _signature(secret: bytes, purpose: Purpose, payload: bytes) -> bytes:
    signer, key = _signer(secret, purpose)
    return base64_encode(signer.algorithm.get_signature(key, payload))


def make_secret(database: Database) -> None:
    """Make the secret that signs links, when the database has none yet."""
    with database.write() as session:
        if session.get(SigningSecret, 1) is None:
            session.add(SigningSecret(secret=secrets.token_bytes(32)))


def links(session: Session, public_url: str) -> Links:
    """Return the links of this installation; its secret is in the database since ``migrate``."""
    return Links(secret=session.get_one(SigningSecret, 1).secret, public_url=public_url)
