"""A need belongs to its recipient: what they make of the offers that fit."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from services.registry.matching import KEPT_OF_A_NEED
from services.registry.support_lifecycle import OPEN, Action, require_possible, step
from services.registry.tables import SupportItem, SupportMatch
from shared.problems import INVALID, NOT_ALLOWED_NOW, FieldError, Problem


def matches_of(
    session: Session, need: SupportItem, seen: ColumnElement[bool]
) -> Sequence[tuple[SupportMatch, SupportItem]]:
    """Return the matches of a need with their offers, in the recipient's order, then by score.

    ``seen`` is the condition on the offers that may be shown. An offer that is open no more is left
    out, unless the recipient accepted it.
    """
    return [
        (match, offer)
        for match, offer in session.exec(
            select(SupportMatch, SupportItem)
            .join(SupportItem, col(SupportItem.id) == col(SupportMatch.offer_id))
            .where(
                SupportMatch.need_id == need.id,
                SupportItem.institution_id != need.institution_id,
                or_(col(SupportItem.state).in_(OPEN), SupportMatch.standing == "accepted"),
                seen,
            )
            .order_by(
                col(SupportMatch.position).is_(None),
                col(SupportMatch.position),
                col(SupportMatch.score).desc(),
                col(SupportMatch.id),
            )
            .limit(KEPT_OF_A_NEED)
        )
    ]


def rank(
    session: Session,
    need: SupportItem,
    shown: Sequence[SupportMatch],
    match_ids: Sequence[UUID],
    by: UUID,
) -> None:
    """Give the matches of a need the recipient's own order; what isn't named follows by its score.

    ``shown`` are the matches that the recipient sees. Raises a Problem: 409 when the need isn't
    open, 422 for what is no match of the need or named twice.
    """
    require_possible(need, Action.RANK)
    known = {match.id: match for match in shown}
    faults = [
        FieldError(
            pointer=f"/match_ids/{n}",
            detail="Name a match once, by an id from GET /needs/{id}/matches.",
        )
        for n, match_id in enumerate(match_ids)
        if match_id not in known or match_id in match_ids[:n]
    ]
    if faults:
        raise Problem(INVALID, "The order names what isn't there, or is there twice.", faults)
    before = [str(match.id) for match in shown if match.position is not None]
    for match in shown:
        match.position = None
        session.add(match)
    for place, match_id in enumerate(match_ids, start=1):
        known[match_id].position = place
    after = [str(match_id) for match_id in match_ids]
    if after != before:
        step(session, need, Action.RANK, by, changes={"ranking": [before, after]})


def dismiss(
    session: Session, need: SupportItem, match: SupportMatch, by: UUID, reason: str | None
) -> None:
    """Set a match aside; it stays so when the offer or the need changes.

    Raises a Problem (409) for one that is accepted or dismissed, or when the need isn't open.
    """
    _require_standing(match, "proposed", "dismissed")
    match.standing = "dismissed"
    match.position = None
    session.add(match)
    step(session, need, Action.DISMISS, by, reason=reason, changes={"match": [None, str(match.id)]})


def restore(session: Session, need: SupportItem, match: SupportMatch, by: UUID) -> None:
    """Take up a match again that was dismissed.

    Raises a Problem (409) for one that isn't dismissed, or when the need isn't open.
    """
    _require_standing(match, "dismissed", "restored")
    match.standing = "proposed"
    session.add(match)
    step(session, need, Action.RESTORE, by, changes={"match": [None, str(match.id)]})


def _require_standing(match: SupportMatch, standing: str, done: str) -> None:
    if match.standing != standing:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"A match that is {match.standing} can't be {done}; only one that is {standing} can.",
        )
