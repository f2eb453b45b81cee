"""The third side: who could fund or facilitate what a need and an offer would do together."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, or_, select

from services.registry.support_lifecycle import OPEN, Side, codes_of
from services.registry.tables import Institution, SupportCode, SupportItem
from services.registry.transitions import Status

FUNDING = "funding"
PROPOSED = 3
"""How many third sides are proposed for a match."""
_LOOKED_AT = 100


class ThirdRole(StrEnum):
    """What the third side would do."""

    FUND = "fund"
    FACILITATE = "facilitate"


@dataclass(frozen=True)
class ThirdSide:
    """An institution that could make a partnership triangular, with the offer that says so."""

    offer: SupportItem
    role: ThirdRole
    reason: str
    shared: int
    """How many themes and countries it shares with the need."""


def third_sides(session: Session, need: SupportItem) -> Sequence[ThirdSide]:
    """Return who could fund or facilitate what answers a need, those who share most first.

    Their offer is of funding, unless funding itself is asked for, or marked as facilitating; it
    shares a theme with the need, and a country where both name any.
    """
    asked = codes_of(session, [need])[need.id]
    third: Any = SupportItem
    of_a_third_side = [third.facilitates]
    if need.kind != FUNDING:
        of_a_third_side.append(third.kind == FUNDING)
    sharing = select(SupportCode.item_id).where(
        SupportCode.vocabulary == "themes", col(SupportCode.code).in_(asked["themes"])
    )
    offers = list(
        session.exec(
            select(SupportItem)
            .join(Institution, col(Institution.id) == col(SupportItem.institution_id))
            .where(
                SupportItem.side == Side.OFFER,
                or_(*of_a_third_side),
                col(SupportItem.state).in_(OPEN),
                SupportItem.institution_id != need.institution_id,
                Institution.status == Status.VERIFIED,
                Institution.visibility != "private",
                col(SupportItem.id).in_(sharing),
            )
            .order_by(col(SupportItem.published_at).desc(), col(SupportItem.id))
            .limit(_LOOKED_AT)
        )
    )
    codes = codes_of(session, offers)
    found = [_third_side(need, offer, asked, codes[offer.id]) for offer in offers]
    return sorted(
        (side for side in found if side is not None),
        key=lambda side: (-side.shared, side.offer.id),
    )


def proposed(
    thirds: Sequence[ThirdSide], need: SupportItem, offer: SupportItem
) -> Sequence[ThirdSide]:
    """Return the third sides of a match: none of its two institutions, each once, 3 at most."""
    taken: set[UUID] = {need.institution_id, offer.institution_id}
    chosen: list[ThirdSide] = []
    for third in thirds:
        if third.offer.institution_id not in taken and len(chosen) < PROPOSED:
            taken.add(third.offer.institution_id)
            chosen.append(third)
    return chosen


def _third_side(
    need: SupportItem, offer: SupportItem, asked: dict[str, list[str]], given: dict[str, list[str]]
) -> ThirdSide | None:
    themes = sorted(set(asked["themes"]) & set(given["themes"]))
    countries = sorted(set(asked["countries"]) & set(given["countries"]))
    if asked["countries"] and given["countries"] and not countries:
        return None
    funds = offer.kind == FUNDING and need.kind != FUNDING
    does = "offers funding" if funds else "offers to facilitate"
    where = f" in {', '.join(countries)}" if countries else ""
    return ThirdSide(
        offer=offer,
        role=ThirdRole.FUND if funds else ThirdRole.FACILITATE,
        reason=f"{does} for {', '.join(themes)}{where}",
        shared=len(themes) + len(countries),
    )
