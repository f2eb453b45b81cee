"""Merging two institutions that are one, and undoing it."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from services.registry import merging
from services.registry.routes.institution_out import STEP_PROBLEMS, InstitutionOut
from services.registry.routes.permitted import InstitutionToDecideOn
from services.registry.tables import Merge
from shared.etags import IfMatch, etag, require_version
from shared.text import Input, Output, Reason
from shared.web import CurrentCaller, Writing

router = APIRouter(prefix="/institutions", tags=["duplicates"])


class Merging(Input):
    """Which institution goes on, and why the two are one."""

    into: UUID = Field(
        description="The institution that goes on.",
        examples=["018f4e2a-0000-7000-8000-000000000001"],
    )
    reason: Reason = Field(examples=["The same centre, registered by its Dhaka office."])


class Unmerging(Input):
    """Why the two are not one."""

    reason: Reason = Field(examples=["Two centres of one name: the country was mistaken."])


class Merged(Output):
    """A merge: the institution that ended, the one that goes on, and what it took over."""

    institution: InstitutionOut
    into: InstitutionOut
    moved: list[str] = Field(
        description="What changed hands. What the other had already stays with the merged one.",
        examples=[["name CIRDAP", "domain cirdap.org"]],
    )


class Unmerged(Output):
    """A merge that was undone."""

    institution: InstitutionOut
    survivor: InstitutionOut
    not_restored: list[str] = Field(
        description="What could not go back because it was changed since.",
        examples=[["domain cirdap.org: changed or removed since, or given anew"]],
    )


@router.post(
    "/{institution_id}/merge",
    summary="Merge an institution into another",
    response_model=Merged,
    responses=STEP_PROBLEMS,
)
def merge(
    *,
    institution: InstitutionToDecideOn,
    caller: CurrentCaller,
    expected: IfMatch,
    body: Merging,
    session: Writing,
    response: Response,
) -> Merged:
    """Let an institution end in another that is the same; by a coordinator.

    Its people, names, identifiers, domains, codes, needs, offers and relations move; its logo and
    its descriptions go along where the other has none, and its flags count for the other. It stays
    as a tombstone: reading it answers 308 with the address of the other, and its history stays
    readable. If-Match holds the version of the one that ends; the answer's ETag is its new one.
    """
    pair = merging.lock_to_merge(session, institution.id, body.into)
    require_version(pair.institution.version, expected)
    made: Merge = merging.merge(session, pair, body.reason, by=caller.id)
    response.headers["ETag"] = etag(pair.institution.version)
    return Merged(
        institution=InstitutionOut.model_validate(pair.institution),
        into=InstitutionOut.model_validate(pair.other),
        moved=[each["described"] for each in made.moved],
    )


@router.post(
    "/{institution_id}/unmerge",
    summary="Undo a merge",
    response_model=Unmerged,
    responses=STEP_PROBLEMS,
)
def unmerge(
    *,
    institution: InstitutionToDecideOn,
    caller: CurrentCaller,
    expected: IfMatch,
    body: Unmerging,
    session: Writing,
    response: Response,
) -> Unmerged:
    """Let a merged institution stand for itself again, with all that was moved; by a coordinator.

    What can't go back, because it was changed since, is named in the answer.
    """
    pair, made = merging.lock_to_unmerge(session, institution.id)
    require_version(pair.institution.version, expected)
    lost = merging.unmerge(session, pair, made, body.reason, by=caller.id)
    response.headers["ETag"] = etag(pair.institution.version)
    return Unmerged(
        institution=InstitutionOut.model_validate(pair.institution),
        survivor=InstitutionOut.model_validate(pair.other),
        not_restored=lost,
    )
