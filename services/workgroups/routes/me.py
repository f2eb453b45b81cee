"""Who the caller is, as workgroups knows them."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.workgroups.permissions import institutions_of, is_coordinator
from shared.identity import CallerKind
from shared.problems import UNAUTHENTICATED, responses
from shared.text import Output
from shared.web import CurrentCaller, Reading

router = APIRouter(tags=["identity"])


class MeOut(Output):
    """The caller's roles here."""

    id: UUID
    kind: CallerKind = Field(description="A person, or a system with a key of its own.")
    coordinator: bool
    institutions: list[UUID] = Field(description="Those that the caller speaks for.")


@router.get("/me", summary="Show your own roles", responses=responses(UNAUTHENTICATED))
def me(caller: CurrentCaller, session: Reading) -> MeOut:
    """Return the caller's roles; a change at the registry shows here within moments."""
    return MeOut(
        id=caller.id,
        kind=caller.kind,
        coordinator=is_coordinator(session, caller),
        institutions=institutions_of(session, caller),
    )
