"""Partner institutions, as workgroups knows them from the registry's events."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.workgroups import permissions
from services.workgroups.routes.permitted import InstitutionId
from services.workgroups.tables import Institution
from shared.events.catalogue import InstitutionStatus
from shared.problems import NOT_FOUND, UNAUTHENTICATED, Problem, responses
from shared.text import Output
from shared.web import CurrentCaller, Reading

router = APIRouter(prefix="/institutions", tags=["institutions"])


class InstitutionOut(Output):
    """An institution."""

    id: UUID
    name: str = Field(examples=["Centre on Integrated Rural Development for Asia and the Pacific"])
    acronym: str | None = Field(examples=["CIRDAP"])
    organisation_type: str = Field(description="IATI OrganisationType code.", examples=["40"])
    subtype: str | None = Field(examples=["intergovernmental"])
    country: str | None = Field(description="ISO 3166-1 alpha-2.", examples=["BD"])
    website: str | None = Field(examples=["https://www.cirdap.org/"])
    status: InstitutionStatus = Field(description="Where its registration stands.")
    version: int = Field(description="The version that the registry told of last.")


@router.get(
    "/{institution_id}",
    summary="Read an institution as known here",
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def read_institution(
    institution_id: InstitutionId, caller: CurrentCaller, session: Reading
) -> InstitutionOut:
    """Return what the registry told of the institution; its changes arrive within moments.

    Everybody signed in sees the verified ones, of these only those that let them; their focal
    points and coordinators also others.
    """
    institution = session.get(Institution, institution_id)
    if institution is None or not permissions.may_see(session, caller, institution):
        raise Problem(NOT_FOUND, "There is no institution of that id that you may see here.")
    return InstitutionOut.model_validate(institution)
