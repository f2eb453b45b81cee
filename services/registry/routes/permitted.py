"""What a route's signature asks for: an institution on which the caller may take an action."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Request

from services.registry.permissions import (
    institution_to,
    institution_to_compare,
    institution_to_flag,
    institution_to_judge,
    institution_to_see,
    institution_to_trace,
    require_coordinator,
)
from services.registry.sessions import is_running
from services.registry.tables import Institution
from services.registry.tombstones import Moved, moved_to
from services.registry.transitions import Action
from shared.columns import utc_now
from shared.database import Database
from shared.identity import Caller, unauthenticated
from shared.problems import FORBIDDEN, Problem
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

InstitutionId = Annotated[UUID, Path(description="The institution's id.")]


def _allowed_to(action: Action) -> Any:
    def find(institution_id: InstitutionId, caller: CurrentCaller, session: Writing) -> Institution:
        return institution_to(session, caller, action, institution_id)

    return Depends(find)


def _visible(institution_id: InstitutionId, caller: MaybeCaller, session: Reading) -> Institution:
    return institution_to_see(session, caller, institution_id)


def _standing(
    institution_id: InstitutionId, caller: MaybeCaller, session: Reading
) -> Institution | Moved:
    moved = moved_to(session, institution_id)
    if moved is None:
        return institution_to_see(session, caller, institution_id)
    institution_to_see(session, caller, moved.merged_into)
    return moved


def _traceable(
    institution_id: InstitutionId, caller: CurrentCaller, session: Reading
) -> Institution:
    return institution_to_trace(session, caller, institution_id)


def _comparable(
    institution_id: InstitutionId, caller: CurrentCaller, session: Reading
) -> Institution:
    return institution_to_compare(session, caller, institution_id)


def _decidable(
    institution_id: InstitutionId, caller: CurrentCaller, session: Writing
) -> Institution:
    return institution_to_compare(session, caller, institution_id)


def _to_judge(
    institution_id: InstitutionId, caller: CurrentCaller, session: Reading
) -> Institution:
    return institution_to_judge(session, caller, institution_id)


def _to_flag(institution_id: InstitutionId, caller: CurrentCaller, session: Writing) -> Institution:
    return institution_to_flag(session, caller, institution_id)


async def _person(caller: CurrentCaller) -> Caller:
    if caller.kind != "person":
        raise Problem(FORBIDDEN, "This is for people: a system's own key can't do it.")
    return caller


def _coordinator(request: Request, caller: CurrentCaller) -> Caller:
    # A session of its own: a body that comes slowly must not hold a connection.
    with request.app.state.database.read() as session:
        require_coordinator(session, caller)
    return caller


CurrentCoordinator = Annotated[Caller, Depends(_coordinator)]
"""A coordinator; 401 without a good token, 403 for anybody else."""

CurrentPerson = Annotated[Caller, Depends(_person)]
"""A person, signed in or acting by an API key; 403 for a system's own key."""


def _signed_in(caller: CurrentPerson, request: Request) -> Caller:
    if caller.session_id is None:
        raise Problem(FORBIDDEN, "Sign in yourself for this: an API key can't do it.")
    database: Database = request.app.state.database
    # Not `Reading`: held beside the route's own, connections could wait for each other for ever.
    with database.read() as session:
        running = is_running(session, caller.session_id, utc_now())
    if not running:
        raise unauthenticated("This session was ended. Sign in again.")
    return caller


SignedInPerson = Annotated[Caller, Depends(_signed_in)]
"""A person in a session that runs; 403 for an API key, 401 once the session was ended.

For what would let a thief of a key take over the person (OWASP ASVS 5.0, 7.5.1).
"""

VisibleInstitution = Annotated[Institution, Depends(_visible)]
StandingInstitution = Annotated[Institution | Moved, Depends(_standing)]
"""One that the caller may see, or where it went when it was merged into one that they may see."""
TraceableInstitution = Annotated[Institution, Depends(_traceable)]
InstitutionToUpdate = Annotated[Institution, _allowed_to(Action.UPDATE)]
InstitutionToSubmit = Annotated[Institution, _allowed_to(Action.SUBMIT)]
InstitutionToReturn = Annotated[Institution, _allowed_to(Action.RETURN)]
InstitutionToVerify = Annotated[Institution, _allowed_to(Action.VERIFY)]
InstitutionToReject = Annotated[Institution, _allowed_to(Action.REJECT)]
InstitutionToCompare = Annotated[Institution, Depends(_comparable)]
"""One whose possible duplicates a coordinator reads."""
InstitutionToDecideOn = Annotated[Institution, Depends(_decidable)]
"""One that a coordinator compares or joins with another."""
InstitutionToSuspend = Annotated[Institution, _allowed_to(Action.SUSPEND)]
InstitutionToReinstate = Annotated[Institution, _allowed_to(Action.REINSTATE)]
InstitutionToWithdraw = Annotated[Institution, _allowed_to(Action.WITHDRAW)]
InstitutionToJudge = Annotated[Institution, Depends(_to_judge)]
InstitutionToFlag = Annotated[Institution, Depends(_to_flag)]
