"""Which offers fit a need, computed when either is published or changes, and kept.

The database finds the candidates by the codes they share and orders them by that part of the score
that depends on codes; only the best of them are scored whole. Period and volume are the part that
this order doesn't know: they weigh 0.15 together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Subquery, and_, case, delete, exists, literal, or_, union_all, update
from sqlmodel import Session, col, func, select

from services.registry.match_score import WEIGHTS, Part, Score, score
from services.registry.support_lifecycle import OPEN, Side, codes_of
from services.registry.support_terms import CODED, terms_of
from services.registry.tables import (
    Institution,
    Introduction,
    SupportCode,
    SupportItem,
    SupportMatch,
)
from services.registry.transitions import Status
from shared.ids import new_id

CANDIDATES = 300
"""How many are scored whole."""
KEPT_OF_A_NEED = 100
"""How many matches a need keeps; more than anybody reads."""


def compute(session: Session, item: SupportItem, now: datetime) -> int:
    """Bring the stored matches of a need or an offer up to date; return how many it has.

    What the recipient decided on a match stays with it. A match that no longer holds is forgotten,
    unless the recipient accepted it.
    """
    found = best(session, item)
    rows = [
        {
            "id": new_id(),
            "need_id": item.id if item.side == Side.NEED else other.id,
            "offer_id": item.id if item.side == Side.OFFER else other.id,
            "score": fit.value,
            "components": [asdict(component) for component in fit.components],
            "standing": "proposed",
            "computed_at": now,
        }
        for other, fit in found
    ]
    _forget_others(session, item, [other.id for other, _ in found])
    # In one order everywhere, so that two that write the same rows wait for each other in turn.
    _write(session, sorted(rows, key=lambda row: (str(row["need_id"]), str(row["offer_id"]))))
    return len(rows)


def best(session: Session, item: SupportItem) -> list[tuple[SupportItem, Score]]:
    """Return what fits a need or an offer best, the best first, each with its score."""
    others = candidates(session, item)
    codes = codes_of(session, [item, *others])
    own = terms_of(item, codes[item.id])
    scored = []
    for other in others:
        theirs = terms_of(other, codes[other.id])
        fit = score(own, theirs) if item.side == Side.NEED else score(theirs, own)
        if fit is not None:
            scored.append((other, fit))
    scored.sort(key=lambda pair: (-pair[1].value, pair[0].id))
    return scored[:KEPT_OF_A_NEED] if item.side == Side.NEED else scored


def compute_again(session: Session, now: datetime) -> int:
    """Compute once more the matches of one need or offer that is due for it; return how many were.

    A step of the calendar: two that are published in the same moment don't see each other.
    """
    item = session.exec(
        select(SupportItem)
        .where(col(SupportItem.match_again_at) <= now)
        .order_by(col(SupportItem.match_again_at))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if item is None:
        return 0
    item.match_again_at = None
    session.add(item)
    if item.state in OPEN:
        compute(session, item, now)
    return 1


def match_soon(session: Session, institution_ids: Iterable[UUID], now: datetime) -> None:
    """Let the calendar compute the matches of all that these institutions need and offer again."""
    session.flush()
    session.execute(
        update(SupportItem)
        .where(
            col(SupportItem.institution_id).in_(institution_ids), col(SupportItem.state).in_(OPEN)
        )
        .values(match_again_at=now)
        .execution_options(synchronize_session="fetch")
    )


def candidates(session: Session, item: SupportItem) -> Sequence[SupportItem]:
    """Return what may fit a need or an offer, the most promising by its codes first; 300 at most.

    Nothing that is excluded by its kind, themes, countries or period is among them.
    """
    codes = codes_of(session, [item])[item.id]
    if not codes["themes"]:
        return []
    shared = _shared(Side(item.side).other, item.kind, codes)
    need_named = {
        name: getattr(item, f"{name}_named")
        if item.side == Side.NEED
        else getattr(SupportItem, f"{name}_named")
        for name in CODED
    }
    other: Any = SupportItem
    anywhere = literal(item.countries_named == 0) | (other.countries_named == 0)
    promise = (
        WEIGHTS[Part.THEMES] * _share(shared.c.themes, need_named["themes"])
        + WEIGHTS[Part.SDGS] * _share(shared.c.sdgs, need_named["sdgs"])
        + WEIGHTS[Part.COUNTRIES]
        * case((anywhere, 1.0), else_=_share(shared.c.countries, need_named["countries"]))
        + WEIGHTS[Part.LANGUAGES]
        * case((or_(need_named["languages"] == 0, shared.c.languages > 0), 1.0), else_=0.0)
    )
    conditions = [
        other.state.in_(OPEN),
        other.institution_id != item.institution_id,
        or_(anywhere, shared.c.countries > 0),
        Institution.status == Status.VERIFIED,
    ]
    if item.side == Side.NEED:
        # Nobody but its own people sees the offer of an institution that is private.
        conditions.append(Institution.visibility != "private")
    if item.starts_on is not None:
        conditions.append(or_(other.ends_on.is_(None), other.ends_on >= item.starts_on))
    if item.ends_on is not None:
        conditions.append(or_(other.starts_on.is_(None), other.starts_on <= item.ends_on))
    return session.exec(
        select(SupportItem)
        .join(shared, shared.c.item_id == col(SupportItem.id))
        .join(Institution, col(Institution.id) == col(SupportItem.institution_id))
        .where(*conditions)
        .order_by(promise.desc(), col(SupportItem.id))
        .limit(CANDIDATES)
    ).all()


def _shared(side: Side, kind: str, codes: dict[str, list[str]]) -> Subquery:
    """Return how many codes of each vocabulary an item of that side and kind shares."""
    found = union_all(
        *(
            select(
                col(SupportCode.item_id).label("item_id"),
                *(literal(int(name == vocabulary)).label(name) for name in CODED),
            ).where(
                SupportCode.side == side,
                SupportCode.kind == kind,
                SupportCode.vocabulary == vocabulary,
                col(SupportCode.code).in_(codes[vocabulary]),
            )
            for vocabulary in CODED
            if codes[vocabulary]
        )
    ).subquery()
    return (
        select(found.c.item_id, *(func.sum(found.c[name]).label(name) for name in CODED))
        .group_by(found.c.item_id)
        .having(func.sum(found.c.themes) > 0)
        .subquery()
    )


def _share(shared: Any, named: Any) -> Any:
    if isinstance(named, int):
        return shared * 1.0 / named if named else literal(1.0)
    return case((named == 0, 1.0), else_=shared * 1.0 / func.nullif(named, 0))


def _forget_others(session: Session, item: SupportItem, kept: list[UUID]) -> None:
    own, theirs = col(SupportMatch.need_id), col(SupportMatch.offer_id)
    if item.side == Side.OFFER:
        own, theirs = theirs, own
    session.flush()
    introduced = exists().where(
        col(Introduction.need_id) == col(SupportMatch.need_id),
        col(Introduction.offer_id) == col(SupportMatch.offer_id),
    )
    session.execute(
        delete(SupportMatch)
        .where(and_(own == item.id, theirs.not_in(kept), ~introduced))
        .execution_options(synchronize_session=False)
    )


def _write(session: Session, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    dialect: Any = session.get_bind().dialect.name
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    statement = insert(SupportMatch)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["need_id", "offer_id"],
            set_={
                name: getattr(statement.excluded, name)
                for name in ("score", "components", "computed_at")
            },
        ),
        rows,
    )


@dataclass(frozen=True)
class Fits:
    """How many offers fit a need, and how well the best does."""

    number: int = 0
    best_score: float | None = None


def summaries(session: Session, need_ids: Sequence[UUID]) -> Mapping[UUID, Fits]:
    """Return for each need how many offers fit that are open and not dismissed."""
    rows = session.execute(
        select(SupportMatch.need_id, func.count(), func.max(SupportMatch.score))
        .join(SupportItem, col(SupportItem.id) == col(SupportMatch.offer_id))
        .where(
            col(SupportMatch.need_id).in_(need_ids),
            col(SupportItem.state).in_(OPEN),
            SupportMatch.standing != "dismissed",
        )
        .group_by(col(SupportMatch.need_id))
    )
    return {**dict.fromkeys(need_ids, Fits()), **{row[0]: Fits(row[1], row[2]) for row in rows}}
