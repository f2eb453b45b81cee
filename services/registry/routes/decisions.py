"""What is decided on a registration: returned, submitted again, verified, rejected."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from services.registry import lifecycle
from services.registry.routes.institution_out import STEP_PROBLEMS, InstitutionOut, current_version
from services.registry.routes.permitted import (
    InstitutionToReject,
    InstitutionToReturn,
    InstitutionToSubmit,
    InstitutionToVerify,
)
from shared.etags import IfMatch, require_version
from shared.text import Input, Reason
from shared.web import CurrentCaller, Writing

router = APIRouter(prefix="/institutions", tags=["verification"])


class Returning(Input):
    """What must be corrected."""

    reason: Reason = Field(examples=["Please give the official name, without the acronym."])


class Verification(Input):
    """What was seen."""

    evidence: Reason = Field(examples=["Nomination letter of 3 March, and the official domain."])


class Rejection(Input):
    """Why it is rejected."""

    reason: Reason = Field(examples=["Registered already, by another department."])
    duplicate_of: UUID | None = Field(None, description="The institution that it repeats.")


class Resubmission(Input):
    """Nothing: what was corrected is in the profile."""


@router.post(
    "/{institution_id}/submit",
    summary="Submit a returned registration again",
    response_model=InstitutionOut,
    responses=STEP_PROBLEMS,
)
def submit(
    *,
    institution: InstitutionToSubmit,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
    _body: Resubmission | None = None,
) -> InstitutionOut:
    """Put a returned registration before a coordinator again; by its focal point."""
    require_version(institution.version, expected)
    lifecycle.submit(session, institution, by=caller.id)
    return current_version(institution, response)


@router.post(
    "/{institution_id}/return",
    summary="Return a registration for a correction",
    response_model=InstitutionOut,
    responses=STEP_PROBLEMS,
)
def send_back(
    *,
    institution: InstitutionToReturn,
    caller: CurrentCaller,
    expected: IfMatch,
    body: Returning,
    session: Writing,
    response: Response,
) -> InstitutionOut:
    """Ask the focal point for a correction and say which; by a coordinator."""
    require_version(institution.version, expected)
    lifecycle.send_back(session, institution, by=caller.id, reason=body.reason)
    return current_version(institution, response)


@router.post(
    "/{institution_id}/verify",
    summary="Verify an institution",
    response_model=InstitutionOut,
    responses=STEP_PROBLEMS,
)
def verify(
    *,
    institution: InstitutionToVerify,
    caller: CurrentCaller,
    expected: IfMatch,
    body: Verification,
    session: Writing,
    response: Response,
) -> InstitutionOut:
    """State that the institution is what it says, and on what evidence; by a coordinator."""
    require_version(institution.version, expected)
    lifecycle.verify(session, institution, by=caller.id, evidence=body.evidence)
    return current_version(institution, response)


@router.post(
    "/{institution_id}/reject",
    summary="Reject a registration",
    response_model=InstitutionOut,
    responses=STEP_PROBLEMS,
)
def reject(
    *,
    institution: InstitutionToReject,
    caller: CurrentCaller,
    expected: IfMatch,
    body: Rejection,
    session: Writing,
    response: Response,
) -> InstitutionOut:
    """Reject a registration with the reason, as a duplicate where it is one; by a coordinator."""
    require_version(institution.version, expected)
    lifecycle.reject(
        session,
        institution,
        by=caller.id,
        reason=body.reason,
        duplicate_of=body.duplicate_of,
    )
    return current_version(institution, response)
