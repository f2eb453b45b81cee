"""The life of a need or an offer: one table says what may follow what.

While it is a draft, nobody is told. From its publication on, each step is an event.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.registry.tables import Institution, SupportCode, SupportHistoryEntry, SupportItem
from shared import outbox
from shared.columns import utc_now
from shared.events.catalogue import (
    NeedAgreed,
    NeedDelivered,
    NeedEvent,
    NeedExpired,
    NeedMatched,
    NeedPublished,
    NeedReopened,
    NeedUpdated,
    NeedWithdrawn,
    OfferAgreed,
    OfferDelivered,
    OfferEvent,
    OfferExpired,
    OfferMatched,
    OfferPublished,
    OfferReopened,
    OfferUpdated,
    OfferWithdrawn,
    SupportFacts,
    VolumeFacts,
)
from shared.problems import NOT_ALLOWED_NOW, Problem


class Side(StrEnum):
    """Whether something is asked for or given."""

    NEED = "need"
    OFFER = "offer"

    @property
    def other(self) -> "Side":
        """What it is matched with."""
        return Side.OFFER if self is Side.NEED else Side.NEED


class State(StrEnum):
    """Where a need or an offer stands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    MATCHED = "matched"
    AGREED = "agreed"
    DELIVERED = "delivered"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Action(StrEnum):
    """A step of a need or an offer."""

    CREATE = "create"
    UPDATE = "update"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"
    RANK = "rank"
    DISMISS = "dismiss"
    RESTORE = "restore"
    EXPIRE = "expire"
    MATCH = "match"
    AGREE = "agree"
    DELIVER = "deliver"
    REOPEN = "reopen"


class By(StrEnum):
    """Who takes a step."""

    INSTITUTION = "institution"
    INTRODUCTION = "introduction"
    CALENDAR = "calendar"


@dataclass(frozen=True)
class Transition:
    """What an action does: from which states, into which (``None``: it stays), and by whom."""

    sources: frozenset[State]
    target: State | None
    by: By


OPEN = frozenset({State.PUBLISHED, State.MATCHED})
"""The states in which it is proposed to the other side."""

SHOWN = OPEN | {State.AGREED, State.DELIVERED}
"""The states in which others see it."""

TRANSITIONS: Mapping[Action, Transition] = {
    Action.CREATE: Transition(frozenset(), State.DRAFT, By.INSTITUTION),
    Action.UPDATE: Transition(
        frozenset({State.DRAFT, State.PUBLISHED, State.EXPIRED}), None, By.INSTITUTION
    ),
    Action.PUBLISH: Transition(
        frozenset({State.DRAFT, State.EXPIRED}), State.PUBLISHED, By.INSTITUTION
    ),
    Action.WITHDRAW: Transition(
        frozenset({State.DRAFT, State.PUBLISHED, State.EXPIRED}), State.WITHDRAWN, By.INSTITUTION
    ),
    Action.RANK: Transition(OPEN, None, By.INSTITUTION),
    Action.DISMISS: Transition(OPEN, None, By.INSTITUTION),
    Action.RESTORE: Transition(OPEN, None, By.INSTITUTION),
    Action.EXPIRE: Transition(frozenset({State.PUBLISHED}), State.EXPIRED, By.CALENDAR),
    Action.MATCH: Transition(
        frozenset({State.PUBLISHED, State.AGREED}), State.MATCHED, By.INTRODUCTION
    ),
    Action.AGREE: Transition(frozenset({State.MATCHED}), State.AGREED, By.INTRODUCTION),
    Action.DELIVER: Transition(
        frozenset({State.MATCHED, State.AGREED}), State.DELIVERED, By.INTRODUCTION
    ),
    Action.REOPEN: Transition(
        frozenset({State.MATCHED, State.AGREED}), State.PUBLISHED, By.INTRODUCTION
    ),
}
"""Every step there is. What is not here can't happen."""

_DONE = {
    Action.UPDATE: "changed",
    Action.PUBLISH: "published",
    Action.WITHDRAW: "withdrawn",
    Action.RANK: "given an order of its matches",
    Action.DISMISS: "relieved of a match",
    Action.RESTORE: "given a match again",
    Action.EXPIRE: "expired",
    Action.MATCH: "matched",
    Action.AGREE: "agreed",
    Action.DELIVER: "delivered",
    Action.REOPEN: "opened again",
}

NEED_EVENTS: Mapping[Action, type[NeedEvent]] = {
    Action.UPDATE: NeedUpdated,
    Action.PUBLISH: NeedPublished,
    Action.WITHDRAW: NeedWithdrawn,
    Action.EXPIRE: NeedExpired,
    Action.MATCH: NeedMatched,
    Action.AGREE: NeedAgreed,
    Action.DELIVER: NeedDelivered,
    Action.REOPEN: NeedReopened,
}
OFFER_EVENTS: Mapping[Action, type[OfferEvent]] = {
    Action.UPDATE: OfferUpdated,
    Action.PUBLISH: OfferPublished,
    Action.WITHDRAW: OfferWithdrawn,
    Action.EXPIRE: OfferExpired,
    Action.MATCH: OfferMatched,
    Action.AGREE: OfferAgreed,
    Action.DELIVER: OfferDelivered,
    Action.REOPEN: OfferReopened,
}
"""The event of each step. How a recipient orders its matches is its own affair and told nobody."""


def begin(session: Session, item: SupportItem, by: UUID, now: datetime) -> None:
    """Store a new draft with the first entry of its history."""
    item.state = State.DRAFT
    item.version = 1
    item.created_at = item.updated_at = now
    session.add(item)
    session.flush()
    session.add(
        SupportHistoryEntry(
            item_id=item.id,
            version=1,
            action=Action.CREATE,
            to_state=State.DRAFT,
            actor_id=by,
            at=now,
        )
    )


def step(
    session: Session,
    item: SupportItem,
    action: Action,
    by: UUID | None,
    now: datetime | None = None,
    *,
    reason: str | None = None,
    changes: dict[str, list[Any]] | None = None,
) -> None:
    """Take a step: its state, its version, its history and its event.

    Raises a Problem (409) when the action can't follow the state.
    """
    require_possible(item, action)
    before, moment = item.state, now or utc_now()
    item.state = TRANSITIONS[action].target or before
    item.version += 1
    item.updated_at = moment
    if item.state != before:
        _wait_from(item, moment)
    session.add(item)
    session.add(
        SupportHistoryEntry(
            item_id=item.id,
            version=item.version,
            action=action,
            from_state=before,
            to_state=item.state,
            actor_id=by,
            reason=reason,
            changes=changes,
            at=moment,
        )
    )
    # A draft that is changed or withdrawn was never anybody else's.
    if before != State.DRAFT or action is Action.PUBLISH:
        _tell(session, item, action)


def require_possible(item: SupportItem, action: Action) -> None:
    """Raise a Problem (409) when the action can't follow the state of the need or offer."""
    sources = TRANSITIONS[action].sources
    if item.state not in sources:
        states = " or ".join(state.value for state in State if state in sources)
        raise Problem(
            NOT_ALLOWED_NOW,
            f"A {item.side} that is {item.state} can't be {_DONE[action]}; "
            f"only one that is {states} can.",
        )


def facts(session: Session, item: SupportItem) -> SupportFacts:
    """Return what other services are told of a need or an offer."""
    session.flush()
    institution = session.get_one(Institution, item.institution_id)
    codes = codes_of(session, [item])[item.id]
    return SupportFacts(
        **item.model_dump(
            include={
                "institution_id",
                "title",
                "text",
                "kind",
                "starts_on",
                "ends_on",
                "state",
                "version",
            }
        ),
        item_id=item.id,
        institution_name=institution.name,
        institution_acronym=institution.acronym,
        **codes,
        volume=(
            VolumeFacts(
                amount=item.volume_amount,
                unit=item.volume_unit or "",
                currency=item.volume_currency,
            )
            if item.volume_amount is not None
            else None
        ),
    )


def codes_of(session: Session, items: "list[SupportItem]") -> dict[UUID, dict[str, list[str]]]:
    """Return the codes of each item by vocabulary, in order."""
    codes: dict[UUID, dict[str, list[str]]] = {
        item.id: {"themes": [], "sdgs": [], "countries": [], "languages": []} for item in items
    }
    for row in session.execute(
        select(SupportCode.item_id, SupportCode.vocabulary, SupportCode.code)
        .where(col(SupportCode.item_id).in_(codes))
        .order_by(col(SupportCode.item_id), col(SupportCode.vocabulary), col(SupportCode.code))
    ):
        codes[row.item_id][row.vocabulary].append(row.code)
    return codes


def path_of(item: SupportItem) -> str:
    """Return where a need or an offer is found: ``needs/<id>`` or ``offers/<id>``."""
    return f"{item.side}s/{item.id}"


def _wait_from(item: SupportItem, moment: datetime) -> None:
    waits = item.state == State.PUBLISHED
    item.waiting_since = moment if waits else None
    item.waiting_key = f"{moment:%Y-%m-%dT%H:%M:%S.%f} {item.id}" if waits else None
    item.unanswered_days = 0
    if waits and item.published_at is None:
        item.published_at = moment


def _tell(session: Session, item: SupportItem, action: Action) -> None:
    if item.side == Side.NEED and action in NEED_EVENTS:
        told: NeedEvent | OfferEvent = NEED_EVENTS[action](need=facts(session, item))
    elif item.side == Side.OFFER and action in OFFER_EVENTS:
        told = OFFER_EVENTS[action](offer=facts(session, item))
    else:
        return
    outbox.publish(session, told, subject=path_of(item))
