"""Who calls: signed short-lived tokens, and the key set that verifies them.

A token (JWT, RFC 7519, typed as in RFC 9068) says who, never what they may do: every service looks
up roles in its own tables. It is signed with Ed25519 (RFC 8037, RFC 9864); the registry publishes
the public keys at ``/.well-known/jwks.json``.
"""

import threading
import time
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from uuid import UUID

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey
from pydantic import SecretStr

from shared.ids import new_id
from shared.problems import UNAUTHENTICATED, UNAVAILABLE, Problem

log = structlog.get_logger(__name__)

ALGORITHM = "Ed25519"
ISSUER = "southlink-registry"
AUDIENCE = "southlink"
TOKEN_TYPE = "at+jwt"  # noqa: S105
LEEWAY_SECONDS = 5
REFETCH_SECONDS = 5.0
KEEP_SECONDS = 300.0

CallerKind = Literal["person", "system"]


@dataclass(frozen=True)
class Caller:
    """Who made a request: a person, or a system with a key of its own."""

    id: UUID
    kind: CallerKind = "person"
    scopes: frozenset[str] = field(default_factory=frozenset)
    session_id: UUID | None = None
    """Where the person is signed in; ``None`` for an API key."""

    @property
    def acts(self) -> bool:
        """Whether a person acts: signed in, or by a key of their own with the scope ``act``."""
        return self.kind == "person" and "act" in self.scopes


class KeySource(Protocol):
    """Where a verifier finds the key that signed a token."""

    def find(self, kid: str) -> OKPKey | None:
        """Return the public key of that id, or ``None``."""


class LocalKeySet:
    """The keys of the process itself; the registry's own key source."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = {key.kid: key for key in keys.keys if isinstance(key, OKPKey)}

    def find(self, kid: str) -> OKPKey | None:
        """Return the key of that id, or ``None``."""
        return self._keys.get(kid)


class RemoteKeySet:
    """The registry's published keys, cached for five minutes.

    An unknown key id fetches them anew, at most every five seconds, so that a rotation is seen at
    once and a forged token can't make us ask all the time. While the registry can't be reached,
    the keys already known are used.
    """

    def __init__(self, registry_url: str) -> None:
        self._url = f"{registry_url}/.well-known/jwks.json"
        self._lock = threading.Lock()
        self._keys: dict[str | None, OKPKey] = {}
        self._asked_at = float("-inf")

    def find(self, kid: str) -> OKPKey | None:
        """Return the key of that id, or ``None``; a Problem (503) when no key was ever fetched."""
        age = time.monotonic() - self._asked_at
        if age > KEEP_SECONDS or (kid not in self._keys and age > REFETCH_SECONDS):
            with self._lock:
                if time.monotonic() - self._asked_at > REFETCH_SECONDS:
                    self._fetch()
        if not self._keys:
            raise Problem(
                UNAVAILABLE,
                "The registry can't be reached to check your token. Try again in a few seconds.",
                headers={"Retry-After": "5"},
            )
        return self._keys.get(kid)

    def _fetch(self) -> None:
        try:
            answer = httpx.get(self._url, timeout=5)
            answer.raise_for_status()
            found = KeySet.import_key_set(answer.json())
            self._keys = {key.kid: key for key in found.keys if isinstance(key, OKPKey)}
            self._asked_at = time.monotonic()
        except (httpx.HTTPError, ValueError, JoseError) as error:
            log.warning("key_set_not_fetched", error=str(error))
            if self._keys:
                self._asked_at = time.monotonic()


class TokenVerifier:
    """Verifies tokens with the keys of a source."""

    def __init__(self, keys: KeySource) -> None:
        self._keys = keys

    def verify(self, token: str) -> Caller:
        """Return who the token speaks for; a Problem (401) when it is forged, expired or broken."""
        try:
            decoded = jwt.decode(token, self._find, algorithms=[ALGORITHM])
            jwt.JWTClaimsRegistry(
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": ISSUER},
                aud={"essential": True, "value": AUDIENCE},
                sub={"essential": True},
                exp={"essential": True},
            ).validate(decoded.claims)
            if decoded.header.get("typ") != TOKEN_TYPE:
                raise ValueError("another type of token")
            kind = decoded.claims.get("kind")
            if kind not in ("person", "system"):
                raise ValueError("no kind of caller")
            return Caller(
                id=UUID(str(decoded.claims["sub"])),
                kind=kind,
                scopes=frozenset(str(decoded.claims.get("scope", "")).split()),
                session_id=UUID(str(decoded.claims["sid"])) if "sid" in decoded.claims else None,
            )
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise unauthenticated(
                "The token is expired or not ours. Get a new one with POST /tokens of the registry."
            ) from error

    def _find(self, unverified: Any) -> OKPKey:
        kid = unverified.headers().get("kid")
        key = self._keys.find(kid) if isinstance(kid, str) else None
        if key is None:
            raise ValueError("unknown key")
        return key


def unauthenticated(detail: str) -> Problem:
    """Return the Problem for a missing or bad token (401 with its challenge, RFC 6750)."""
    return Problem(
        UNAUTHENTICATED, detail, headers={"WWW-Authenticate": 'Bearer realm="southlink"'}
    )


def sign_token(key: OKPKey, caller: Caller, seconds: int) -> str:
    """Return a token that speaks for ``caller`` during ``seconds``."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(caller.id),
        "kind": caller.kind,
        "scope": " ".join(sorted(caller.scopes)),
        "iat": now,
        "exp": now + seconds,
        "jti": str(new_id()),
    }
    if caller.session_id is not None:
        claims["sid"] = str(caller.session_id)
    header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": key.kid}
    return jwt.encode(header, claims, key, algorithms=[ALGORITHM])


class ServiceToken:
    """The token with which a service calls another: its key, exchanged and cached.

    Calling it returns a token good for at least half a minute. Raises ``httpx.HTTPError`` when the
    registry can't be reached or refuses the key.
    """

    def __init__(self, registry_url: str, key: SecretStr) -> None:
        self._url = f"{registry_url}/tokens"
        self._key = key
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = 0.0

    def __call__(self) -> str:
        """Return a token, a fresh one when the cached one is about to expire."""
        with self._lock:
            if time.monotonic() >= self._good_until:
                answer = httpx.post(
                    self._url,
                    headers={"Authorization": f"Bearer {self._key.get_secret_value()}"},
                    timeout=5,
                )
                answer.raise_for_status()
                body = answer.json()
                self._token = str(body["access_token"])
                self._good_until = time.monotonic() + max(1, int(body["expires_in"]) - 30)
            return self._token
