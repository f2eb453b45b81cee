"""Withdrawing: an announcement that a reader doesn't want any more, or that was cancelled.

A choice of the reader cancels what waits at once. What else may have changed since the e-mail was
made, such as who sees the group, is asked just before it leaves.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, case
from sqlmodel import Session, col, select, update

from services.notifier.announcements import readers
from services.notifier.tables import Announcement, Delivery
from services.notifier.vocabulary import AnnouncementReader, AnnouncementState
from services.notifier.vocabulary import DeliveryState as State

CANCELLED = "The announcement was cancelled."
UNWANTED = "The reader wants no announcements to the group any more."
HIDDEN = "The reader may not see the group any more."
JOINED = "The reader has another address now, and got it there."


def cancel_void(session: Session, delivery_ids: Collection[UUID], now: datetime) -> frozenset[UUID]:
    """Cancel those of the e-mails whose announcement or reader is none any more; return which."""
    rows = session.exec(
        select(Delivery.id, Delivery.subscriber_id, Announcement)
        .join(Announcement, col(Announcement.id) == col(Delivery.announcement_id))
        .where(col(Delivery.id).in_(delivery_ids))
    ).all()
    by_group: dict[UUID, set[UUID]] = {}
    for _, reader, announcement in rows:
        if reader is not None:
            by_group.setdefault(announcement.group_id, set()).add(reader)
    kept = {
        (group_id, place.subscriber_id): place.why
        for group_id, among in by_group.items()
        for place in readers.places(session, group_id, now, among=among, limit=len(among))
    }
    void: dict[str, list[UUID]] = {}
    for delivery_id, reader, announcement in rows:
        why = kept.get((announcement.group_id, reader)) if reader is not None else None
        if announcement.state is AnnouncementState.CANCELLED:
            void.setdefault(CANCELLED, []).append(delivery_id)
        elif why is None or not why.gets_it:
            hidden = why is AnnouncementReader.MAY_NOT_SEE
            void.setdefault(HIDDEN if hidden else UNWANTED, []).append(delivery_id)
    for answer, ids in void.items():
        cancel(session, col(Delivery.id).in_(ids), answer, now)
    return frozenset(each for ids in void.values() for each in ids)


def cancel_declined(session: Session, subscriber_id: UUID, now: datetime) -> None:
    """Cancel what has not left yet and the reader has just chosen not to get."""
    waiting = session.exec(
        select(Delivery.id).where(
            col(Delivery.subscriber_id) == subscriber_id,
            col(Delivery.announcement_id).is_not(None),
            col(Delivery.state) == State.DUE,
        )
    ).all()
    if waiting:
        cancel_void(session, waiting, now)


def hand_over(session: Session, former_id: UUID, reader_id: UUID, now: datetime) -> None:
    """Let a reader whose address became another's get there what was on its way to the former.

    What went to either is not sent to the other again.
    """
    of_reader = _of(session, reader_id)
    of_former = _of(session, former_id)
    for announcement_id, delivery in of_former.items():
        there = of_reader.get(announcement_id)
        if there is None and delivery.state is State.DUE:
            delivery.subscriber_id = reader_id
            session.add(delivery)
        elif there is not None and there.state is State.DUE and delivery.state is State.SENT:
            cancel(session, col(Delivery.id) == there.id, JOINED, now)
    session.flush()


def _of(session: Session, subscriber_id: UUID) -> dict[UUID, Delivery]:
    found = session.exec(
        select(Delivery)
        .where(
            col(Delivery.subscriber_id) == subscriber_id,
            col(Delivery.announcement_id).is_not(None),
            col(Delivery.resends).is_(None),
        )
        .with_for_update()
    ).all()
    return {each.announcement_id: each for each in found if each.announcement_id is not None}


def cancel(session: Session, which: ColumnElement[bool], answer: str, now: datetime) -> None:
    """Cancel e-mails that are not on the wire.

    Of what a worker held until its time ran out nobody knows whether it left: it is in doubt.
    """
    lapsed = (col(Delivery.state) == State.SENDING) & (col(Delivery.next_attempt_at) <= now)
    session.exec(
        update(Delivery)
        .where(which, (col(Delivery.state) == State.DUE) | lapsed)
        .values(
            state=State.CANCELLED,
            doubts=col(Delivery.doubts) + case((lapsed, 1), else_=0),
            finished_at=now,
            answer=answer,
        )
        .execution_options(synchronize_session=False)
    )
