"""Institutions: their profile, what belongs to it, and their history."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from services.registry.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Institution(Table, table=True):
    """A partner institution and where its registration stands."""

    __tablename__ = "institution"
    __table_args__ = (
        CheckConstraint(
            "status IN ('unconfirmed', 'submitted', 'returned', 'verified', 'rejected', "
            "'suspended', 'withdrawn', 'merged')",
            name="status",
        ),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("length(name) > 0", name="name"),
        CheckConstraint("country IS NULL OR length(country) = 2", name="country"),
        CheckConstraint("visibility IN ('public', 'partners', 'private')", name="visibility"),
        CheckConstraint("(status = 'merged') = (merged_into IS NOT NULL)", name="merged_into"),
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
    descriptions: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    """What it does, by language (BCP 47)."""
    visibility: str = Field(default="public", max_length=20)
    logo_digest: str | None = Field(default=None, max_length=64)
    """SHA-256 of its logo, in hexadecimal; ``None`` when it has none."""
    verified_until: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    merged_into: UUID | None = Field(default=None, foreign_key="institution.id", index=True)
    status: str = Field(max_length=20)
    version: int = Field(default=1)
    registered_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class InstitutionName(Table, table=True):
    """Every name of an institution, the two that its own row shows among them.

    ``Institution.name`` is its official name in the language it chose, ``Institution.acronym`` its
    first acronym; `services.registry.names` keeps both and this table in step.
    """

    __tablename__ = "institution_name"
    __table_args__ = (
        CheckConstraint("kind IN ('official', 'alias', 'acronym', 'former')", name="kind"),
        CheckConstraint("length(value) > 0", name="value"),
        UniqueConstraint("institution_id", "kind", "value"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    institution_id: UUID = Field(foreign_key="institution.id", index=True)
    kind: str = Field(max_length=20)
    value: str = Field(max_length=200)
    comparison_key: str = Field(max_length=400, index=True)
    """What two spellings of one name share (`services.registry.duplicates.comparison_key`)."""
    language: str | None = Field(default=None, max_length=35)


class InstitutionCode(Table, table=True):
    """A code of a vocabulary that an institution gave itself: a theme, a goal, a country …"""

    __tablename__ = "institution_code"
    __table_args__ = (Index(None, "vocabulary", "code"),)

    institution_id: UUID = Field(primary_key=True, foreign_key="institution.id")
    vocabulary: str = Field(primary_key=True, max_length=40)
    """One of themes, sdgs, countries (where it is present), regions, languages (it works in)."""
    code: str = Field(primary_key=True, max_length=40)


class InstitutionIdentifier(Table, table=True):
    """An identifier that a register outside gave the institution."""

    __tablename__ = "institution_identifier"
    __table_args__ = (Index(None, "scheme", "value"),)

    institution_id: UUID = Field(primary_key=True, foreign_key="institution.id")
    scheme: str = Field(primary_key=True, max_length=40)
    value: str = Field(primary_key=True, max_length=200)
    source: str | None = Field(default=None, max_length=500)
    verified_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class InstitutionDomain(Table, table=True):
    """An e-mail domain of an institution, in lower case, as in DNS (IDNA 2008)."""

    __tablename__ = "institution_domain"

    institution_id: UUID = Field(primary_key=True, foreign_key="institution.id")
    domain: str = Field(primary_key=True, max_length=253, index=True)
    skeleton: str = Field(default="", max_length=400, index=True)
    """What domains that look alike share (`services.registry.domains.skeleton`)."""


class InstitutionRelation(Table, table=True):
    """What another institution is to this one: ``other_id`` is its parent or its predecessor."""

    __tablename__ = "institution_relation"
    __table_args__ = (
        CheckConstraint("kind IN ('parent', 'predecessor')", name="kind"),
        CheckConstraint("institution_id <> other_id", name="other_id"),
    )

    institution_id: UUID = Field(primary_key=True, foreign_key="institution.id")
    kind: str = Field(primary_key=True, max_length=20)
    other_id: UUID = Field(primary_key=True, foreign_key="institution.id", index=True)


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
    changes: dict[str, list[Any]] | None = Field(default=None, sa_type=JSON)
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
