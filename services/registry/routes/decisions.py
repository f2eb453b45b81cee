"""What is decided on a registration: returned, submitted again, verified, rejected."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from services.registry import lifecycle, verification
from services.registry.routes.institution_out import STEP_PROBLEMS, InstitutionOut, current_version
from services.registry.routes.permitted import (
    InstitutionToReject,
    InstitutionToReturn,
    InstitutionToSubmit,
    InstitutionToVerify,
)
from services.registry.verification import Finding
from shared.etags import IfMatch, require_version
from shared.text import Input, Reason
from shared.web import CurrentCaller, Writing

router = APIRouter(prefix="/institutions", tags=["verification"])


class Returning(Input):
    """What must be corrected."""

    reason: Reason = Field(examples=["Please give the official name, without the acronym."])


class Rejection(Input):
    """Why it is rejected."""

    reason: Reason = Field(examples=["Registered already, by another department."])
    duplicate_of: UUID | None = Field(None, description="The institution that it repeats.")


class Resubmission(Input):
    """What is different now; the body may be left out."""

    note: Reason | None = Field(
        None, description="For the history.", examples=["The letter has come by post."]
    )


@router.post(
    "/{institution_id}/submit",
    summary="Submit a registration again",
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
    body: Resubmission | None = None,
) -> InstitutionOut:
    """Put a returned or withdrawn registration before a coordinator again; by its focal point.

    It goes to the end of the queue. A rejected registration stays rejected.
    """
    require_version(institution.version, expected)
    lifecycle.submit(session, institution, by=caller.id, note=body.note if body else None)
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
    body: Finding,
    session: Writing,
    response: Response,
) -> InstitutionOut:
    """State that the institution is what it says, with what was checked; by a coordinator.

    It holds for five years. A verified institution is verified again in the same way, which counts
    from then. Refused while a blocking flag stands. The institution can read the checklist.
    """
    require_version(institution.version, expected)
    verification.verify(session, institution, body, by=caller.id)
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
