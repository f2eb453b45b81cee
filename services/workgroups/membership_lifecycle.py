"""The life of a membership: one table says what may follow what, who may do it, and why.

It begins as a request or an invitation (`Admission`) and goes on as a `Membership`. The roles of
people have the same states once they last.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session

from services.workgroups.tables import Admission, Membership, MembershipHistory, Participant
from shared.problems import FORBIDDEN, INVALID, NOT_ALLOWED_NOW, FieldError, Problem


class State(StrEnum):
    """Where a membership stands."""

    REQUESTED = "requested"
    INVITED = "invited"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LEFT = "left"
    REMOVED = "removed"
    MERGED = "merged"


LASTING = frozenset({State.ACTIVE, State.SUSPENDED})
"""The states in which an institution belongs to a group."""


class Role(StrEnum):
    """Who may take a step."""

    INSTITUTION = "institution"
    """Somebody who speaks for the institution."""
    LEADER = "leader"
    """Who leads the group, or a coordinator of the platform."""
    PLATFORM_COORDINATOR = "platform_coordinator"
    REGISTRY = "registry"
    """Nobody here: the registry told of it."""


class Action(StrEnum):
    """A step in the life of a membership."""

    JOIN = "join"
    ENROL = "enrol"
    REQUEST = "request"
    INVITE = "invite"
    APPROVE = "approve"
    ACCEPT = "accept"
    DECLINE_REQUEST = "decline_request"
    DECLINE_INVITATION = "decline_invitation"
    WITHDRAW_REQUEST = "withdraw_request"
    WITHDRAW_INVITATION = "withdraw_invitation"
    LEAVE = "leave"
    REMOVE = "remove"
    SUSPEND = "suspend"
    CONFIRM = "confirm"
    RESTORE = "restore"
    MERGE = "merge"
    UNMERGE = "unmerge"


@dataclass(frozen=True)
class Transition:
    """What an action does: from which states, into which, by whom, and why.

    Without a target the state is again what it was.
    """

    sources: frozenset[State]
    target: State | None
    by: frozenset[Role]
    reason_required: bool
    why: str


def _by(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


_NOTHING = frozenset[State]()

TRANSITIONS: Mapping[Action, Transition] = {
    Action.JOIN: Transition(
        _NOTHING,
        State.ACTIVE,
        _by(Role.INSTITUTION),
        False,
        "The group is open: an institution joins without asking.",
    ),
    Action.ENROL: Transition(
        _NOTHING,
        State.ACTIVE,
        _by(Role.PLATFORM_COORDINATOR),
        False,
        "A coordinator of the platform notes who takes part.",
    ),
    Action.REQUEST: Transition(
        _NOTHING,
        State.REQUESTED,
        _by(Role.INSTITUTION),
        False,
        "An institution wants to take part in a group that is joined on request.",
    ),
    Action.INVITE: Transition(
        _NOTHING, State.INVITED, _by(Role.LEADER), False, "The group wants an institution in it."
    ),
    Action.APPROVE: Transition(
        frozenset({State.REQUESTED}),
        State.ACTIVE,
        _by(Role.LEADER),
        False,
        "The institution takes part.",
    ),
    Action.ACCEPT: Transition(
        frozenset({State.INVITED}),
        State.ACTIVE,
        _by(Role.INSTITUTION),
        False,
        "The institution takes part.",
    ),
    Action.DECLINE_REQUEST: Transition(
        frozenset({State.REQUESTED}),
        State.DECLINED,
        _by(Role.LEADER),
        True,
        "The institution doesn't take part; it is told why and may ask again.",
    ),
    Action.DECLINE_INVITATION: Transition(
        frozenset({State.INVITED}),
        State.DECLINED,
        _by(Role.INSTITUTION),
        True,
        "The institution doesn't want to take part; the group is told why.",
    ),
    Action.WITHDRAW_REQUEST: Transition(
        frozenset({State.REQUESTED}),
        State.WITHDRAWN,
        _by(Role.INSTITUTION),
        False,
        "The institution no longer asks.",
    ),
    Action.WITHDRAW_INVITATION: Transition(
        frozenset({State.INVITED}),
        State.WITHDRAWN,
        _by(Role.LEADER),
        False,
        "The group no longer asks.",
    ),
    Action.LEAVE: Transition(
        LASTING,
        State.LEFT,
        _by(Role.INSTITUTION),
        False,
        "The institution no longer takes part; it may join again.",
    ),
    Action.REMOVE: Transition(
        LASTING,
        State.REMOVED,
        _by(Role.LEADER),
        True,
        "The group goes on without the institution, which is told why.",
    ),
    Action.SUSPEND: Transition(
        frozenset({State.ACTIVE}),
        State.SUSPENDED,
        _by(Role.REGISTRY),
        False,
        "What the membership rests on has changed at the registry: it waits to be confirmed.",
    ),
    Action.CONFIRM: Transition(
        frozenset({State.SUSPENDED}),
        State.ACTIVE,
        _by(Role.LEADER),
        False,
        "The membership goes on in spite of the change.",
    ),
    Action.RESTORE: Transition(
        frozenset({State.SUSPENDED}),
        State.ACTIVE,
        _by(Role.REGISTRY),
        False,
        "The institution was reinstated: what its suspension took is back.",
    ),
    Action.MERGE: Transition(
        LASTING,
        State.MERGED,
        _by(Role.REGISTRY),
        False,
        "The institution became part of another, which goes on in its place.",
    ),
    Action.UNMERGE: Transition(
        frozenset({State.MERGED}),
        None,
        _by(Role.REGISTRY),
        False,
        "The merge was undone: the institution is back as it was.",
    ),
}
"""Every step there is. What is not here can't happen."""

_STATED = {
    State.REQUESTED: "waits for an answer to its request",
    State.INVITED: "is invited",
    State.ACTIVE: "takes part",
    State.SUSPENDED: "is suspended until it is confirmed",
    State.DECLINED: "was declined",
    State.WITHDRAWN: "was withdrawn",
    State.LEFT: "has ended",
    State.REMOVED: "was removed",
    State.MERGED: "ended in another institution's",
}

_WHO = {
    Role.INSTITUTION: "somebody who speaks for the institution",
    Role.LEADER: "a coordinator or co-chair of the group",
    Role.PLATFORM_COORDINATOR: "a coordinator of the platform",
    Role.REGISTRY: "nobody here: the registry",
}


@dataclass(frozen=True)
class Actor:
    """Who takes a step, and in which roles; the registry has no id here."""

    id: UUID | None
    roles: frozenset[Role]


REGISTRY = Actor(None, frozenset({Role.REGISTRY}))


def require_step(
    action: Action, before: str | None, by: Actor, reason: str | None = None
) -> Transition:
    """Return the transition; raise a Problem unless it may be taken.

    403 when another must do it, 409 when it can't follow the state, 422 without its reason.
    """
    transition = TRANSITIONS[action]
    if transition.by.isdisjoint(by.roles):
        who = " or ".join(_WHO[role] for role in Role if role in transition.by)
        raise Problem(FORBIDDEN, f"Only {who} may do this: ask them.")
    if before is not None and before not in transition.sources:
        states = " or ".join(state.value for state in State if state in transition.sources)
        raise Problem(
            NOT_ALLOWED_NOW,
            f"This membership {_STATED[State(before)]} ({before}); the step "
            f"{action.value.replace('_', ' ')} is for one that is {states}.",
        )
    if transition.reason_required and not reason:
        raise Problem(
            INVALID,
            "Say why in the field reason: the other side reads it.",
            errors=[FieldError(pointer="/reason", detail="A reason is needed.")],
        )
    return transition


def note(
    session: Session,
    row: Membership | Admission | Participant,
    action: str,
    before: str | None,
    by: Actor,
    *,
    reason: str | None = None,
    after: str | None = None,
) -> None:
    """Write the step into the history, with the state that the row has now or ``after``."""
    person = row if isinstance(row, Participant) else None
    session.add(
        MembershipHistory(
            group_id=row.group_id,
            institution_id=row.institution_id,
            person_id=person.person_id if person else None,
            role=person.role if person else None,
            action=action,
            from_state=before,
            to_state=after or row.state,
            actor_id=by.id,
            reason=reason,
        )
    )
