"""How an institution is shown."""

from datetime import datetime
from uuid import UUID

from fastapi import Response
from pydantic import Field, computed_field

from services.registry.profile_fields import NameKind, Visibility
from services.registry.profiles import Document
from services.registry.relations import Relation
from services.registry.tables import Institution
from services.registry.transitions import Status
from shared.columns import utc_now
from shared.etags import etag
from shared.problems import (
    FORBIDDEN,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
    responses,
)
from shared.text import Output

STEP_PROBLEMS = responses(
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    NOT_ALLOWED_NOW,
    VERSION_CONFLICT,
    INVALID,
    VERSION_REQUIRED,
)


class InstitutionOut(Output):
    """An institution."""

    id: UUID
    name: str = Field(examples=["Centre on Integrated Rural Development for Asia and the Pacific"])
    acronym: str | None = Field(examples=["CIRDAP"])
    organisation_type: str = Field(description="IATI OrganisationType code.", examples=["40"])
    subtype: str | None = Field(examples=["intergovernmental"])
    country: str | None = Field(description="ISO 3166-1 alpha-2.", examples=["BD"])
    website: str | None = Field(examples=["https://www.cirdap.org/"])
    visibility: Visibility = Field(description="Who may see it once it is verified.")
    logo_digest: str | None = Field(
        description="SHA-256 of the logo at GET /institutions/{id}/logo, if it has one."
    )
    status: Status = Field(description="Where its registration stands.")
    verified_until: datetime | None = Field(
        description="When its verification runs out; null when it was never verified."
    )
    merged_into: UUID | None = Field(description="The institution that it became part of.")
    version: int = Field(description="Grows with each change; the ETag of this institution.")
    registered_at: datetime
    updated_at: datetime

    @computed_field(  # type: ignore[prop-decorator]
        description="Whether its verification has run out and waits to be renewed."
    )
    @property
    def verification_lapsed(self) -> bool:
        """Whether its verification has run out."""
        return self.verified_until is not None and self.verified_until <= utc_now()


class NameOut(Output):
    """A name beside the one that is shown."""

    kind: NameKind
    value: str
    language: str | None


class IdentifierOut(Output):
    """An identifier that a register outside gave."""

    scheme: str = Field(description="Code of an org-id.guide list, or ISNI.", examples=["XI-ROR"])
    value: str
    source: str | None = Field(description="Where it was read.")
    verified_at: datetime | None = Field(
        description="When a coordinator saw it in its register, if one did."
    )


class RelatedOut(Output):
    """Another institution, and what it is to this one."""

    relation: Relation
    id: UUID
    name: str
    acronym: str | None


class InstitutionProfile(InstitutionOut):
    """An institution with its whole profile."""

    name_language: str | None
    names: list[NameOut] = Field(description="Its other names.")
    countries: list[str] = Field(description="Where it is present: ISO 3166-1 alpha-2.")
    regions: list[str] = Field(description="UN M49.")
    themes: list[str]
    sdgs: list[str] = Field(description="Sustainable Development Goals, 1 to 17.")
    languages: list[str] = Field(description="The languages it works in: BCP 47.")
    email_domains: list[str] = Field(description="As in DNS (IDNA 2008).")
    identifiers: list[IdentifierOut]
    parent: UUID | None
    predecessors: list[UUID]
    descriptions: dict[str, str] = Field(description="What it does, by language.")


def current_version(institution: Institution, response: Response) -> InstitutionOut:
    """Return the institution as it is now, and its ETag in the response's headers."""
    response.headers["ETag"] = etag(institution.version)
    return InstitutionOut.model_validate(institution)


def profile_out(institution: Institution, profile: Document) -> InstitutionProfile:
    """Return the institution with this profile."""
    return InstitutionProfile.model_validate({**institution.model_dump(), **profile})
