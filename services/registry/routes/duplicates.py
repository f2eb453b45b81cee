"""Possible duplicates: shown before a registration and after it, and decided on by a person."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import Field

from services.registry import duplicates
from services.registry.duplicates import domain_key, host_of
from services.registry.likeness import Features
from services.registry.profile_fields import Acronym, Code, Website
from services.registry.routes.candidate_out import CandidateOut, PublicCandidate
from services.registry.routes.institution_out import STEP_PROBLEMS
from services.registry.routes.permitted import InstitutionToCompare, InstitutionToDecideOn
from services.registry.vocabularies import code_faults
from shared.etags import IfMatch, etag, require_version
from shared.problems import (
    FORBIDDEN,
    INVALID,
    NOT_FOUND,
    UNAUTHENTICATED,
    Problem,
    responses,
)
from shared.text import Input, Line, Name, Output, Reason
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

router = APIRouter(tags=["duplicates"])

Domain = Annotated[str, Line(253), Field(examples=["cirdap.org"])]


class IdentifierDraft(Input):
    """An identifier that a register outside gave."""

    scheme: Annotated[str, Line(40)] = Field(examples=["ROR"])
    value: Annotated[str, Line(200)] = Field(examples=["https://ror.org/01tw45s26"])


class Draft(Input):
    """What is known of an institution that somebody thinks of registering."""

    name: Name = Field(examples=["Centre for Integrated Rural Developement, Asia & Pacific"])
    other_names: list[Name] = Field(
        [], max_length=19, description="In other languages or of former times.", examples=[[]]
    )
    acronym: Acronym | None = None
    organisation_type: Code | None = Field(
        None, description="IATI OrganisationType code.", examples=["40"]
    )
    country: Code | None = Field(
        None, description="ISO 3166-1 alpha-2 code of its seat.", examples=["BD"]
    )
    website: Website | None = None
    domains: list[Domain] = Field(
        [], max_length=20, description="Its e-mail domains.", examples=[["cirdap.org"]]
    )
    identifiers: list[IdentifierDraft] = Field(
        [], max_length=20, description="From registers outside."
    )


class Candidates(Output):
    """Possible duplicates, the likeliest first."""

    items: list[CandidateOut] = Field(description="20 at most, with a score of 0.5 or more.")


class PublicCandidates(Output):
    """Verified institutions that a registration may repeat, the likeliest first."""

    items: list[PublicCandidate] = Field(description="20 at most, with a score of 0.5 or more.")


class DuplicateDecisionRequest(Input):
    """Whether two institutions are one."""

    decision: Literal["distinct", "duplicate"] = Field(examples=["distinct"])
    reason: Reason = Field(examples=["Two centres of one name, in different countries."])


@router.post(
    "/duplicates/check",
    summary="See whether an institution is registered already",
    response_model=PublicCandidates,
    responses=responses(UNAUTHENTICATED, INVALID),
)
def check(body: Draft, _caller: MaybeCaller, session: Reading) -> PublicCandidates:
    """Return the public, verified institutions that are like the draft; nothing is stored.

    Names are compared in any language and script. Nobody needs to be signed in.
    """
    faults = code_faults(body.organisation_type, body.country)
    if faults:
        raise Problem(INVALID, "Some codes don't exist; each is named.", errors=faults)
    hosts = {*map(domain_key, body.domains), host_of(body.website)}
    features = Features(
        names=tuple(dict.fromkeys([body.name, *body.other_names])),
        acronyms=(body.acronym,) if body.acronym else (),
        hosts=frozenset(filter(None, hosts)),
        identifiers=frozenset((each.scheme, each.value) for each in body.identifiers),
        country=body.country,
        organisation_type=body.organisation_type,
    )
    found = duplicates.public_duplicates(session, features)
    return PublicCandidates(items=[PublicCandidate.of(each) for each in found])


@router.get(
    "/institutions/{institution_id}/duplicates",
    summary="List the possible duplicates of an institution",
    response_model=Candidates,
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND),
)
def list_duplicates(
    institution: InstitutionToCompare, session: Reading, response: Response
) -> Candidates:
    """Return those that may be the same, with score, reasons and decision; to coordinators."""
    response.headers["ETag"] = etag(institution.version)
    found = duplicates.possible_duplicates(session, institution)
    return Candidates(items=[CandidateOut.of(each) for each in found])


@router.post(
    "/institutions/{institution_id}/duplicates/{other_id}/decisions",
    status_code=201,
    summary="Decide whether two institutions are one",
    response_model=CandidateOut,
    responses=STEP_PROBLEMS,
)
def decide(
    *,
    institution: InstitutionToDecideOn,
    other_id: Annotated[UUID, Path(description="The other institution's id.")],
    caller: CurrentCaller,
    expected: IfMatch,
    body: DuplicateDecisionRequest,
    session: Writing,
) -> CandidateOut:
    """Say that two institutions are distinct, or one, and why; by a coordinator.

    Earlier decisions stay; the newest counts, for both. "duplicate" joins nothing: that is
    POST /institutions/{id}/merge.
    """
    require_version(institution.version, expected)
    return CandidateOut.of(
        duplicates.decide(
            session,
            institution,
            other_id,
            decision=body.decision,
            reason=body.reason,
            by=caller.id,
        )
    )
