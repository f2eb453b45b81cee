"""What is found in workgroups, as far as finding it needs."""

from enum import StrEnum

from sqlmodel import Session, col, select

from services.workgroups.tables import SearchEntry
from shared.search.cards import Card, Index, card_of
from shared.search.catalogue import Catalogue
from shared.search.storage import Window

WORDS = "found_words"


class Kind(StrEnum):
    """What sort of thing is found."""

    GROUP = "group"
    UPDATE = "update"
    MEETING = "meeting"
    AGREED_POINT = "agreed_point"
    ACTION_ITEM = "action_item"


def new_catalogue() -> Catalogue:
    """Return an empty catalogue of what groups say, meet about and owe."""
    return Catalogue(FOLLOW_UP)


def cards_of(session: Session, window: Window | None) -> dict[int, Card | None]:
    """Return what changed in a window, or everything without one, by number; ``None`` is gone."""
    statement = select(SearchEntry)
    if window is not None:
        statement = statement.where(
            col(SearchEntry.change) >= window.since, col(SearchEntry.change) < window.until
        )
    # Rows without an identity in the session: a hundred thousand of them would stay in it.
    columns = list(SearchEntry.__table__.columns)  # type: ignore[attr-defined]
    rows = session.execute(statement.with_only_columns(*columns))
    return {
        row.number: None
        if row.title_key is None
        else card_of(row.subject_id, row.title_key, row.begun, row.changed, row.codes.splitlines())
        for row in rows
    }


FOLLOW_UP = Index(
    words=WORDS,
    fields=("kind", "group", "institution", "update_kind", "state", "language"),
    cards=cards_of,
)
