"""Needs and offers: drafting, changing, publishing and withdrawing them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert
from sqlmodel import Session, col

from services.registry import introductions, matching
from services.registry.support_lifecycle import (
    OPEN,
    Action,
    Side,
    begin,
    codes_of,
    require_possible,
    step,
)
from services.registry.support_terms import (
    CODED,
    OfferDraft,
    SupportChange,
    SupportDraft,
    Volume,
    require_codes,
)
from services.registry.tables import Institution, SupportCode, SupportItem
from services.registry.transitions import Status
from shared.columns import utc_now
from shared.problems import INVALID, NOT_ALLOWED_NOW, FieldError, Problem

MATCH_AGAIN_AFTER = timedelta(minutes=1)
"""Longer than any transaction lasts: by then, what was published at the same moment is seen."""

_MAY_DRAFT = frozenset({Status.SUBMITTED, Status.RETURNED, Status.VERIFIED})


def draft(
    session: Session, institution: Institution, side: Side, said: SupportDraft, by: UUID
) -> SupportItem:
    """Store a draft.

    Raises a Problem: 409 when the institution isn't one any more, 422 for an unknown code.
    """
    if institution.status not in _MAY_DRAFT:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"An institution that is {institution.status} can't write a {side}; only one that is "
            "submitted, returned or verified can.",
        )
    require_codes(said)
    item = SupportItem(side=side, institution_id=institution.id, **_columns(said))
    begin(session, item, by, utc_now())
    _keep_codes(session, item, said)
    return item


def change(session: Session, item: SupportItem, asked: SupportChange, by: UUID) -> None:
    """Change what the input names; a change that changes nothing makes no new version.

    Raises a Problem: 409 in a state in which nothing may change, 422 for what doesn't fit.
    """
    require_possible(item, Action.UPDATE)
    known = said_of(session, item)
    before = known.model_dump(mode="json")
    said = known.model_validate({**before, **asked.model_dump(mode="json", exclude_unset=True)})
    require_codes(said)
    if item.state in OPEN:
        require_publishable(said, utc_now())
    after = said.model_dump(mode="json")
    for name in CODED:
        after[name] = sorted(after[name])
    changes = {name: [before[name], after[name]] for name in before if before[name] != after[name]}
    if not changes:
        return
    for name, value in _columns(said).items():
        setattr(item, name, value)
    session.add(item)
    _keep_codes(session, item, said)
    step(session, item, Action.UPDATE, by, changes=changes)
    if item.state in OPEN:
        _match(session, item, utc_now())


def publish(
    session: Session, item: SupportItem, institution: Institution, by: UUID, now: datetime
) -> None:
    """Show a need or an offer to others and compute its matches.

    Raises a Problem: 409 when its state or that of its institution forbids it, 422 when it says too
    little or its period is over.
    """
    require_possible(item, Action.PUBLISH)
    if institution.status != Status.VERIFIED:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"Your institution is {institution.status}; only one that is verified can publish a "
            f"{item.side}.",
        )
    require_publishable(said_of(session, item), now)
    step(session, item, Action.PUBLISH, by, now)
    _match(session, item, now)


def withdraw(session: Session, item: SupportItem, by: UUID, reason: str | None) -> None:
    """Take a need or an offer back; requests that wait for an answer end with it."""
    step(session, item, Action.WITHDRAW, by, reason=reason)
    introductions.end_requests(session, item, f"The {item.side} was withdrawn.")


def require_publishable(said: SupportDraft, now: datetime) -> None:
    """Raise a Problem (422) when what is said isn't enough for others, or its period is over."""
    faults = []
    if not said.themes:
        faults.append(
            FieldError(
                pointer="/themes",
                detail="Name at least one theme: it is found and matched by its themes.",
            )
        )
    if said.ends_on is not None and said.ends_on < now.date():
        faults.append(
            FieldError(pointer="/ends_on", detail="Its last day is over: give a later one.")
        )
    if faults:
        raise Problem(INVALID, "Others can't use it like this; see below.", errors=faults)


def said_of(session: Session, item: SupportItem) -> SupportDraft:
    """Return what a need or an offer says, in the form in which it was drafted."""
    codes = codes_of(session, [item])[item.id]
    volume = (
        None
        if item.volume_amount is None
        else Volume.model_construct(
            amount=item.volume_amount, unit=item.volume_unit or "", currency=item.volume_currency
        )
    )
    said: dict[str, Any] = {
        **item.model_dump(include={"title", "text", "kind", "starts_on", "ends_on"}),
        **codes,
        "volume": volume,
    }
    if item.side == Side.OFFER:
        return OfferDraft.model_construct(**said, facilitates=item.facilitates)
    return SupportDraft.model_construct(**said)


def _columns(said: SupportDraft) -> dict[str, Any]:
    volume = said.volume
    return {
        **said.model_dump(exclude={"volume", *CODED}),
        "volume_amount": volume.amount if volume else None,
        "volume_unit": volume.unit if volume else None,
        "volume_currency": volume.currency if volume else None,
        **{f"{name}_named": len(getattr(said, name)) for name in CODED},
    }


def _keep_codes(session: Session, item: SupportItem, said: SupportDraft) -> None:
    session.flush()
    session.execute(delete(SupportCode).where(col(SupportCode.item_id) == item.id))
    rows = [
        {
            "item_id": item.id,
            "vocabulary": name,
            "code": code,
            "side": item.side,
            "kind": item.kind,
        }
        for name in CODED
        for code in getattr(said, name)
    ]
    if rows:
        session.execute(insert(SupportCode), rows)


def _match(session: Session, item: SupportItem, now: datetime) -> None:
    item.match_again_at = now + MATCH_AGAIN_AFTER
    session.add(item)
    matching.compute(session, item, now)
