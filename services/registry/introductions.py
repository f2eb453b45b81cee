"""Introductions: the recipient asks, the other side answers, and what came of it is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import case
from sqlmodel import Session, col, func, select

from services.registry import support_lifecycle
from services.registry.introduction_lifecycle import (
    UNDER_WAY,
    Action,
    Sides,
    State,
    begin,
    require_possible,
    step,
)
from services.registry.support_lifecycle import OPEN
from services.registry.support_terms import Volume, volume_faults
from services.registry.tables import (
    FocalPoint,
    Institution,
    Introduction,
    Person,
    SupportItem,
    SupportMatch,
)
from services.registry.transitions import Status
from shared.columns import utc_now
from shared.problems import CONFLICT, INVALID, NOT_ALLOWED_NOW, FieldError, Problem

_ASKS = OPEN | {support_lifecycle.State.AGREED}
"""A need that is agreed may ask others for what is still missing."""

_FOLLOWS = {
    support_lifecycle.State.AGREED: support_lifecycle.Action.AGREE,
    support_lifecycle.State.MATCHED: support_lifecycle.Action.MATCH,
    support_lifecycle.State.DELIVERED: support_lifecycle.Action.DELIVER,
    support_lifecycle.State.PUBLISHED: support_lifecycle.Action.REOPEN,
}


def request(session: Session, sides: Sides, message: str, by: UUID) -> Introduction:
    """Ask the offering institution for an introduction; both rows of ``sides`` are locked.

    Raises a Problem (409): both are of one institution, either isn't open or its institution isn't
    verified, or they share an introduction that is under way.
    """
    need, offer = sides.need, sides.offer
    if need.institution_id == offer.institution_id:
        raise Problem(
            CONFLICT,
            "Need and offer are of one institution, which needs no introduction to itself. "
            "Choose another offer.",
        )
    _require_state(need, need.state in _ASKS, "published, matched or agreed")
    _require_state(offer, offer.state in OPEN, "published or matched")
    for item in (need, offer):
        _require_verified(session, item)
    if session.exec(
        select(Introduction.id).where(
            Introduction.need_id == need.id,
            Introduction.offer_id == offer.id,
            col(Introduction.state).in_(UNDER_WAY),
        )
    ).first():
        raise Problem(
            CONFLICT,
            "An introduction of this need and this offer is under way already; see "
            f"GET /introductions?need_id={need.id}.",
        )
    introduction = Introduction(need_id=need.id, offer_id=offer.id, message=message, state="")
    begin(session, introduction, sides, by, utc_now())
    if match := _match_of(session, sides):
        match.standing = "accepted"
        session.add(match)
    return introduction


def accept(session: Session, introduction: Introduction, sides: Sides, by: UUID) -> None:
    """Agree to talk: from now on each side sees whom to talk to."""
    require_possible(introduction, Action.ACCEPT)
    for item in (sides.need, sides.offer):
        _require_verified(session, item)
    _go(session, introduction, sides, Action.ACCEPT, by=by)


def decline(
    session: Session, introduction: Introduction, sides: Sides, by: UUID, reason: str
) -> None:
    """Decline a request, with the reason."""
    _go(session, introduction, sides, Action.DECLINE, by=by, reason=reason)


def withdraw(
    session: Session, introduction: Introduction, sides: Sides, by: UUID, reason: str
) -> None:
    """Take a request back that nobody has answered."""
    _go(session, introduction, sides, Action.WITHDRAW, by=by, reason=reason)


def agree(
    session: Session, introduction: Introduction, sides: Sides, by: UUID, volume: Volume | None
) -> None:
    """Accept what was offered, in the volume that was agreed."""
    require_possible(introduction, Action.AGREE)
    _keep_volume(introduction, volume)
    _go(session, introduction, sides, Action.AGREE, by=by)


def deliver(
    session: Session,
    introduction: Introduction,
    sides: Sides,
    *,
    by: UUID,
    volume: Volume,
    delivered_on: date,
) -> None:
    """Record what was delivered and on which day.

    Raises a Problem: 409 before an agreement, 422 for a day to come or a volume that doesn't fit.
    """
    require_possible(introduction, Action.DELIVER)
    # It may be tomorrow already where it was delivered.
    if delivered_on > utc_now().date() + timedelta(days=1):
        raise Problem(
            INVALID,
            "A delivery can be recorded once it has happened.",
            errors=[
                FieldError(pointer="/delivered_on", detail="Give the day on which it happened.")
            ],
        )
    _keep_volume(introduction, volume)
    introduction.delivered_on = delivered_on
    _go(session, introduction, sides, Action.DELIVER, by=by)


def fail(session: Session, introduction: Introduction, sides: Sides, by: UUID, reason: str) -> None:
    """Record that nothing comes of it, and why; need and offer are open again."""
    _go(session, introduction, sides, Action.FAIL, by=by, reason=reason)


def end_requests(session: Session, item: SupportItem, reason: str) -> None:
    """Withdraw the requests that wait for an answer, because the need or the offer has ended."""
    waiting = session.exec(
        select(Introduction)
        .where(
            (col(Introduction.need_id) == item.id) | (col(Introduction.offer_id) == item.id),
            Introduction.state == State.REQUESTED,
        )
        .order_by(col(Introduction.id))
        .with_for_update()
    ).all()
    for introduction in waiting:
        sides = sides_of(session, introduction)
        step(session, introduction, sides, Action.WITHDRAW, by=None, now=utc_now(), reason=reason)
        _put_back(session, sides)


def sides_of(session: Session, introduction: Introduction) -> Sides:
    """Return the need and the offer of an introduction."""
    return Sides(
        session.get_one(SupportItem, introduction.need_id),
        session.get_one(SupportItem, introduction.offer_id),
    )


def contacts(session: Session, institution_id: UUID) -> Sequence[Person]:
    """Return who speaks for an institution, its focal points before its alternates."""
    return session.exec(
        select(Person)
        .join(FocalPoint, col(FocalPoint.person_id) == col(Person.id))
        .where(
            FocalPoint.institution_id == institution_id,
            col(FocalPoint.confirmed_at).is_not(None),
        )
        .order_by(col(FocalPoint.role).desc(), col(Person.id))
    ).all()


def _go(
    session: Session,
    introduction: Introduction,
    sides: Sides,
    action: Action,
    *,
    by: UUID,
    reason: str | None = None,
) -> None:
    now = utc_now()
    step(session, introduction, sides, action, by=by, now=now, reason=reason)
    session.flush()
    if introduction.state not in UNDER_WAY and introduction.state != State.DELIVERED:
        _put_back(session, sides)
    for item in (sides.need, sides.offer):
        _follow(session, item, by, now)


def _follow(session: Session, item: SupportItem, by: UUID, now: datetime) -> None:
    """Let a need or an offer be as far as the furthest of its introductions under way."""
    reached = set(
        session.exec(
            select(Introduction.state).where(
                (col(Introduction.need_id) == item.id) | (col(Introduction.offer_id) == item.id)
            )
        )
    )
    if State.AGREED in reached:
        target = support_lifecycle.State.AGREED
    elif State.ACCEPTED in reached:
        target = support_lifecycle.State.MATCHED
    elif State.DELIVERED in reached:
        target = support_lifecycle.State.DELIVERED
    else:
        target = support_lifecycle.State.PUBLISHED
    if item.state == target:
        return
    support_lifecycle.step(session, item, _FOLLOWS[target], by, now)
    if target in OPEN:
        # While it was agreed, what was published didn't look for it.
        item.match_again_at = now
        session.add(item)
    if target == support_lifecycle.State.DELIVERED:
        end_requests(session, item, f"The {item.side} is delivered.")


def _put_back(session: Session, sides: Sides) -> None:
    """Let the recipient ask again on a match whose introduction has ended."""
    match = _match_of(session, sides)
    if match is not None and match.standing == "accepted":
        match.standing = "proposed"
        session.add(match)


def _match_of(session: Session, sides: Sides) -> SupportMatch | None:
    return session.exec(
        select(SupportMatch).where(
            SupportMatch.need_id == sides.need.id, SupportMatch.offer_id == sides.offer.id
        )
    ).first()


def _keep_volume(introduction: Introduction, volume: Volume | None) -> None:
    if volume is None:
        return
    if faults := volume_faults(volume, "/volume"):
        raise Problem(
            INVALID, "The volume doesn't fit; each fault is named with what to do.", errors=faults
        )
    introduction.volume_amount = volume.amount
    introduction.volume_unit = volume.unit
    introduction.volume_currency = volume.currency


def _require_state(item: SupportItem, fits: bool, states: str) -> None:
    if not fits:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"The {item.side} is {item.state}; an introduction needs one that is {states}.",
        )


def _require_verified(session: Session, item: SupportItem) -> None:
    institution = session.get_one(Institution, item.institution_id)
    if institution.status != Status.VERIFIED:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"The institution of the {item.side} is {institution.status}; both sides of an "
            "introduction must be verified.",
        )


@dataclass(frozen=True)
class Requests:
    """How often a need was put to an offering institution, and how often it was declined."""

    asked: int = 0
    declined: int = 0


def summaries(session: Session, need_ids: Sequence[UUID]) -> Mapping[UUID, Requests]:
    """Return for each need how many introductions were asked for and declined."""
    rows = session.execute(
        select(
            Introduction.need_id,
            func.count(),
            func.sum(case((col(Introduction.state) == State.DECLINED, 1), else_=0)),
        )
        .where(col(Introduction.need_id).in_(need_ids))
        .group_by(col(Introduction.need_id))
    )
    return {
        **dict.fromkeys(need_ids, Requests()),
        **{row[0]: Requests(row[1], row[2]) for row in rows},
    }
