"""Where people are signed in, and what a session or a key is exchanged for."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, select

from services.registry import api_keys, credentials
from services.registry.tables import SignedInSession
from shared.identity import Caller, unauthenticated

ACT = "act"
"""The scope to act as the person."""


@dataclass(frozen=True)
class Started:
    """A new session with its key, which is told once and kept as a digest."""

    id: UUID
    key: str
    expires_at: datetime


def start(session: Session, person_id: UUID, now: datetime) -> Started:
    """Sign the person in for thirty days."""
    key = credentials.new_secret(credentials.SESSION_PREFIX)
    signed_in = SignedInSession(
        person_id=person_id,
        key_digest=credentials.digest(key),
        created_at=now,
        expires_at=now + credentials.SESSION_LIFE,
    )
    session.add(signed_in)
    session.flush()
    return Started(signed_in.id, key, signed_in.expires_at)


def end(session: Session, key: str, now: datetime) -> None:
    """Sign out; a Problem (401) when the key is no session that still runs."""
    signed_in = _running(session, key, now)
    if signed_in is None:
        raise unauthenticated("This session has ended already, or never was.")
    signed_in.ended_at = now
    session.add(signed_in)


def caller_of_session(person_id: UUID) -> Caller:
    """Return the caller that a signed-in person is."""
    return Caller(id=person_id, kind="person", scopes=frozenset({ACT}))


def caller_with(session: Session, secret: str, now: datetime) -> Caller:
    """Return for whom a session key or API key speaks; a Problem (401) when it is no good."""
    if secret.startswith(credentials.SESSION_PREFIX):
        signed_in = _running(session, secret, now)
        caller = caller_of_session(signed_in.person_id) if signed_in else None
    else:
        caller = api_keys.caller_with(session, secret, now)
    if caller is None:
        raise unauthenticated(
            "This key is unknown, expired or revoked. Sign in again or make a new key."
        )
    return caller


def _running(session: Session, key: str, now: datetime) -> SignedInSession | None:
    signed_in = session.exec(
        select(SignedInSession).where(SignedInSession.key_digest == credentials.digest(key))
    ).first()
    if signed_in is None or signed_in.ended_at is not None or signed_in.expires_at <= now:
        return None
    return signed_in
