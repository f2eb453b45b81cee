"""The life of an introduction: one table says what may follow what, and which side may do it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session

from services.registry.tables import Introduction, IntroductionHistoryEntry, SupportItem
from shared import outbox
from shared.events.catalogue import (
    IntroductionAccepted,
    IntroductionAgreed,
    IntroductionDeclined,
    IntroductionDelivered,
    IntroductionEvent,
    IntroductionFacts,
    IntroductionFellThrough,
    IntroductionRequested,
    IntroductionWithdrawn,
    VolumeFacts,
)
from shared.problems import NOT_ALLOWED_NOW, Problem


class State(StrEnum):
    """How far an introduction came."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    AGREED = "agreed"
    DELIVERED = "delivered"
    FELL_THROUGH = "fell_through"


class Action(StrEnum):
    """A step of an introduction."""

    REQUEST = "request"
    ACCEPT = "accept"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    AGREE = "agree"
    DELIVER = "deliver"
    FAIL = "fail"


class Role(StrEnum):
    """Whose people take a step."""

    RECIPIENT = "recipient"
    PROVIDER = "provider"
    COORDINATOR = "coordinator"


@dataclass(frozen=True)
class Transition:
    """What an action does: from which states, into which, and by whom."""

    sources: frozenset[State]
    target: State
    by: frozenset[Role]


def _transition(sources: set[State], target: State, *by: Role) -> Transition:
    return Transition(frozenset(sources), target, frozenset(by))


TRANSITIONS: Mapping[Action, Transition] = {
    Action.REQUEST: _transition(set(), State.REQUESTED, Role.RECIPIENT),
    Action.ACCEPT: _transition({State.REQUESTED}, State.ACCEPTED, Role.PROVIDER),
    Action.DECLINE: _transition({State.REQUESTED}, State.DECLINED, Role.PROVIDER),
    Action.WITHDRAW: _transition({State.REQUESTED}, State.WITHDRAWN, Role.RECIPIENT),
    # The need belongs to its recipient, who alone says that an offer is what was asked for.
    Action.AGREE: _transition({State.ACCEPTED}, State.AGREED, Role.RECIPIENT),
    Action.DELIVER: _transition({State.AGREED}, State.DELIVERED, Role.RECIPIENT, Role.COORDINATOR),
    Action.FAIL: _transition(
        {State.ACCEPTED, State.AGREED},
        State.FELL_THROUGH,
        Role.RECIPIENT,
        Role.PROVIDER,
        Role.COORDINATOR,
    ),
}
"""Every step there is. What is not here can't happen."""

UNDER_WAY = frozenset({State.REQUESTED, State.ACCEPTED, State.AGREED})
"""The states from which it goes on; a need and an offer share one such introduction at most."""

INTRODUCED = frozenset({State.ACCEPTED, State.AGREED, State.DELIVERED})
"""The states in which each side sees whom to talk to."""

_DONE = {
    Action.ACCEPT: "accepted",
    Action.DECLINE: "declined",
    Action.WITHDRAW: "withdrawn",
    Action.AGREE: "agreed",
    Action.DELIVER: "delivered",
    Action.FAIL: "said to have fallen through",
}

_EVENTS: Mapping[Action, type[IntroductionEvent]] = {
    Action.REQUEST: IntroductionRequested,
    Action.ACCEPT: IntroductionAccepted,
    Action.AGREE: IntroductionAgreed,
    Action.DELIVER: IntroductionDelivered,
}


def begin(
    session: Session, introduction: Introduction, sides: "Sides", by: UUID, now: datetime
) -> None:
    """Store a new request with the first entry of its history."""
    introduction.state = State.REQUESTED
    introduction.version = 1
    introduction.requested_at = introduction.updated_at = now
    session.add(introduction)
    session.flush()
    _remember(session, introduction, Action.REQUEST, before=None, by=by, reason=None)
    _tell(session, introduction, sides, Action.REQUEST, None)


def step(
    session: Session,
    introduction: Introduction,
    sides: "Sides",
    action: Action,
    *,
    by: UUID | None,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Take a step: its state, its version, its history and its event.

    Raises a Problem (409) when the action can't follow the state.
    """
    require_possible(introduction, action)
    before = introduction.state
    introduction.state = TRANSITIONS[action].target
    introduction.version += 1
    introduction.updated_at = now
    introduction.reason = reason if reason is not None else introduction.reason
    session.add(introduction)
    _remember(session, introduction, action, before=before, by=by, reason=reason)
    _tell(session, introduction, sides, action, reason)


def require_possible(introduction: Introduction, action: Action) -> None:
    """Raise a Problem (409) when the action can't follow the introduction's state."""
    sources = TRANSITIONS[action].sources
    if introduction.state not in sources:
        states = " or ".join(state.value for state in State if state in sources)
        raise Problem(
            NOT_ALLOWED_NOW,
            f"An introduction that is {introduction.state} can't be {_DONE[action]}; "
            f"only one that is {states} can.",
        )


@dataclass(frozen=True)
class Sides:
    """The two sides of an introduction: the recipient's need and the provider's offer."""

    need: SupportItem
    offer: SupportItem


def facts(introduction: Introduction, sides: Sides) -> IntroductionFacts:
    """Return what other services are told of an introduction."""
    return IntroductionFacts(
        introduction_id=introduction.id,
        need_id=introduction.need_id,
        offer_id=introduction.offer_id,
        recipient_id=sides.need.institution_id,
        provider_id=sides.offer.institution_id,
        state=State(introduction.state).value,
        volume=(
            VolumeFacts(
                amount=introduction.volume_amount,
                unit=introduction.volume_unit or "",
                currency=introduction.volume_currency,
            )
            if introduction.volume_amount is not None
            else None
        ),
        delivered_on=introduction.delivered_on,
        version=introduction.version,
    )


def _remember(
    session: Session,
    introduction: Introduction,
    action: Action,
    *,
    before: str | None,
    by: UUID | None,
    reason: str | None,
) -> None:
    session.add(
        IntroductionHistoryEntry(
            introduction_id=introduction.id,
            version=introduction.version,
            action=action,
            from_state=before,
            to_state=introduction.state,
            actor_id=by,
            reason=reason,
            at=introduction.updated_at,
        )
    )


def _tell(
    session: Session,
    introduction: Introduction,
    sides: Sides,
    action: Action,
    reason: str | None,
) -> None:
    told = facts(introduction, sides)
    data: IntroductionEvent
    if action is Action.DECLINE:
        data = IntroductionDeclined(introduction=told, reason=reason or "")
    elif action is Action.WITHDRAW:
        data = IntroductionWithdrawn(introduction=told, reason=reason or "")
    elif action is Action.FAIL:
        data = IntroductionFellThrough(introduction=told, reason=reason or "")
    else:
        data = _EVENTS[action](introduction=told)
    outbox.publish(session, data, subject=f"introductions/{introduction.id}")
