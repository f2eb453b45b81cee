"""Building read models anew from the feed, and checking the live ones against a fresh copy."""

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import delete
from sqlmodel import Session, SQLModel, col, select

from shared.columns import utc_now
from shared.database import Database
from shared.events.envelope import Event
from shared.faults import in_words
from shared.feed_client import FeedClient, FeedPage
from shared.parked import WAITS, park, waits_behind
from shared.projection import Projection

Sources = Sequence[tuple[Projection, FeedClient]]

TOGETHER = 500
"""So many events are applied in one savepoint, and one by one only when one of them fails."""


def rebuild(database: Database, sources: Sources) -> None:
    """Empty the read models and apply each source's whole history again.

    It is one transaction: readers see the old models until the new ones are complete. An event
    that fails is parked, as in consuming.
    """
    for projection, feed in sources:
        history = _history(feed)
        with database.write() as session:
            # Without the lock a consumer could add rows that the emptying doesn't see.
            session.get(projection.checkpoint, projection.source, with_for_update=True)
            session.expunge_all()
            for model in projection.read_models:
                session.execute(delete(model))
            session.execute(
                delete(projection.parked).where(col(projection.parked.source) == projection.source)
            )
            session.execute(
                delete(projection.checkpoint).where(
                    col(projection.checkpoint.source) == projection.source
                )
            )
            skipped = _apply_all(session, projection, history.events)
            session.add(
                projection.checkpoint(
                    source=projection.source,
                    epoch=history.epoch,
                    position=len(history.events),
                    head=history.head,
                    skipped=skipped,
                    updated_at=utc_now(),
                )
            )


def verify(database: Database, sources: Sources) -> list[str]:
    """Compare the read models with ones built beside them; return each difference in words.

    Both are taken at the live checkpoint, so the consumer may run meanwhile.
    """
    differences: list[str] = []
    for projection, feed in sources:
        with database.read() as session:
            _see_one_moment(session)
            checkpoint = session.get(projection.checkpoint, projection.source)
            live = {model: _digests(session, model) for model in projection.read_models}
        if checkpoint is None:
            differences.append(f"{projection.source}: nothing was consumed yet.")
            continue
        history = _history(feed, checkpoint.position)
        if history.epoch != checkpoint.epoch:
            differences.append(f"{projection.source}: its history has a new epoch.")
            continue
        for model, fresh in _built_beside(projection, history.events).items():
            name = str(model.__tablename__)
            for what, keys in (
                ("lacks", fresh.keys() - live[model].keys()),
                ("has too much", live[model].keys() - fresh.keys()),
                (
                    "differs in",
                    {
                        key
                        for key in fresh.keys() & live[model].keys()
                        if fresh[key] != live[model][key]
                    },
                ),
            ):
                differences += [f"{name} {what} {key}" for key in sorted(keys)]
    return differences


def _see_one_moment(session: Session) -> None:
    """Let a session's reads all show the same moment, as they do on SQLite anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _history(feed: FeedClient, until: int | None = None) -> FeedPage:
    """Read a source's events from the first, all or up to a position, before anything is locked."""
    events: list[Event] = []
    while True:
        page = feed.read(len(events), 1000)
        events += page.events
        if until is not None and len(events) >= until:
            return FeedPage(page.epoch, page.head, events[:until])
        if not page.events:
            return FeedPage(page.epoch, page.head, events)


def _apply_all(session: Session, projection: Projection, events: Sequence[Event]) -> int:
    """Apply events in their order, where nothing is parked yet; return how many concern nobody."""
    skipped = 0
    all_fit = True
    for begin in range(0, len(events), TOGETHER):
        some = events[begin : begin + TOGETHER]
        done = _apply_together(session, projection, some) if all_fit else None
        if done is None:
            # From here on something is parked, behind which what comes later may have to wait.
            all_fit = False
            done = sum(not _apply(session, projection, event) for event in some)
        skipped += done
    return skipped


def _apply_together(
    session: Session, projection: Projection, events: Sequence[Event]
) -> int | None:
    try:
        with session.begin_nested():
            return sum(not projection.apply(session, event) for event in events)
    except Exception:  # noqa: BLE001
        return None


def _apply(session: Session, projection: Projection, event: Event) -> bool:
    try:
        if waits_behind(session, projection, event):
            park(session, projection, event, WAITS, 0)
            return True
        with session.begin_nested():
            return projection.apply(session, event)
    except Exception as error:  # noqa: BLE001
        park(session, projection, event, in_words(error), 1)
        return True


def _built_beside(
    projection: Projection, events: Sequence[Event]
) -> dict[type[SQLModel], dict[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        beside = Database(f"sqlite:///{Path(folder) / 'beside.db'}")
        projection.checkpoint.metadata.create_all(beside.engine)
        # A plain session: what handlers leave for after the commit must not happen twice.
        with Session(beside.engine) as session:
            _apply_all(session, projection, events)
            session.commit()
        with beside.read() as session:
            built = {model: _digests(session, model) for model in projection.read_models}
        beside.close()
        return built


def _digests(session: Session, model: type[SQLModel]) -> dict[str, str]:
    """Return the hash of each row by its primary key."""
    keys = [column.key for column in model.__table__.primary_key]  # type: ignore[attr-defined]
    rows = session.exec(select(model)).all()
    return {
        ", ".join(str(getattr(row, key)) for key in keys): hashlib.sha256(
            row.model_dump_json().encode()
        ).hexdigest()
        for row in rows
    }
