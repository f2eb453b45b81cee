"""Events of institutions: their registration, verification and standing."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import Facts, RegistryEvent

InstitutionStatus = Literal[
    "unconfirmed",
    "submitted",
    "returned",
    "verified",
    "rejected",
    "suspended",
    "withdrawn",
    "merged",
]

Visibility = Literal["public", "partners", "private"]


class InstitutionFacts(Facts):
    """An institution as other services know it."""

    institution_id: UUID
    name: str
    acronym: str | None = None
    organisation_type: str = Field(description="IATI OrganisationType code.", examples=["40"])
    subtype: str | None = Field(
        None, description="Only where the type has subtypes.", examples=["un_entity"]
    )
    country: str | None = Field(None, description="ISO 3166-1 alpha-2, where it has a seat.")
    website: str | None = None
    visibility: Visibility = Field(
        "public",
        description="Who may hear of it: everybody, people of verified institutions, its own.",
    )
    status: InstitutionStatus
    version: int = Field(description="Grows with each change; an older one must be ignored.")
    verified_until: datetime | None = Field(
        None, description="When its verification runs out; past: it has lapsed."
    )
    merged_into: UUID | None = Field(None, description="The institution that it became part of.")


class InstitutionSubmitted(RegistryEvent):
    """A focal point confirmed the address or submitted again, or a coordinator imported it.

    It waits for verification.
    """

    name: ClassVar[str] = "institution.submitted"
    institution: InstitutionFacts


class InstitutionReturned(RegistryEvent):
    """A coordinator asks for a correction."""

    name: ClassVar[str] = "institution.returned"
    institution: InstitutionFacts
    reason: str


class InstitutionVerified(RegistryEvent):
    """A coordinator verified the institution."""

    name: ClassVar[str] = "institution.verified"
    institution: InstitutionFacts


class InstitutionRejected(RegistryEvent):
    """A coordinator rejected the registration."""

    name: ClassVar[str] = "institution.rejected"
    institution: InstitutionFacts
    reason: str
    duplicate_of: UUID | None = None


class InstitutionUpdated(RegistryEvent):
    """The profile changed."""

    name: ClassVar[str] = "institution.updated"
    institution: InstitutionFacts


class InstitutionVerificationRenewed(RegistryEvent):
    """A coordinator verified a verified institution again."""

    name: ClassVar[str] = "institution.verification_renewed"
    institution: InstitutionFacts


class InstitutionVerificationExpiring(RegistryEvent):
    """The verification runs out soon: told once within 90 days and once within 30."""

    name: ClassVar[str] = "institution.verification_expiring"
    institution: InstitutionFacts
    days_left: int = Field(description="Whole days until it runs out.")


class InstitutionVerificationExpired(RegistryEvent):
    """The verification ran out: the institution stays a partner until a coordinator renews it."""

    name: ClassVar[str] = "institution.verification_expired"
    institution: InstitutionFacts


class InstitutionSuspended(RegistryEvent):
    """A coordinator took the institution out until a concern is settled."""

    name: ClassVar[str] = "institution.suspended"
    institution: InstitutionFacts
    reason: str


class InstitutionReinstated(RegistryEvent):
    """A suspended institution takes part again."""

    name: ClassVar[str] = "institution.reinstated"
    institution: InstitutionFacts
    reason: str


class InstitutionWithdrawn(RegistryEvent):
    """The institution left on its own wish."""

    name: ClassVar[str] = "institution.withdrawn"
    institution: InstitutionFacts
    reason: str


class InstitutionMerged(RegistryEvent):
    """An institution is the same as another: it ended, and the other goes on with what it had."""

    name: ClassVar[str] = "institution.merged"
    institution: InstitutionFacts
    into: InstitutionFacts
    reason: str


class InstitutionUnmerged(RegistryEvent):
    """A merge was undone: the institution stands for itself again, as before."""

    name: ClassVar[str] = "institution.unmerged"
    institution: InstitutionFacts
    survivor: InstitutionFacts
    reason: str
