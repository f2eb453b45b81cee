"""Sign-ins, sessions and keys: how people and systems come in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from services.registry.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class SignIn(Table, table=True):
    """A request to sign in: a code sent by e-mail, good for the browser that asked.

    A row is made for an unknown address too, so that an answer tells nobody who is registered.
    """

    __tablename__ = "sign_in"
    __table_args__ = (
        CheckConstraint("tries BETWEEN 0 AND 5", name="tries"),
        Index(None, "address_digest", "requested_at"),
        Index(None, "client", "requested_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    address_digest: str = Field(max_length=64)
    client: str = Field(max_length=64)
    person_id: UUID | None = Field(default=None, foreign_key="person.id")
    challenge_digest: str = Field(max_length=64)
    code_digest: str = Field(max_length=64)
    tries: int = Field(default=0)
    requested_at: datetime = Field(sa_type=UtcDateTime, index=True)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SignedInSession(Table, table=True):
    """A browser or program in which a person is signed in."""

    __tablename__ = "signed_in_session"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    key_digest: str = Field(max_length=64, unique=True)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    device: str | None = Field(default=None, max_length=60)
    """What it was, as its ``User-Agent`` said; only to recognise it in a list."""


class OwnCode(Table, table=True):
    """A code that confirms what a person who is signed in asked for themselves.

    ``email`` is the new address to confirm; ``None`` for the erasure, whose code goes to the
    address that the person has.
    """

    __tablename__ = "own_code"
    __table_args__ = (
        CheckConstraint("purpose IN ('address', 'erasure')", name="purpose"),
        CheckConstraint("(purpose = 'address') = (email IS NOT NULL)", name="email"),
        CheckConstraint("tries BETWEEN 0 AND 5", name="tries"),
        Index(None, "person_id", "requested_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="person.id")
    purpose: str = Field(max_length=20)
    email: str | None = Field(default=None, max_length=254)
    challenge_digest: str = Field(max_length=64)
    code_digest: str = Field(max_length=64)
    tries: int = Field(default=0)
    requested_at: datetime = Field(sa_type=UtcDateTime, index=True)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ApiKey(Table, table=True):
    """A key of a system; without an owner it belongs to the installation itself."""

    __tablename__ = "api_key"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(max_length=200)
    owner_id: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    scopes: str = Field(max_length=100)
    key_digest: str = Field(max_length=64, unique=True)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
