"""Flags on institutions: raised, lifted and read by coordinators alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field
from sqlmodel import Session

from services.registry import flags
from services.registry.flags import Flagged, Severity
from services.registry.routes.actors import Actor, actors
from services.registry.routes.permitted import (
    CurrentCoordinator,
    InstitutionToFlag,
    InstitutionToJudge,
)
from shared.idempotency import Answer, Once
from shared.pagination import Page, PageQuery, Slice
from shared.problems import (
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    responses,
)
from shared.text import Input, Output, Reason
from shared.web import CurrentCaller, Reading, Writing

router = APIRouter(tags=["flags"])

SeverityQuery = Annotated[Severity | None, Query(description="Only those of this severity.")]
OpenQuery = Annotated[
    bool | None, Query(description="Only those that stand (true), or that were lifted (false).")
]


class FlagRequest(Input):
    """What other coordinators should know."""

    severity: Severity = Field(
        description="`blocking` prevents verification and reinstatement until it is lifted."
    )
    reason: Reason = Field(examples=["The letter names another ministry than the profile."])


class LiftRequest(Input):
    """Why it no longer stands."""

    reason: Reason = Field(examples=["The ministry was renamed in May; the decree is public."])


class LiftingOut(Output):
    """Who lifted a flag, and why."""

    by: Actor
    reason: str
    at: datetime


class FlagOut(Output):
    """A flag with its history."""

    id: UUID
    institution_id: UUID
    severity: Severity
    reason: str
    raised_by: Actor
    raised_at: datetime
    lifted: LiftingOut | None = Field(description="Null while it stands.")


@router.post(
    "/institutions/{institution_id}/flags",
    status_code=201,
    summary="Raise a flag",
    response_model=FlagOut,
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID, IDEMPOTENCY_MISMATCH),
)
def raise_flag(
    *,
    institution: InstitutionToFlag,
    caller: CurrentCaller,
    body: FlagRequest,
    session: Writing,
    once: Once,
) -> Response:
    """Note something about an institution in any state, for coordinators only.

    The institution isn't told and doesn't see it; what it should know belongs in the reason of a
    step.
    """

    def create() -> Answer:
        made = flags.raise_flag(session, institution, body.severity, body.reason, by=caller.id)
        return Answer(
            _shown(session, [made])[0],
            headers={"Location": f"/institutions/{institution.id}/flags"},
        )

    return once.answer(session, create)


@router.post(
    "/institutions/{institution_id}/flags/{flag_id}/lift",
    summary="Lift a flag",
    response_model=FlagOut,
    responses=responses(
        UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW, INVALID, IDEMPOTENCY_MISMATCH
    ),
)
def lift_flag(
    *,
    institution: InstitutionToFlag,
    flag_id: Annotated[UUID, Path(description="The flag's id.")],
    caller: CurrentCaller,
    body: LiftRequest,
    session: Writing,
    once: Once,
) -> Response:
    """State why a flag no longer stands; it stays in the list, with both reasons."""

    def lift() -> Answer:
        lifted = flags.lift(session, institution, flag_id, body.reason, by=caller.id)
        return Answer(_shown(session, [lifted])[0], status=200)

    return once.answer(session, lift)


@router.get(
    "/institutions/{institution_id}/flags",
    summary="List the flags of an institution",
    response_model=Page[FlagOut],
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID),
)
def list_flags_of_institution(
    *,
    institution: InstitutionToJudge,
    session: Reading,
    page: PageQuery,
    severity: SeverityQuery = None,
    open: OpenQuery = None,  # noqa: A002
) -> Page[FlagOut]:
    """Return the flags of an institution, lifted ones too, oldest first.

    Those of institutions that were merged into it are among them.
    """
    found = flags.listed(
        session, page, institution_id=institution.id, severity=severity, standing=open
    )
    return _page(session, found)


@router.get(
    "/flags",
    summary="List the flags of all institutions",
    response_model=Page[FlagOut],
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
)
def list_flags(
    *,
    _coordinator: CurrentCoordinator,
    session: Reading,
    page: PageQuery,
    severity: SeverityQuery = None,
    open: OpenQuery = True,  # noqa: A002
) -> Page[FlagOut]:
    """Return the flags that stand, oldest first; `open=false` returns the lifted ones."""
    return _page(session, flags.listed(session, page, severity=severity, standing=open))


def _page(session: Session, found: Slice[Flagged]) -> Page[FlagOut]:
    return Page(items=_shown(session, found.items), next_cursor=found.next_cursor)


def _shown(session: Session, flagged: Sequence[Flagged]) -> list[FlagOut]:
    people = actors(
        session,
        [each.flag.raised_by for each in flagged]
        + [each.lifting.lifted_by for each in flagged if each.lifting],
    )
    return [
        FlagOut.model_validate(
            {
                **each.flag.model_dump(),
                "raised_by": people[each.flag.raised_by],
                "lifted": LiftingOut(
                    by=people[each.lifting.lifted_by],
                    reason=each.lifting.reason,
                    at=each.lifting.lifted_at,
                )
                if each.lifting
                else None,
            }
        )
        for each in flagged
    ]
