"""What may follow what in the life of a registration, who may do it, and why: one table."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.registry.tables import Institution
from shared.problems import NOT_ALLOWED_NOW, Problem


class Status(StrEnum):
    """Where a registration stands."""

    UNCONFIRMED = "unconfirmed"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    VERIFIED = "verified"
    REJECTED = "rejected"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


class Role(StrEnum):
    """Who may take a step."""

    ANYBODY = "anybody"
    FOCAL_POINT = "focal_point"
    COORDINATOR = "coordinator"
    CALENDAR = "calendar"
    """Nobody: a day has come."""


class Action(StrEnum):
    """A step in the life of a registration."""

    REGISTER = "register"
    IMPORT = "import"
    CONFIRM = "confirm"
    UPDATE = "update"
    SUBMIT = "submit"
    RETURN = "return"
    VERIFY = "verify"
    REJECT = "reject"
    RENEW = "renew"
    EXPIRE = "expire"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    WITHDRAW = "withdraw"
    MERGE = "merge"
    ABSORB = "absorb"
    UNMERGE = "unmerge"
    RELEASE = "release"


@dataclass(frozen=True)
class Transition:
    """What an action does: from which states, into which, by whom, and why.

    Without a target the state stays, or after `Action.UNMERGE` is again what it was.
    """

    sources: frozenset[Status]
    target: Status | None
    by: frozenset[Role]
    why: str


def _transition(sources: set[Status], target: Status | None, why: str, *by: Role) -> Transition:
    return Transition(frozenset(sources), target, frozenset(by), why)


TRANSITIONS: Mapping[Action, Transition] = {
    Action.REGISTER: _transition(
        set(),
        Status.UNCONFIRMED,
        "An institution asks to become a partner and names who speaks for it.",
        Role.ANYBODY,
    ),
    Action.IMPORT: _transition(
        set(),
        Status.SUBMITTED,
        "A coordinator brings in a partner that is known; nobody speaks for it yet.",
        Role.COORDINATOR,
    ),
    Action.CONFIRM: _transition(
        {Status.UNCONFIRMED},
        Status.SUBMITTED,
        "The focal point reads mail at the address that was given.",
        Role.FOCAL_POINT,
    ),
    Action.UPDATE: _transition(
        {Status.SUBMITTED, Status.RETURNED, Status.VERIFIED},
        None,
        "Something in the profile is wrong or has changed.",
        Role.FOCAL_POINT,
        Role.COORDINATOR,
    ),
    Action.SUBMIT: _transition(
        {Status.RETURNED, Status.WITHDRAWN},
        Status.SUBMITTED,
        "What was asked for is corrected, or the institution comes back after it withdrew.",
        Role.FOCAL_POINT,
    ),
    Action.RETURN: _transition(
        {Status.SUBMITTED},
        Status.RETURNED,
        "Something must be corrected before it can be verified.",
        Role.COORDINATOR,
    ),
    Action.VERIFY: _transition(
        {Status.SUBMITTED},
        Status.VERIFIED,
        "The checklist shows that the institution is what it says; holds for five years.",
        Role.COORDINATOR,
    ),
    Action.REJECT: _transition(
        {Status.SUBMITTED},
        Status.REJECTED,
        "It is no institution, or it is registered already; this is final.",
        Role.COORDINATOR,
    ),
    Action.RENEW: _transition(
        {Status.VERIFIED},
        None,
        "The checklist was gone through again; holds for five years from then.",
        Role.COORDINATOR,
    ),
    Action.EXPIRE: _transition(
        {Status.VERIFIED},
        None,
        "The five years are over: it stays a partner, marked as lapsed until it is renewed.",
        Role.CALENDAR,
    ),
    Action.SUSPEND: _transition(
        {Status.VERIFIED},
        Status.SUSPENDED,
        "A concern is looked into; until then it is not shown and takes no part.",
        Role.COORDINATOR,
    ),
    Action.REINSTATE: _transition(
        {Status.SUSPENDED},
        Status.VERIFIED,
        "The concern is settled; its verification holds as long as before.",
        Role.COORDINATOR,
    ),
    Action.WITHDRAW: _transition(
        {Status.SUBMITTED, Status.RETURNED, Status.VERIFIED},
        Status.WITHDRAWN,
        "The institution no longer wants to be a partner; it may submit itself again.",
        Role.FOCAL_POINT,
    ),
    Action.MERGE: _transition(
        set(Status) - {Status.UNCONFIRMED, Status.REJECTED, Status.MERGED},
        Status.MERGED,
        "It is the same as another institution, which goes on with what it had.",
        Role.COORDINATOR,
    ),
    Action.ABSORB: _transition(
        {Status.SUBMITTED, Status.RETURNED, Status.VERIFIED},
        None,
        "Another institution that is the same was merged into it.",
        Role.COORDINATOR,
    ),
    Action.UNMERGE: _transition(
        {Status.MERGED},
        None,
        "It was not the same after all: it stands for itself again, as it stood before.",
        Role.COORDINATOR,
    ),
    Action.RELEASE: _transition(
        set(Status) - {Status.UNCONFIRMED, Status.MERGED},
        None,
        "What was merged into it stands for itself again.",
        Role.COORDINATOR,
    ),
}
"""Every step there is. What is not here can't happen."""

_DONE = {
    Action.CONFIRM: "confirmed",
    Action.UPDATE: "changed",
    Action.SUBMIT: "submitted",
    Action.RETURN: "returned",
    Action.VERIFY: "verified",
    Action.REJECT: "rejected",
    Action.RENEW: "verified again",
    Action.EXPIRE: "marked as lapsed",
    Action.SUSPEND: "suspended",
    Action.REINSTATE: "reinstated",
    Action.WITHDRAW: "withdrawn",
    Action.MERGE: "merged into another",
    Action.ABSORB: "joined with another",
    Action.UNMERGE: "taken apart again",
    Action.RELEASE: "taken apart again",
}


def require_possible(institution: Institution, action: Action) -> None:
    """Raise a Problem (409) when the action can't follow the institution's state."""
    sources = TRANSITIONS[action].sources
    if institution.status not in sources:
        states = " or ".join(status.value for status in Status if status in sources)
        raise Problem(
            NOT_ALLOWED_NOW,
            f"A registration that is {institution.status} can't be {_DONE[action]}; "
            f"only one that is {states} can.",
        )
