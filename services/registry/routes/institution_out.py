"""How an institution is shown."""

from datetime import datetime
from uuid import UUID

from fastapi import Response
from pydantic import Field

from services.registry.lifecycle import Status
from services.registry.tables import Institution
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
    status: Status = Field(description="Where its registration stands.")
    version: int = Field(description="Grows with each change; the ETag of this institution.")
    registered_at: datetime
    updated_at: datetime


def current_version(institution: Institution, response: Response) -> InstitutionOut:
    """Return the institution as it is now, and its ETag in the response's headers."""
    response.headers["ETag"] = etag(institution.version)
    return InstitutionOut.model_validate(institution)
