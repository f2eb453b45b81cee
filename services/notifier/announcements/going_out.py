"""Going out: an e-mail for each reader, made in batches by workers that may die or come twice.

A batch and the place up to which readers were gone through are one transaction, under a lock of
the announcement. Without an approval all of them are made in one, with the count that allows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select, update

from services.notifier import pausing
from services.notifier.announcements import deciding, readers, record
from services.notifier.announcements.readers import Place
from services.notifier.tables import Announcement, Delivery, Subscriber
from services.notifier.vocabulary import (
    UNFINISHED,
    AnnouncementAct,
    AnnouncementState,
    DeliveryKind,
    DeliveryState,
)
from shared.ids import new_id

STALLED_AFTER = timedelta(seconds=20)
"""An announcement that should go out and made no progress for so long is taken up again."""


@dataclass(frozen=True)
class Made:
    """What one step made: e-mails to readers, or to coordinators who are asked to approve."""

    to_readers: Sequence[UUID] = ()
    to_coordinators: Sequence[UUID] = ()


def take_due(session: Session, now: datetime) -> list[UUID]:
    """Return what should go out now and nobody is at, as far as known; note that somebody is."""
    scheduled = (col(Announcement.state) == AnnouncementState.SCHEDULED) & (
        col(Announcement.send_at).is_(None) | (col(Announcement.send_at) <= now)
    )
    unmade = (col(Announcement.state) == AnnouncementState.SENDING) & col(
        Announcement.all_made
    ).is_(False)
    found = session.exec(
        select(Announcement.id)
        .where(scheduled | unmade, col(Announcement.progressed_at) < now - STALLED_AFTER)
        .with_for_update(skip_locked=True)
    ).all()
    if found:
        session.exec(
            update(Announcement).where(col(Announcement.id).in_(found)).values(progressed_at=now)
        )
    return list(found)


def step(session: Session, announcement_id: UUID, limit: int, now: datetime) -> Made | None:
    """Do the next part of what is to be done; return the e-mails that it made, ``None`` at the end.

    An announcement that reaches more than ``limit`` readers by now and was not approved waits for
    it. While sending is paused nothing begins or goes on.
    """
    announcement = session.exec(
        select(Announcement).where(col(Announcement.id) == announcement_id).with_for_update()
    ).one_or_none()
    if announcement is None or pausing.current(session) is not None:
        return None
    if announcement.state is AnnouncementState.SCHEDULED:
        if announcement.send_at is not None and announcement.send_at > now:
            return None
        return _begin(session, announcement, limit, now)
    if announcement.state is AnnouncementState.SENDING and not announcement.all_made:
        return _go_on(session, announcement, now)
    return None


def finish_settled(session: Session, now: datetime) -> None:
    """Mark every announcement as sent of which no e-mail can still leave."""
    unfinished = (
        select(Delivery.id)
        .where(
            col(Delivery.announcement_id) == col(Announcement.id),
            col(Delivery.state).in_(UNFINISHED),
        )
        .exists()
    )
    for announcement in session.exec(
        select(Announcement)
        .where(
            col(Announcement.state) == AnnouncementState.SENDING,
            col(Announcement.all_made).is_(True),
            ~unfinished,
        )
        .with_for_update(skip_locked=True)
    ).all():
        announcement.finished_at = now
        record.go(session, announcement, AnnouncementAct.SENT, None, now)


def tally(session: Session, announcement_id: UUID) -> dict[DeliveryState, int]:
    """Count the announcement's e-mails by what became of them; those sent again don't count."""
    rows = session.exec(
        select(Delivery.state, func.count())
        .where(col(Delivery.announcement_id) == announcement_id, col(Delivery.resends).is_(None))
        .group_by(col(Delivery.state))
    ).all()
    counted = {DeliveryState(state): number for state, number in rows}
    return {state: counted.get(state, 0) for state in DeliveryState}


def in_doubt(session: Session, announcement_id: UUID) -> int:
    """Return how many may have been sent twice, as nobody learned of the mail server's answer."""
    return session.exec(
        select(func.count()).where(
            col(Delivery.announcement_id) == announcement_id, col(Delivery.doubts) > 0
        )
    ).one()


def _begin(session: Session, announcement: Announcement, limit: int, now: datetime) -> Made | None:
    if readers.are_news(session, announcement.group_id, now):
        # The next sweep brings their subscriptions up to date first, and comes back here.
        announcement.progressed_at = now - STALLED_AFTER - timedelta(seconds=1)
        session.add(announcement)
        return None
    if announcement.approved_by is not None:
        announcement.recipients = readers.number(session, announcement.group_id, now)
        record.go(session, announcement, AnnouncementAct.BEGUN, None, now)
        return Made()
    reached = [
        place
        for place in readers.everybody(session, announcement.group_id, now)
        if place.why.gets_it
    ]
    announcement.recipients = len(reached)
    if len(reached) > limit:
        record.go(session, announcement, AnnouncementAct.HELD, None, now)
        return Made(to_coordinators=deciding.ask_for_approval(session, announcement, now))
    record.go(session, announcement, AnnouncementAct.BEGUN, None, now)
    made: list[UUID] = []
    for first in range(0, len(reached), readers.BATCH):
        made += _make(session, announcement.id, reached[first : first + readers.BATCH], now)
    announcement.all_made = True
    session.add(announcement)
    return Made(to_readers=made)


def _go_on(session: Session, announcement: Announcement, now: datetime) -> Made:
    batch = readers.places(
        session,
        announcement.group_id,
        now,
        after=announcement.last_reader,
        limit=readers.BATCH,
    )
    made = _make(session, announcement.id, [each for each in batch if each.why.gets_it], now)
    announcement.all_made = not batch
    announcement.last_reader = batch[-1].subscriber_id if batch else announcement.last_reader
    announcement.progressed_at = now
    session.add(announcement)
    return Made(to_readers=made)


def _make(
    session: Session, announcement_id: UUID, reached: Sequence[Place], now: datetime
) -> list[UUID]:
    """Make an e-mail for each that has none yet; return the new ones."""
    ids = [place.subscriber_id for place in reached]
    # Somebody whose two addresses became one has got it at the other.
    told = set(
        session.exec(
            select(Subscriber.joined_into)
            .join(Delivery, col(Delivery.subscriber_id) == col(Subscriber.id))
            .where(
                col(Delivery.announcement_id) == announcement_id,
                col(Subscriber.joined_into).in_(ids),
            )
        )
    )
    rows = [
        {
            "id": new_id(),
            "kind": DeliveryKind.ANNOUNCEMENT,
            "announcement_id": announcement_id,
            "subscriber_id": reader,
            "state": DeliveryState.DUE,
            "repeat": 0,
            "attempts": 0,
            "doubts": 0,
            "next_attempt_at": now,
            "queued_at": None,
            "created_at": now,
        }
        for reader in ids
        if reader not in told
    ]
    if not rows:
        return []
    dialect: Any = session.get_bind().dialect.name
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(Delivery).on_conflict_do_nothing().returning(col(Delivery.id))
    # Else the default would take the place of None, and they would count as queued.
    statement = statement.execution_options(render_nulls=True)
    return list(session.scalars(statement, rows).all())
