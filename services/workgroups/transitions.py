"""The life of an action item: which state may follow which, and who may bring it there."""

from enum import StrEnum

from shared.problems import FORBIDDEN, NOT_ALLOWED_NOW, Problem


class State(StrEnum):
    """Where an action item stands."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    DONE = "done"
    CANCELLED = "cancelled"


class Role(StrEnum):
    """In which role somebody changes an action item."""

    LEADING = "coordinator, co-chair or rapporteur of the group"
    ACCOUNTABLE = "focal point of the accountable institution"


UNFINISHED = frozenset({State.OPEN, State.IN_PROGRESS, State.BLOCKED})
"""The states in which something is still owed."""

EXPLAINED = frozenset({State.BLOCKED, State.CANCELLED})
"""The states that need a reason."""

_BOTH = frozenset(Role)
_LEADING = frozenset({Role.LEADING})

TRANSITIONS: dict[State, dict[State, frozenset[Role]]] = {
    State.OPEN: {
        State.IN_PROGRESS: _BOTH,
        State.BLOCKED: _BOTH,
        State.DONE: _BOTH,
        State.CANCELLED: _LEADING,
    },
    State.IN_PROGRESS: {
        State.OPEN: _BOTH,
        State.BLOCKED: _BOTH,
        State.DONE: _BOTH,
        State.CANCELLED: _LEADING,
    },
    State.BLOCKED: {
        State.OPEN: _BOTH,
        State.IN_PROGRESS: _BOTH,
        State.DONE: _BOTH,
        State.CANCELLED: _LEADING,
    },
    State.DONE: {State.IN_PROGRESS: _BOTH},
    State.CANCELLED: {State.OPEN: _LEADING},
}
"""From a state, the states that may follow, each with the roles that may bring it there."""


def require_transition(before: State, after: State, roles: frozenset[Role]) -> None:
    """Raise a Problem unless somebody in one of ``roles`` may move an item so.

    409 when the state can't follow at all, 403 when another role is needed. Staying where it is
    is no move and is always allowed.
    """
    if before == after:
        return
    following = TRANSITIONS[before]
    if after not in following:
        possible = ", ".join(following)
        raise Problem(
            NOT_ALLOWED_NOW,
            f"An action item that is {before} can't become {after}. It can become: {possible}.",
        )
    if not following[after] & roles:
        needed = " or ".join(sorted(following[after]))
        raise Problem(FORBIDDEN, f"Only a {needed} may move an action item to {after}.")
