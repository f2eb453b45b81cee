"""Institutions as far as finding them needs, read from the database."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from services.registry.tables import Institution, SearchEntry
from shared.search.cards import Card, Index, card_of
from shared.search.catalogue import Catalogue
from shared.search.storage import Window
from shared.vocabularies import vocabulary

WORDS = "institution_words"

_KEPT = ("id", "name_key", "registered_at", "updated_at")
_CODED = ("status", "visibility", "organisation_type", "subtype", "country")


def new_catalogue() -> Catalogue:
    """Return an empty catalogue of institutions."""
    return Catalogue(INSTITUTIONS)


def cards_of(session: Session, window: Window | None) -> dict[int, Card | None]:
    """Return what changed in a window, or everything without one, by number; ``None`` is gone."""
    columns = [
        col(SearchEntry.number),
        col(SearchEntry.codes),
        *(col(getattr(Institution, name)) for name in (*_KEPT, *_CODED)),
    ]
    statement = select(*columns).outerjoin(
        Institution, col(Institution.id) == col(SearchEntry.institution_id)
    )
    if window is not None:
        statement = statement.where(
            col(SearchEntry.change) >= window.since, col(SearchEntry.change) < window.until
        )
    return {row.number: _card(row) if row.id else None for row in session.execute(statement)}


INSTITUTIONS = Index(
    words=WORDS,
    fields=(
        "status",
        "organisation_type",
        "subtype",
        "country",
        "countries",
        "regions",
        "themes",
        "sdgs",
        "languages",
    ),
    cards=cards_of,
)


def _card(row: Any) -> Card:
    own = {name: getattr(row, name) for name in _CODED}
    codes = [f"{name}={value}" for name, value in own.items() if value is not None]
    codes += _with_regions_around(row.codes.splitlines())
    return card_of(row.id, row.name_key, row.registered_at, row.updated_at, codes)


def _with_regions_around(codes: Iterable[str]) -> dict[str, None]:
    """Return the codes with every region that includes one of them, so that it is found by both."""
    return dict.fromkeys(wider for code in codes for wider in _wider(code))


@cache
def _wider(name: str) -> tuple[str, ...]:
    field, _, code = name.partition("=")
    if field != "regions":
        return (name,)
    return tuple(f"{field}={each}" for each in vocabulary("regions").with_broader(code))
