"""The life of a group: one table says what may follow what, who may do it, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.workgroups.tables import Group, GroupHistory
from shared.columns import utc_now
from shared.problems import FORBIDDEN, INVALID, NOT_ALLOWED_NOW, FieldError, Problem


class Status(StrEnum):
    """Where a group stands."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    DORMANT = "dormant"
    CONCLUDED = "concluded"
    REPLACED = "replaced"
    ABANDONED = "abandoned"


CLOSED = frozenset({Status.CONCLUDED, Status.REPLACED, Status.ABANDONED})
"""The states in which a group is kept, and not written to."""

OPEN = frozenset(Status) - CLOSED


class Role(StrEnum):
    """Who may take a step."""

    PLATFORM_COORDINATOR = "platform_coordinator"
    LEADER = "leader"
    """The group's own coordinator or co-chair."""


class Action(StrEnum):
    """A step in the life of a group."""

    PROPOSE = "propose"
    OPEN = "open"
    ADOPT = "adopt"
    CHANGE = "change"
    SHOW = "show"
    RETHEME = "retheme"
    REST = "rest"
    RESUME = "resume"
    CONCLUDE = "conclude"
    REPLACE = "replace"
    ABANDON = "abandon"
    RECHARTER = "recharter"


@dataclass(frozen=True)
class Transition:
    """What an action does: from which states, into which, by whom, and why.

    Without a target the state stays.
    """

    sources: frozenset[Status]
    target: Status | None
    by: frozenset[Role]
    reason_required: bool
    why: str


_PLATFORM = frozenset({Role.PLATFORM_COORDINATOR})
_LEADERS = frozenset(Role)

TRANSITIONS: Mapping[Action, Transition] = {
    Action.PROPOSE: Transition(
        frozenset(),
        Status.PROPOSED,
        _PLATFORM,
        False,
        "A group is thought of; members gather, and nothing is decided yet.",
    ),
    Action.OPEN: Transition(
        frozenset(), Status.ACTIVE, _PLATFORM, False, "A group starts with its charter."
    ),
    Action.ADOPT: Transition(
        frozenset({Status.PROPOSED}),
        Status.ACTIVE,
        _PLATFORM,
        False,
        "The proposal found support: the group starts its work.",
    ),
    Action.CHANGE: Transition(
        OPEN, None, _LEADERS, False, "Something in its charter or its settings is different now."
    ),
    Action.SHOW: Transition(
        frozenset(Status), None, _LEADERS, False, "Others than before may see it."
    ),
    Action.RETHEME: Transition(
        frozenset(Status), None, _PLATFORM, True, "Its theme was merged into another."
    ),
    Action.REST: Transition(
        frozenset({Status.ACTIVE}),
        Status.DORMANT,
        _LEADERS,
        True,
        "There is nothing to do for a while; its members stay.",
    ),
    Action.RESUME: Transition(
        frozenset({Status.DORMANT}), Status.ACTIVE, _LEADERS, False, "There is work again."
    ),
    Action.CONCLUDE: Transition(
        frozenset({Status.ACTIVE, Status.DORMANT}),
        Status.CONCLUDED,
        _LEADERS,
        True,
        "It has done what its charter says; the reason tells what came of it.",
    ),
    Action.REPLACE: Transition(
        frozenset({Status.ACTIVE, Status.DORMANT}),
        Status.REPLACED,
        _PLATFORM,
        True,
        "Another group goes on with its work; this is final.",
    ),
    Action.ABANDON: Transition(
        OPEN, Status.ABANDONED, _PLATFORM, True, "It is given up before its charter is fulfilled."
    ),
    Action.RECHARTER: Transition(
        frozenset({Status.CONCLUDED, Status.ABANDONED}),
        Status.ACTIVE,
        _PLATFORM,
        True,
        "It returns with a new charter: what the old one said is done or given up.",
    ),
}
"""Every step there is. What is not here can't happen."""

_DONE = {
    Action.ADOPT: "adopted",
    Action.CHANGE: "changed",
    Action.REST: "put to rest",
    Action.RESUME: "resumed",
    Action.CONCLUDE: "concluded",
    Action.REPLACE: "replaced",
    Action.ABANDON: "abandoned",
    Action.RECHARTER: "opened again",
}

_WAY_BACK = {
    Status.PROPOSED: "A coordinator of the platform adopts it with POST /groups/{id}/adopt.",
    Status.DORMANT: "Who leads it resumes it with POST /groups/{id}/resume.",
    Status.CONCLUDED: "It returns only with a new charter: POST /groups/{id}/recharter.",
    Status.ABANDONED: "It returns only with a new charter: POST /groups/{id}/recharter.",
    Status.REPLACED: "Go on in the group {successor} that replaced it.",
}


@dataclass(frozen=True)
class Actor:
    """Who takes a step, and in which roles."""

    id: UUID
    roles: frozenset[Role]


def require_possible(group: Group, action: Action) -> None:
    """Raise a Problem (409) when the action can't follow the group's state."""
    sources = TRANSITIONS[action].sources
    if group.status not in sources:
        states = " or ".join(status.value for status in Status if status in sources)
        raise Problem(
            NOT_ALLOWED_NOW,
            f"A group that is {group.status} can't be {_DONE[action]}; only one that is {states} "
            f"can. {way_back(group)}".rstrip(),
        )


def require_role(action: Action, roles: frozenset[Role]) -> None:
    """Raise a Problem (403) unless somebody in one of ``roles`` may take the step."""
    if TRANSITIONS[action].by.isdisjoint(roles):
        who = (
            "a coordinator of the platform"
            if TRANSITIONS[action].by == _PLATFORM
            else "a coordinator or co-chair of the group"
        )
        raise Problem(FORBIDDEN, f"Only {who} may do this: ask one to do it for you.")


def way_back(group: Group) -> str:
    """Return what makes the group active, in words; nothing for one that is."""
    told = _WAY_BACK.get(Status(group.status), "")
    return told.replace("{id}", str(group.id)).replace("{successor}", str(group.replaced_by))


def begin(session: Session, group: Group, action: Action, by: Actor) -> None:
    """Store a new group with the first entry of its history."""
    require_role(action, by.roles)
    session.add(
        GroupHistory(
            group_id=group.id,
            version=group.version,
            action=action,
            to_status=group.status,
            actor_id=by.id,
        )
    )
    session.flush()


def step(
    session: Session,
    group: Group,
    action: Action,
    by: Actor,
    *,
    reason: str | None = None,
    changes: Mapping[str, list[Any]] | None = None,
) -> None:
    """Take one step and note it in the history.

    Raises a Problem: 403 when another must do it, 409 when it can't follow the group's state, 422
    without the reason that it needs.
    """
    require_role(action, by.roles)
    require_possible(group, action)
    transition = TRANSITIONS[action]
    if transition.reason_required and not reason:
        raise Problem(
            INVALID,
            "Say why in the field reason: it stays in the group's history.",
            errors=[FieldError(pointer="/reason", detail="A reason is needed.")],
        )
    before, now = group.status, utc_now()
    group.status = transition.target or before
    group.version += 1
    group.updated_at = now
    session.add(group)
    session.add(
        GroupHistory(
            group_id=group.id,
            version=group.version,
            action=action,
            from_status=before,
            to_status=group.status,
            actor_id=by.id,
            reason=reason,
            changes=dict(changes) if changes else None,
            at=now,
        )
    )
    session.flush()
