"""What may follow what, as tables."""

from fastapi import APIRouter, Response
from pydantic import Field

from services.workgroups import membership_lifecycle
from services.workgroups.group_lifecycle import TRANSITIONS, Action, Role, Status
from shared.text import Output

router = APIRouter(prefix="/transitions", tags=["groups"])

KEEP = "public, max-age=3600"


class GroupTransitionOut(Output):
    """A step that a group can take."""

    action: Action
    sources: list[Status] = Field(
        description="The states in which it is possible; none where it makes the group."
    )
    target: Status | None = Field(description="The state after it; null: it stays.")
    by: list[Role] = Field(
        description="Who may take it: a coordinator of the platform, or who leads the group."
    )
    reason_required: bool
    why: str = Field(examples=["There is nothing to do for a while; its members stay."])


class GroupTransitionList(Output):
    """Every step there is; what is not here can't happen."""

    items: list[GroupTransitionOut]


@router.get("/groups", summary="List the steps of a group")
def list_group_transitions(response: Response) -> GroupTransitionList:
    """Return what may follow what, who may do it and why: the table that the service obeys."""
    response.headers["Cache-Control"] = KEEP
    return GroupTransitionList(
        items=[
            GroupTransitionOut(
                action=action,
                sources=[status for status in Status if status in transition.sources],
                target=transition.target,
                by=[role for role in Role if role in transition.by],
                reason_required=transition.reason_required,
                why=transition.why,
            )
            for action, transition in TRANSITIONS.items()
        ]
    )


class MembershipTransitionOut(Output):
    """A step that a membership can take."""

    action: membership_lifecycle.Action
    sources: list[membership_lifecycle.State] = Field(
        description="The states in which it is possible; none where it begins the membership."
    )
    target: membership_lifecycle.State | None = Field(
        description="The state after it; null: as it was before."
    )
    by: list[membership_lifecycle.Role] = Field(
        description="Who may take it; `registry` is nobody here: its event does."
    )
    reason_required: bool
    why: str = Field(examples=["The institution no longer takes part; it may join again."])


class MembershipTransitionList(Output):
    """Every step there is; what is not here can't happen."""

    items: list[MembershipTransitionOut]


@router.get("/memberships", summary="List the steps of a membership")
def list_membership_transitions(response: Response) -> MembershipTransitionList:
    """Return what may follow what, who may do it and why: the table that the service obeys."""
    response.headers["Cache-Control"] = KEEP
    return MembershipTransitionList(
        items=[
            MembershipTransitionOut(
                action=action,
                sources=[
                    state for state in membership_lifecycle.State if state in transition.sources
                ],
                target=transition.target,
                by=[role for role in membership_lifecycle.Role if role in transition.by],
                reason_required=transition.reason_required,
                why=transition.why,
            )
            for action, transition in membership_lifecycle.TRANSITIONS.items()
        ]
    )
