"""Open needs that fit what an institution offers, and why.

A need fits an offer of the same kind when both name a theme or a country in common; what is
offered without a country is offered anywhere.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlmodel import Session, col, select

from services.notifier.sight import FOR_ALL, FOR_PARTNERS
from services.notifier.standing import VERIFIED, Standing
from services.notifier.tables import Institution, Introduction, Notice, Support
from services.notifier.vocabulary import NoticeKind
from shared.columns import is_one_of

MOST = 500
"""Open needs that are compared, the ones that wait longest."""

ANYWHERE = "*"
"""Where an offer without a country is found; no theme or country is called so."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A need that waits for an answer, and the offer that may be one."""

    need_id: UUID
    title: str
    institution: str
    offer: str
    themes: tuple[str, ...]
    countries: tuple[str, ...]
    text: str = ""
    """The need in its own words, where it was told of."""


def fit(need: Support, offer: Support) -> Fit | None:
    """Return why the offer may answer the need, or ``None``."""
    if need.kind != offer.kind or need.institution_id == offer.institution_id:
        return None
    themes = tuple(sorted({*need.themes} & {*offer.themes}))
    countries = tuple(sorted({*need.countries} & {*offer.countries}))
    anywhere = bool(need.countries) and not offer.countries
    if not themes and not countries and not anywhere:
        return None
    return Fit(need.id, need.title, need.institution_name, offer.title, themes, countries)


def fitting_needs(
    session: Session, stands: dict[UUID, Standing], speakers: dict[UUID, list[UUID]]
) -> Iterator[tuple[UUID, Fit]]:
    """Yield for each person the open needs that fit an offer of their institution, once each."""
    offers = session.exec(
        select(Support).where(
            is_one_of(session, Support.institution_id, speakers),
            Support.side == "offer",
            Support.state == "published",
        )
    ).all()
    if not offers:
        return
    places = places_of(offers)
    needs = session.exec(
        select(Support, Institution.visibility)
        .join(Institution, col(Institution.id) == col(Support.institution_id))
        .where(
            Support.side == "need",
            Support.state == "published",
            col(Support.kind).in_({offer.kind for offer in offers}),
            Institution.status == VERIFIED,
            col(Institution.visibility).in_([*FOR_ALL, FOR_PARTNERS]),
        )
        .order_by(col(Support.since), col(Support.id))
        .limit(MOST)
    ).all()
    asked = set(
        session.exec(
            select(Introduction.need_id, Introduction.provider_id).where(
                is_one_of(session, Introduction.provider_id, speakers)
            )
        )
    )
    told: set[tuple[UUID, UUID]] = set()
    texts: dict[UUID, str] | None = None
    for need, visibility in needs:
        for offer in candidates(need, offers, places):
            found = fit(need, offer)
            if found is None or (need.id, offer.institution_id) in asked:
                continue
            if texts is None:
                texts = _texts(session, [each.id for each, _ in needs])
            found = replace(found, text=texts.get(need.id, ""))
            for person_id in speakers[offer.institution_id]:
                may = visibility in FOR_ALL or stands[person_id].is_partner
                if may and (person_id, need.id) not in told:
                    told.add((person_id, need.id))
                    yield person_id, found


def places_of(offers: Sequence[Support]) -> dict[tuple[str, str], list[int]]:
    """Return which offers name a theme or a country, and which are for anywhere, by their kind."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, offer in enumerate(offers):
        for word in (*offer.themes, *(offer.countries or [ANYWHERE])):
            places.setdefault((offer.kind, word), []).append(place)
    return places


def candidates(
    need: Support, offers: Sequence[Support], places: dict[tuple[str, str], list[int]]
) -> Iterator[Support]:
    """Yield the offers that may fit, so that not each is compared with each."""
    words = (*need.themes, *need.countries, ANYWHERE)
    found = {place for word in words for place in places.get((need.kind, word), ())}
    return (offers[place] for place in sorted(found))


def _texts(session: Session, need_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return what each need says, as it was told when it was published."""
    told = session.exec(
        select(Notice.facts)
        .where(
            col(Notice.subject).in_([f"needs/{need_id}" for need_id in need_ids]),
            Notice.kind == NoticeKind.NEED_PUBLISHED,
        )
        .order_by(col(Notice.occurred_at))
    )
    return {UUID(facts["need"]["item_id"]): facts["need"]["text"] for facts in told}
