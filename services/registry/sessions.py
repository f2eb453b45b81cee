"""Where people are signed in, and what a session or a key is exchanged for.

A session ends thirty days after the sign-in, after fourteen days without use, or when its owner or
a coordinator ends it (OWASP ASVS 5.0, 7.3 and 7.4).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, or_, update
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.registry import api_keys, credentials
from services.registry.tables import ApiKey, SignedInSession
from shared.identity import Caller, unauthenticated
from shared.problems import NOT_FOUND, Problem

ACT = "act"
"""The scope to act as the person."""

IDLE = timedelta(days=14)
"""How long a session may stay unused."""
USE_NOTED_EVERY = timedelta(minutes=1)
"""How exact the time of the last use is: an exchange needn't write at each time."""


@dataclass(frozen=True)
class Started:
    """A new session with its key, which is told once and kept as a digest."""

    id: UUID
    key: str
    expires_at: datetime


@dataclass(frozen=True)
class Exchanged:
    """For whom a key speaks, and whether its use is to be noted."""

    caller: Caller
    table: type[SignedInSession] | type[ApiKey]
    id: UUID
    note: bool


def start(session: Session, person_id: UUID, now: datetime, device: str | None = None) -> Started:
    """Sign the person in for thirty days, on a device of that label."""
    key = credentials.new_secret(credentials.SESSION_PREFIX)
    signed_in = SignedInSession(
        person_id=person_id,
        key_digest=credentials.digest(key),
        created_at=now,
        expires_at=now + credentials.SESSION_LIFE,
        last_used_at=now,
        device=device,
    )
    session.add(signed_in)
    session.flush()
    return Started(signed_in.id, key, signed_in.expires_at)


def end(session: Session, key: str, now: datetime) -> None:
    """Sign out; a Problem (401) when the key is no session that still runs."""
    signed_in = _with_key(session, key, now)
    if signed_in is None:
        raise unauthenticated("This session has ended already, or never was.")
    signed_in.ended_at = now
    session.add(signed_in)


def running(person_id: UUID, now: datetime) -> SelectOfScalar[SignedInSession]:
    """Return the selection of the sessions in which the person is signed in."""
    return select(SignedInSession).where(SignedInSession.person_id == person_id, *_runs(now))


def is_running(session: Session, session_id: UUID, now: datetime) -> bool:
    """Return whether the session still runs."""
    found = session.exec(
        select(SignedInSession.id).where(SignedInSession.id == session_id, *_runs(now))
    ).first()
    return found is not None


def end_one(session: Session, person_id: UUID, session_id: UUID, now: datetime) -> None:
    """End a session of the person; a Problem (404) when they have none of that id that runs."""
    found = session.exec(running(person_id, now).where(SignedInSession.id == session_id)).first()
    if found is None:
        raise Problem(NOT_FOUND, "You are not signed in with a session of that id. List them anew.")
    found.ended_at = now
    session.add(found)


def end_all(session: Session, person_id: UUID, now: datetime, but: UUID | None = None) -> int:
    """End the sessions of the person, all ``but`` one; return how many."""
    ended = 0
    for signed_in in session.exec(running(person_id, now)):
        if signed_in.id != but:
            signed_in.ended_at = now
            session.add(signed_in)
            ended += 1
    return ended


def caller_of_session(person_id: UUID, session_id: UUID | None = None) -> Caller:
    """Return the caller that a signed-in person is."""
    return Caller(id=person_id, kind="person", scopes=frozenset({ACT}), session_id=session_id)


def exchange(session: Session, secret: str, now: datetime) -> Exchanged:
    """Return for whom a session key or API key speaks; a Problem (401) when it is no good."""
    table: type[SignedInSession] | type[ApiKey]
    if secret.startswith(credentials.SESSION_PREFIX):
        table = SignedInSession
        signed_in = _with_key(session, secret, now)
        caller = caller_of_session(signed_in.person_id, signed_in.id) if signed_in else None
    else:
        table = ApiKey
        caller = api_keys.caller_with(session, secret, now)
    if caller is None:
        raise unauthenticated(
            "This key is unknown, expired or revoked. Sign in again or make a new key."
        )
    key_id, used_at = session.exec(
        select(table.id, table.last_used_at).where(
            col(table.key_digest) == credentials.digest(secret)
        )
    ).one()
    return Exchanged(caller, table, key_id, note=used_at is None or now - used_at > USE_NOTED_EVERY)


def note_use(session: Session, exchanged: Exchanged, now: datetime) -> None:
    """Note that the key was used now."""
    table = exchanged.table
    session.execute(
        update(table)
        .where(
            col(table.id) == exchanged.id,
            or_(col(table.last_used_at).is_(None), col(table.last_used_at) < now),
        )
        .values(last_used_at=now)
    )


def _runs(now: datetime) -> tuple[ColumnElement[bool], ...]:
    used_at = col(SignedInSession.last_used_at)
    created_at = col(SignedInSession.created_at)
    return (
        col(SignedInSession.ended_at).is_(None),
        col(SignedInSession.expires_at) > now,
        or_(used_at > now - IDLE, used_at.is_(None) & (created_at > now - IDLE)),
    )


def _with_key(session: Session, key: str, now: datetime) -> SignedInSession | None:
    return session.exec(
        select(SignedInSession).where(
            SignedInSession.key_digest == credentials.digest(key), *_runs(now)
        )
    ).first()
