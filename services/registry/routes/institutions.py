"""Registering institutions, reading and changing them."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from services.registry import cautions, duplicates, institutions
from services.registry.cautions import CautionKind
from services.registry.institutions import Profile, ProfileChange
from services.registry.people import PersonDraft
from services.registry.permissions import (
    acting_person,
    institution_to_trace,
    is_coordinator,
    may_trace,
    require_trace,
    visible_to,
)
from services.registry.profile_history import PastProfile, profile_as_of
from services.registry.profiles import only_related, profile_of
from services.registry.relations import related
from services.registry.routes.candidate_out import CandidateOut, PublicCandidate
from services.registry.routes.codes import CodesByMail, SignInStarted
from services.registry.routes.institution_out import (
    STEP_PROBLEMS,
    InstitutionProfile,
    RelatedOut,
    profile_out,
)
from services.registry.routes.permitted import (
    InstitutionToUpdate,
    StandingInstitution,
)
from services.registry.tables import Institution
from services.registry.tombstones import Moved
from shared.columns import utc_now
from shared.etags import IfMatch, etag, require_version
from shared.idempotency import Answer, Once
from shared.moments import PastMoment
from shared.problems import (
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_FOUND,
    TOO_MANY,
    UNAUTHENTICATED,
    responses,
)
from shared.text import Output
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

router = APIRouter(prefix="/institutions", tags=["institutions"])


AsOf = Annotated[
    PastMoment | None,
    Query(
        description="A day (meaning its end, in UTC) or a date-time with its offset: the profile "
        "as it was then."
    ),
]


class Registration(Profile):
    """An institution, with the person who will speak for it."""

    focal_point: PersonDraft


class CautionOut(Output):
    """Something to look at before the institution is trusted."""

    kind: CautionKind
    detail: str = Field(
        examples=["Its domain fa0.org looks like fao.org, a domain of Food and Agriculture …"]
    )
    institution_id: UUID = Field(description="The other institution that it has to do with.")


class InstitutionDetail(InstitutionProfile):
    """An institution, with what it is to others and what only a coordinator is shown."""

    related: list[RelatedOut] | None = Field(
        description="Parent, children, predecessors and successors, of those that you may see; "
        "null for the past."
    )
    possible_duplicates: list[CandidateOut] | None = Field(
        None, description="Others that may be the same; null unless you coordinate."
    )
    cautions: list[CautionOut] | None = Field(
        None, description="Odd domains and addresses; null unless you coordinate."
    )


class Tombstone(Output):
    """What is left of an institution that was merged."""

    id: UUID
    status: Literal["merged"] = "merged"
    merged_into: UUID = Field(description="The institution that it is part of, in the end.")
    version: int = Field(description="The ETag of what is left.")


class Registered(Output):
    """A registration that waits for the code from the focal point's e-mail."""

    institution: InstitutionProfile
    sign_in: SignInStarted
    possible_duplicates: list[PublicCandidate] = Field(
        description="Verified institutions that you may be repeating, with the reasons. "
        "A coordinator will look at those that block."
    )


@router.post(
    "",
    status_code=201,
    summary="Register an institution",
    response_model=Registered,
    responses=responses(UNAUTHENTICATED, INVALID, IDEMPOTENCY_MISMATCH, TOO_MANY),
)
def register(
    body: Registration, caller: MaybeCaller, codes: CodesByMail, session: Writing, once: Once
) -> Response:
    """Store a registration and send a code of six digits to its focal point.

    It is `unconfirmed` until the code comes back at `POST /sign-ins/{id}/confirm`; then it is
    `submitted` and a coordinator looks at it. Nobody needs to be signed in.
    """

    def create() -> Answer:
        now = utc_now()
        profile = Profile(**{name: getattr(body, name) for name in Profile.model_fields})
        by = acting_person(caller)
        institution, person = institutions.register(session, profile, body.focal_point, now, by)
        return Answer(
            Registered(
                institution=profile_out(institution, profile_of(session, institution)),
                sign_in=codes.send(session, person.email, now),
                possible_duplicates=[
                    PublicCandidate.of(each)
                    for each in duplicates.public_duplicates_of(session, institution)
                ],
            ),
            headers={
                "Location": f"/institutions/{institution.id}",
                "ETag": etag(institution.version),
            },
        )

    return once.answer(session, create)


@router.get(
    "/{institution_id}",
    summary="Read an institution",
    response_model=InstitutionDetail,
    responses={
        308: {"model": Tombstone, "description": "Merged: read the one that it is part of."},
        **responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID),
    },
)
def read_institution(
    *,
    institution: StandingInstitution,
    caller: MaybeCaller,
    session: Reading,
    request: Request,
    response: Response,
    as_of: AsOf = None,
) -> InstitutionDetail | Response:
    """Return an institution with its ETag; to a coordinator also what they should look at.

    One that was merged answers 308 with the address of the institution that it is part of, and
    with its own ETag. With ``as_of`` its own people and coordinators read its profile, status and
    version as they were then, without an ETag: the past can't be edited.
    """
    if isinstance(institution, Moved):
        if as_of is not None:
            bygone = institution_to_trace(session, caller, institution.id)
            return _as_it_was(bygone, profile_as_of(session, bygone, as_of))
        root = request.app.state.settings.root_path
        return JSONResponse(
            Tombstone.model_validate(institution).model_dump(mode="json"),
            status_code=308,
            headers={
                "Location": f"{root}/institutions/{institution.merged_into}",
                "ETag": etag(institution.version),
            },
        )
    if as_of is not None:
        require_trace(session, caller, institution)
        return _as_it_was(institution, profile_as_of(session, institution, as_of))
    response.headers["ETag"] = etag(institution.version)
    profile = profile_of(session, institution)
    others = related(session, institution.id, visible_to(session, caller))
    if not may_trace(session, caller, institution):
        profile = only_related(profile, {str(other.institution.id) for other in others})
    coordinates = is_coordinator(session, caller)
    alike = duplicates.possible_duplicates(session, institution) if coordinates else None
    odd = cautions.cautions(session, institution) if coordinates else None
    return InstitutionDetail(
        **profile_out(institution, profile).model_dump(),
        related=[
            RelatedOut(
                relation=other.relation,
                id=other.institution.id,
                name=other.institution.name,
                acronym=other.institution.acronym,
            )
            for other in others
        ],
        possible_duplicates=None if alike is None else [CandidateOut.of(each) for each in alike],
        cautions=None if odd is None else [CautionOut.model_validate(each) for each in odd],
    )


@router.patch(
    "/{institution_id}",
    summary="Change the profile",
    response_model=InstitutionProfile,
    responses=STEP_PROBLEMS,
)
def change_institution(
    *,
    institution: InstitutionToUpdate,
    caller: CurrentCaller,
    expected: IfMatch,
    body: ProfileChange,
    session: Writing,
    response: Response,
) -> InstitutionProfile:
    """Change what the body names (JSON Merge Patch, RFC 7396); by a focal point or coordinator."""
    require_version(institution.version, expected)
    institutions.update(session, institution, body, by=caller.id)
    response.headers["ETag"] = etag(institution.version)
    return profile_out(institution, profile_of(session, institution))


def _as_it_was(institution: Institution, past: PastProfile) -> InstitutionDetail:
    then = {
        "status": past.step.to_status,
        "version": past.step.version,
        "updated_at": past.step.at,
        "verified_until": past.verified_until,
    }
    return InstitutionDetail.model_validate(
        {**institution.model_dump(), **past.profile, **then, "related": None}
    )
