"""Whether a partner stands: suspended and reinstated by a coordinator, withdrawn by itself."""

from fastapi import APIRouter, Response
from pydantic import Field

from services.registry import standing
from services.registry.routes.institution_out import STEP_PROBLEMS, InstitutionOut, current_version
from services.registry.routes.permitted import (
    InstitutionToReinstate,
    InstitutionToSuspend,
    InstitutionToWithdraw,
)
from shared.etags import IfMatch, require_version
from shared.text import Input, Reason
from shared.web import CurrentCaller, Writing

router = APIRouter(prefix="/institutions", tags=["verification"])


class Suspension(Input):
    """Why it is taken out."""

    reason: Reason = Field(examples=["The ministry says that it knows nothing of this."])


class Reinstatement(Input):
    """Why it may take part again."""

    reason: Reason = Field(examples=["The ministry has named its focal point by letter."])


class Withdrawal(Input):
    """Why it leaves."""

    reason: Reason = Field(examples=["Our unit was dissolved."])


@router.post(
    "/{institution_id}/suspend",
    summary="Suspend an institution",
    response_model=InstitutionOut,
    responses=STEP_PROBLEMS,
)
def suspend(
    *,
    institution: InstitutionToSuspend,
    caller: CurrentCaller,
    expected: IfMatch,
    body: Suspension,
    session: Writing,
    response: Response,
) -> InstitutionOut:
    """Take a verified institution out until a concern is settled; by a coordinator.

    It is no longer shown to others, its profile can't be changed, and other services refuse what
    it does. The institution reads the reason in its history.
    """
    require_version(institution.version, expected)
    standing.suspend(session, institution, by=caller.id, reason=body.reason)
    return current_version(institution, response)


@router.post(
    "/{institution_id}/reinstate",
    summary="Reinstate a suspended institution",
    response_model=InstitutionOut,
    responses=STEP_PROBLEMS,
)
def reinstate(
    *,
    institution: InstitutionToReinstate,
    caller: CurrentCaller,
    expected: IfMatch,
    body: Reinstatement,
    session: Writing,
    response: Response,
) -> InstitutionOut:
    """Let a suspended institution take part again; by a coordinator.

    It is verified for as long as it was before. Refused while a blocking flag stands.
    """
    require_version(institution.version, expected)
    standing.reinstate(session, institution, by=caller.id, reason=body.reason)
    return current_version(institution, response)


@router.post(
    "/{institution_id}/withdraw",
    summary="Withdraw an institution",
    response_model=InstitutionOut,
    responses=STEP_PROBLEMS,
)
def withdraw(
    *,
    institution: InstitutionToWithdraw,
    caller: CurrentCaller,
    expected: IfMatch,
    body: Withdrawal,
    session: Writing,
    response: Response,
) -> InstitutionOut:
    """Leave, or take a registration back; by its focal point.

    It is no longer shown to others and no longer verified. `POST /institutions/{id}/submit` puts it
    before a coordinator again.
    """
    require_version(institution.version, expected)
    standing.withdraw(session, institution, by=caller.id, reason=body.reason)
    return current_version(institution, response)
