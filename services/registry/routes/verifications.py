"""Verifications: the queue of what waits, many at once, and what was checked before."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from sqlmodel import Session, col, select

from services.registry import verification, verification_queue
from services.registry.permissions import institution_to
from services.registry.routes.actors import Actor, actors
from services.registry.routes.institution_out import InstitutionOut
from services.registry.routes.permitted import CurrentCoordinator, TraceableInstitution
from services.registry.tables import Verification, VerificationCheck
from services.registry.transitions import Action
from services.registry.verification import Finding, Item, Outcome
from shared.columns import utc_now
from shared.database import Database
from shared.etags import require_version
from shared.idempotency import Answer, IdempotentRequest, Once
from shared.identity import Caller
from shared.pagination import Page, PageParams, PageQuery, paginate_newest_first
from shared.problems import (
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_FOUND,
    UNAUTHENTICATED,
    FieldError,
    Problem,
    ProblemBody,
    responses,
)
from shared.text import Input, Output
from shared.web import Reading

router = APIRouter(tags=["verification"])

MOST_AT_ONCE = 200
QUEUE_PAGE = 20
LONGEST_QUEUE_PAGE = 50
"""Possible duplicates are looked for anew for each item: about 15 ms each among 20,000."""


class WaitingFor(StrEnum):
    """What an institution in the queue waits for."""

    REGISTRATION = "registration"
    RENEWAL = "renewal"


class WaitingOut(Output):
    """An institution that waits for a coordinator."""

    institution: InstitutionOut
    waiting_since: datetime = Field(
        description="When it was last submitted; for a renewal, 90 days before the end."
    )
    days_waiting: int = Field(description="Whole days.")
    open_flags: int
    blocked: bool = Field(description="Whether a flag or a duplicate prevents verification.")
    possible_duplicates: int = Field(description="Others that it may repeat, 20 at most.")
    cautions: int = Field(description="How many odd domains and addresses it has.")
    must_confirm: list[list[Item]] = Field(
        description="Of each list one item must be confirmed in the checklist.",
        examples=[[["contact_confirmed"], ["nomination_letter", "official_domain"]]],
    )


class CheckOut(Output):
    """One item of a checklist."""

    item: Item
    outcome: Outcome
    comment: str | None


class VerificationOut(Output):
    """A verification: what was checked, by whom and until when it holds."""

    id: UUID
    version: int = Field(description="The version of the institution that it made.")
    evidence: str
    checklist: list[CheckOut]
    verified_by: Actor
    verified_at: datetime
    valid_until: datetime = Field(description="Five years later.")


class InstitutionFinding(Finding):
    """What a coordinator found of one of many institutions."""

    institution_id: UUID
    version: int = Field(ge=1, description="The version that you saw.", examples=[2])


class Findings(Input):
    """What a coordinator found of many institutions."""

    items: list[InstitutionFinding] = Field(min_length=1, max_length=MOST_AT_ONCE)


class ItemResult(Output):
    """What became of one item: the institution as it is now, or the problem."""

    institution_id: UUID
    institution: InstitutionOut | None = Field(description="Null when it was not verified.")
    problem: ProblemBody | None = Field(
        description="Null when it was verified. Pointers lead into the body of the request."
    )


class Results(Output):
    """What became of each item, in the order of the request."""

    verified: int
    refused: int
    items: list[ItemResult]


async def _queue_page(
    cursor: Annotated[
        str | None,
        Query(max_length=200, description="The next_cursor of the page before; absent at first."),
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=LONGEST_QUEUE_PAGE, description="How many items at most.")
    ] = QUEUE_PAGE,
) -> PageParams:
    return PageParams(cursor, limit)


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


@router.get(
    "/verification-queue",
    summary="Read the verification queue",
    response_model=Page[WaitingOut],
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
)
def read_queue(
    _coordinator: CurrentCoordinator,
    session: Reading,
    page: Annotated[PageParams, Depends(_queue_page)],
    waiting_for: Annotated[
        WaitingFor, Query(description="Registrations, or renewals due within 90 days and lapsed.")
    ] = WaitingFor.REGISTRATION,
) -> Page[WaitingOut]:
    """Return what waits for a coordinator, oldest first; a correction doesn't cost the place."""
    now = utc_now()
    found = (
        verification_queue.registrations(session, page)
        if waiting_for is WaitingFor.REGISTRATION
        else verification_queue.renewals(session, page, now)
    )
    return Page(
        items=[
            WaitingOut(
                institution=InstitutionOut.model_validate(each.institution),
                waiting_since=each.since,
                days_waiting=(now - each.since).days,
                open_flags=each.open_flags,
                blocked=each.blocked,
                possible_duplicates=each.possible_duplicates,
                cautions=each.cautions,
                must_confirm=[list(alternatives) for alternatives in each.requirements],
            )
            for each in found.items
        ],
        next_cursor=found.next_cursor,
    )


@router.get(
    "/institutions/{institution_id}/verifications",
    summary="Read the verifications of an institution",
    response_model=Page[VerificationOut],
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def read_verifications(
    institution: TraceableInstitution, session: Reading, page: PageQuery
) -> Page[VerificationOut]:
    """Return every verification with its checklist, newest first; to its people and coordinators.

    None is ever changed or removed.
    """
    found = paginate_newest_first(
        session,
        select(Verification).where(Verification.institution_id == institution.id),
        col(Verification.id),
        page,
    )
    return Page(items=_shown(session, found.items), next_cursor=found.next_cursor)


@router.post(
    "/verifications",
    summary="Verify many institutions",
    response_model=Results,
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID, IDEMPOTENCY_MISMATCH),
)
def verify_many(
    body: Findings,
    caller: CurrentCoordinator,
    database: Annotated[Database, Depends(_database)],
    once: Once,
) -> Results:
    """Verify, or verify again, up to 200 institutions; each for itself.

    An item that can't be verified doesn't hold up the others: its problem is in the answer. Sent
    again with the same Idempotency-Key, what was verified is answered as before and the rest is
    tried again.
    """
    with database.write() as session:
        once.claim(session)
    items = [
        _verified(database, caller, once.part(place), finding, place)
        for place, finding in enumerate(body.items)
    ]
    refused = sum(item.problem is not None for item in items)
    return Results(verified=len(items) - refused, refused=refused, items=items)


def _verified(
    database: Database,
    caller: Caller,
    part: IdempotentRequest,
    finding: InstitutionFinding,
    place: int,
) -> ItemResult:
    try:
        with database.write() as session:
            answer = part.answer(session, lambda: _verify(session, caller, finding))
    except Problem as problem:
        inside = [
            FieldError(pointer=f"/items/{place}{error.pointer}", detail=error.detail)
            for error in problem.errors
        ]
        refusal = Problem(problem.kind, problem.detail, errors=inside)
        return ItemResult(
            institution_id=finding.institution_id, institution=None, problem=refusal.body()
        )
    return ItemResult.model_validate_json(bytes(answer.body))


def _verify(session: Session, caller: Caller, finding: InstitutionFinding) -> Answer:
    institution = institution_to(session, caller, Action.VERIFY, finding.institution_id)
    require_version(institution.version, finding.version)
    verification.verify(session, institution, finding, by=caller.id)
    shown = InstitutionOut.model_validate(institution)
    return Answer(
        ItemResult(institution_id=institution.id, institution=shown, problem=None), status=200
    )


def _shown(session: Session, verifications: list[Verification]) -> list[VerificationOut]:
    people = actors(session, [each.verified_by for each in verifications])
    checks: dict[UUID, list[CheckOut]] = {}
    for check in session.exec(
        select(VerificationCheck)
        .where(col(VerificationCheck.verification_id).in_([each.id for each in verifications]))
        .order_by(col(VerificationCheck.place))
    ):
        checks.setdefault(check.verification_id, []).append(CheckOut.model_validate(check))
    return [
        VerificationOut.model_validate(
            {
                **each.model_dump(),
                "verified_by": people[each.verified_by],
                "checklist": checks[each.id],
            }
        )
        for each in verifications
    ]
