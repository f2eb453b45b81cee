"""Who may do what with needs, offers and introductions: decided on the object and the caller.

Only the people of an institution write its needs and offers; to everybody else what they may not do
is not there. Others see what is published, when they see the institution.
"""

from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from services.registry.introduction_lifecycle import TRANSITIONS, Action, Role, Sides
from services.registry.permissions import (
    is_coordinator,
    speaks_for,
    spoken_for_by,
    visible_to,
)
from services.registry.support_lifecycle import SHOWN, Side, State
from services.registry.tables import Institution, Introduction, SupportItem, SupportMatch
from shared.identity import Caller
from shared.problems import FORBIDDEN, NOT_FOUND, Problem


def require_coordinator(session: Session, caller: Caller) -> None:
    """Raise a Problem (403) unless the caller coordinates the platform."""
    if not is_coordinator(session, caller):
        raise Problem(FORBIDDEN, "Only a coordinator may see this.")


def institution_to_write_for(session: Session, caller: Caller, institution_id: UUID) -> Institution:
    """Return the institution for which the caller may write; a Problem (404) otherwise."""
    institution = session.get(Institution, institution_id)
    if institution is None or not speaks_for(session, caller, institution):
        raise Problem(
            NOT_FOUND,
            "There is no institution of that id for which you speak. Check institution_id, and "
            "that you are signed in as the right person.",
        )
    return institution


def visible_items(session: Session, caller: Caller | None) -> ColumnElement[bool]:
    """Return the condition on the needs and offers that the caller may see.

    Its own people see all of an institution's; others what is published of an institution that they
    see; a coordinator also what has expired or was withdrawn, but nobody's drafts.
    """
    own: ColumnElement[bool] = col(SupportItem.institution_id).in_(spoken_for_by(caller))
    if is_coordinator(session, caller):
        return or_(own, col(SupportItem.state) != State.DRAFT)
    seen = select(Institution.id).where(visible_to(session, caller))
    return or_(
        own,
        and_(col(SupportItem.state).in_(SHOWN), col(SupportItem.institution_id).in_(seen)),
    )


def item_to_see(
    session: Session, caller: Caller | None, side: Side, item_id: UUID, *, lock: bool = False
) -> SupportItem:
    """Return the need or offer; a Problem (404) when the caller may not see it."""
    statement = select(SupportItem).where(
        SupportItem.id == item_id, SupportItem.side == side, visible_items(session, caller)
    )
    found = session.exec(statement.with_for_update() if lock else statement).first()
    if found is None:
        raise _no_such(side)
    return found


def item_to_write(session: Session, caller: Caller, side: Side, item_id: UUID) -> SupportItem:
    """Return the need or offer, locked, of the caller's institution; a Problem (404) otherwise."""
    found = session.exec(
        select(SupportItem)
        .where(
            SupportItem.id == item_id,
            SupportItem.side == side,
            col(SupportItem.institution_id).in_(spoken_for_by(caller)),
        )
        .with_for_update()
    ).first()
    if found is None:
        raise _no_such(side)
    return found


def item_to_trace(session: Session, caller: Caller, side: Side, item_id: UUID) -> SupportItem:
    """Return the need or offer whose history and matches the caller may read.

    Those are its institution's people, and coordinators once it isn't a draft any more. Raises a
    Problem (404) otherwise.
    """
    found = item_to_see(session, caller, side, item_id)
    institution = session.get_one(Institution, found.institution_id)
    if not (speaks_for(session, caller, institution) or is_coordinator(session, caller)):
        raise _no_such(side)
    return found


def sides_to_introduce(session: Session, caller: Caller, need_id: UUID, offer_id: UUID) -> Sides:
    """Return a need of the caller's institution and an offer that they see, both locked.

    Raises a Problem (404) otherwise.
    """
    locked = _locked(session, need_id, offer_id)
    item_to_see(session, caller, Side.OFFER, offer_id)
    item_to_write(session, caller, Side.NEED, need_id)
    return Sides(locked[need_id], locked[offer_id])


def match_to_decide(session: Session, need: SupportItem, match_id: UUID) -> SupportMatch:
    """Return the match of that need; a Problem (404) when it has no such match."""
    match = session.get(SupportMatch, match_id)
    if match is None or match.need_id != need.id:
        raise Problem(
            NOT_FOUND,
            "This need has no match of that id. A match goes when the offer changes: read the "
            "matches again.",
        )
    return match


def visible_introductions(session: Session, caller: Caller) -> ColumnElement[bool] | bool:
    """Return the condition on the introductions that the caller may see: both sides' people's."""
    if is_coordinator(session, caller):
        return True
    own = select(SupportItem.id).where(col(SupportItem.institution_id).in_(spoken_for_by(caller)))
    return or_(col(Introduction.need_id).in_(own), col(Introduction.offer_id).in_(own))


def introduction_to_see(session: Session, caller: Caller, introduction_id: UUID) -> Introduction:
    """Return the introduction; a Problem (404) when the caller is on neither side of it."""
    found = session.exec(
        select(Introduction).where(
            Introduction.id == introduction_id, visible_introductions(session, caller)
        )
    ).first()
    if found is None:
        raise _no_such_introduction()
    return found


def introduction_to(
    session: Session, caller: Caller, action: Action, introduction_id: UUID
) -> tuple[Introduction, Sides]:
    """Return the introduction with its sides, locked, on which the caller may take that action.

    Raises a Problem: 404 when the caller is on neither side of it, 403 when it is for the other.
    """
    seen = introduction_to_see(session, caller, introduction_id)
    # Need and offer first, as whoever withdraws one of them does.
    locked = _locked(session, seen.need_id, seen.offer_id)
    introduction = session.exec(
        select(Introduction)
        .where(Introduction.id == introduction_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    sides = Sides(locked[seen.need_id], locked[seen.offer_id])
    allowed = TRANSITIONS[action].by
    if not roles(session, caller, sides) & allowed:
        who = " or ".join(sorted(role.value for role in allowed))
        raise Problem(FORBIDDEN, f"Only the people of this side may do this: {who}.")
    return introduction, sides


def roles(session: Session, caller: Caller, sides: Sides) -> set[Role]:
    """Return what the caller is in an introduction."""
    found = set()
    if is_coordinator(session, caller):
        found.add(Role.COORDINATOR)
    for role, item in ((Role.RECIPIENT, sides.need), (Role.PROVIDER, sides.offer)):
        if speaks_for(session, caller, session.get_one(Institution, item.institution_id)):
            found.add(role)
    return found


def _locked(session: Session, *ids: UUID) -> dict[UUID, SupportItem]:
    return {
        item.id: item
        for item in session.exec(
            select(SupportItem)
            .where(col(SupportItem.id).in_(ids))
            .order_by(col(SupportItem.id))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    }


def _no_such(side: Side) -> Problem:
    return Problem(
        NOT_FOUND,
        f"There is no {side} of that id that you may see or change. Check the id, and that you are "
        "signed in as the right person.",
    )


def _no_such_introduction() -> Problem:
    return Problem(
        NOT_FOUND,
        "There is no introduction of that id with your institution on either side. Check the id, "
        "and that you are signed in as the right person.",
    )
