"""The life of a registration as a table."""

from fastapi import APIRouter, Response
from pydantic import Field

from services.registry.routes.vocabularies import KEEP
from services.registry.transitions import TRANSITIONS, Action, Role, Status
from shared.text import Output

router = APIRouter(prefix="/transitions", tags=["verification"])


class TransitionOut(Output):
    """A step that a registration can take."""

    action: Action
    sources: list[Status] = Field(
        description="The states in which it is possible; none for the registration itself."
    )
    target: Status | None = Field(description="The state after it; null: it stays.")
    by: list[Role] = Field(
        description="Who may take it; `calendar` is nobody: it happens as a day comes."
    )
    why: str = Field(examples=["Something must be corrected before it can be verified."])


class TransitionList(Output):
    """Every step there is; what is not here can't happen."""

    items: list[TransitionOut]


@router.get("", summary="List the steps of a registration", response_model=TransitionList)
def list_transitions(response: Response) -> TransitionList:
    """Return what may follow what, who may do it and why: the table that the service obeys."""
    response.headers["Cache-Control"] = KEEP
    return TransitionList(
        items=[
            TransitionOut(
                action=action,
                sources=[status for status in Status if status in transition.sources],
                target=transition.target,
                by=[role for role in Role if role in transition.by],
                why=transition.why,
            )
            for action, transition in TRANSITIONS.items()
        ]
    )
