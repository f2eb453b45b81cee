"""Secret addresses, for programs that can't sign in, such as a calendar or a feed reader.

An address reads what its person may read at that moment, of one purpose, of one group or of all.
It is shown once; a digest is kept, and it is revoked by its person, or with the person.
"""

import hashlib
import secrets
from enum import StrEnum
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from services.workgroups.tables import SecretAddress
from shared.columns import utc_now

PREFIX = "sl_address_"


class Purpose(StrEnum):
    """What an address is read for."""

    CALENDAR = "calendar"
    FEED = "feed"


def make(session: Session, person_id: UUID, purpose: Purpose, group_id: UUID | None) -> str:
    """Return a new secret of the person; the one before of the same purpose ends."""
    revoke(session, person_id, purpose, group_id)
    secret = PREFIX + secrets.token_urlsafe(32)
    session.add(
        SecretAddress(
            person_id=person_id, purpose=purpose, group_id=group_id, digest=_digest(secret)
        )
    )
    session.flush()
    return secret


def revoke(session: Session, person_id: UUID, purpose: Purpose, group_id: UUID | None) -> bool:
    """End the person's address of the purpose; tell whether there was one."""
    current = session.exec(
        select(SecretAddress)
        .where(
            SecretAddress.person_id == person_id,
            SecretAddress.purpose == purpose,
            col(SecretAddress.group_id).is_(None)
            if group_id is None
            else col(SecretAddress.group_id) == group_id,
            col(SecretAddress.revoked_at).is_(None),
        )
        .with_for_update()
    ).all()
    for address in current:
        address.revoked_at = utc_now()
        session.add(address)
    session.flush()
    return bool(current)


def find(session: Session, secret: str, purpose: Purpose) -> SecretAddress | None:
    """Return the address of the secret while it holds, else ``None``."""
    return session.exec(
        select(SecretAddress).where(
            SecretAddress.digest == _digest(secret),
            SecretAddress.purpose == purpose,
            col(SecretAddress.revoked_at).is_(None),
        )
    ).first()


def forget(session: Session, person_id: UUID) -> None:
    """Delete every address of a person who is erased."""
    session.execute(delete(SecretAddress).where(col(SecretAddress.person_id) == person_id))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
