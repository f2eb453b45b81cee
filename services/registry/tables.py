"""The tables of the registry, with what must always hold as constraints."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, MetaData, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared import outbox
from shared.columns import UtcDateTime, utc_now
from shared.events.catalogue import REGISTRY
from shared.idempotency_columns import IdempotencyColumns
from shared.ids import new_id

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMES))):
    """Base of the registry's tables."""


class Person(Table, table=True):
    """Somebody with an e-mail address; confirmed once a code from that address came back."""

    __tablename__ = "person"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(max_length=200)
    email: str = Field(max_length=254)
    email_key: str = Field(max_length=254, unique=True)
    language: str = Field(default="en", max_length=35)
    time_zone: str = Field(default="UTC", max_length=64)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Coordinator(Table, table=True):
    """A person who coordinates the platform."""

    __tablename__ = "coordinator"

    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    appointed_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Institution(Table, table=True):
    """A partner institution and where its registration stands."""

    __tablename__ = "institution"
    __table_args__ = (
        CheckConstraint(
            "status IN ('unconfirmed', 'submitted', 'returned', 'verified', 'rejected')",
            name="status",
        ),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("length(name) > 0", name="name"),
        CheckConstraint("country IS NULL OR length(country) = 2", name="country"),
        Index(None, "status", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(max_length=200)
    name_key: str = Field(max_length=400, index=True)
    acronym: str | None = Field(default=None, max_length=40)
    acronym_key: str | None = Field(default=None, max_length=400, index=True)
    organisation_type: str = Field(max_length=2)
    subtype: str | None = Field(default=None, max_length=40)
    country: str | None = Field(default=None, max_length=2)
    website: str | None = Field(default=None, max_length=500)
    status: str = Field(max_length=20)
    version: int = Field(default=1)
    registered_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class FocalPoint(Table, table=True):
    """A person who speaks for an institution, once confirmed."""

    __tablename__ = "focal_point"
    __table_args__ = (CheckConstraint("role IN ('focal_point', 'alternate')", name="role"),)

    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    institution_id: UUID = Field(primary_key=True, foreign_key="institution.id", index=True)
    role: str = Field(default="focal_point", max_length=20)
    named_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class HistoryEntry(Table, table=True):
    """One step of an institution: who did what, why and on what evidence. Never changed.

    Each version of an institution has exactly one entry.
    """

    __tablename__ = "institution_history"
    __table_args__ = (
        UniqueConstraint("institution_id", "version"),
        CheckConstraint("duplicate_of <> institution_id", name="duplicate_of"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    institution_id: UUID = Field(foreign_key="institution.id")
    version: int
    action: str = Field(max_length=20)
    from_status: str | None = Field(default=None, max_length=20)
    to_status: str = Field(max_length=20)
    actor_id: UUID | None = Field(default=None, foreign_key="person.id")
    reason: str | None = None
    evidence: str | None = None
    duplicate_of: UUID | None = Field(default=None, foreign_key="institution.id")
    changes: dict[str, list[str | None]] | None = Field(default=None, sa_type=JSON)
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


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


class IdempotencyRecord(IdempotencyColumns, Table, table=True):
    """The answer to a request with an Idempotency-Key."""

    __tablename__ = "idempotency_record"


class Outbox(outbox.OutboxColumns, Table, table=True):
    """Events, committed with the change they tell of."""

    __tablename__ = "outbox"


class RelayState(outbox.RelayStateColumns, Table, table=True):
    """The event history's epoch, its last position, and who relays."""

    __tablename__ = "relay_state"


outbox.register(source=REGISTRY, outbox=Outbox, state=RelayState)
