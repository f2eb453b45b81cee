"""Notices: what happened that readers care about, and who is to be told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, delete, select, update

from services.notifier import audiences, pauses, reach, settling, sight, standing
from services.notifier.audiences import Audience
from services.notifier.tables import (
    Delivery,
    Digest,
    DigestItem,
    Notice,
    NoticeTarget,
    Subscription,
    Theme,
)
from services.notifier.targets import EVERYTHING, Target
from services.notifier.vocabulary import DeliveryKind, DeliveryState, Frequency, NoticeKind
from services.notifier.webhooks import messages
from shared.ids import new_id

NEWS_FOR = timedelta(days=7)
"""What happened longer ago is recorded and told to nobody: it comes of a rebuilt read model."""


@dataclass(frozen=True)
class Happening:
    """What a handler found in an event: the facts to tell, and what they concern.

    ``targets`` lists all that it concerns besides everything; ``Target(TargetKind.NEEDS)`` or
    ``Target(TargetKind.OFFERS)`` stands for each subscription whose criteria fit the need or the
    offer in ``facts``. ``theme_slug`` and ``group`` say under which heading it is told; a meeting
    of several groups has none.

    ``concerns`` are those who hear of it without following anything, ``at_once`` or when they read
    otherwise. Without ``targets`` nobody else hears of it.
    """

    kind: NoticeKind
    event_id: UUID
    subject: str
    occurred_at: datetime
    facts: dict[str, Any]
    targets: tuple[Target, ...]
    theme_slug: str | None = None
    group_id: UUID | None = None
    group_title: str | None = None
    concerns: tuple[Audience, ...] = ()
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class _Reader:
    """Who is to be told, by which subscription, and how soon."""

    subscription: Subscription
    frequency: Frequency


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is to be sent at once."""

    deliveries: Sequence[UUID] = ()
    endpoints: Sequence[UUID] = ()
    """Of webhooks."""


def record(session: Session, happening: Happening, now: datetime) -> Recorded:
    """Keep the notice, and an item or a message for each reader and endpoint that asked for it.

    An event that was recorded before changes nothing, so a source may be read again from the
    beginning and nobody is told twice. What happened long ago is told to nobody (`NEWS_FOR`).
    """
    if session.exec(select(Notice.id).where(col(Notice.event_id) == happening.event_id)).first():
        return Recorded()
    reached = [EVERYTHING, *dict.fromkeys(happening.targets)] if happening.targets else []
    theme = session.get(Theme, happening.theme_slug) if happening.theme_slug else None
    notice = Notice(
        event_id=happening.event_id,
        kind=happening.kind,
        subject=happening.subject,
        theme_slug=happening.theme_slug,
        theme_title=theme.title if theme else happening.theme_slug,
        group_id=happening.group_id,
        group_title=happening.group_title,
        facts=happening.facts,
        targets=[target.key for target in reached],
        concerns=[audience.key for audience in dict.fromkeys(happening.concerns)],
        occurred_at=happening.occurred_at,
        recorded_at=now,
    )
    session.add(notice)
    session.flush()
    session.add_all(NoticeTarget(target=key, notice_id=notice.id) for key in notice.targets)
    if happening.occurred_at < now - NEWS_FOR:
        return Recorded()
    readers = _readers(session, notice, reached, happening, now)
    at_once = [each for each in readers if each.frequency is Frequency.IMMEDIATE]
    digests = {
        each.subscription.subscriber_id: Digest(
            id=new_id(),
            subscriber_id=each.subscription.subscriber_id,
            frequency=Frequency.IMMEDIATE,
            window_end=now,
            created_at=now,
        )
        for each in at_once
    }
    session.add_all(digests.values())
    session.flush()
    deliveries = [
        Delivery(
            id=new_id(),
            kind=DeliveryKind.IMMEDIATE,
            digest_id=digest.id,
            subscriber_id=digest.subscriber_id,
            next_attempt_at=now,
            queued_at=now,
            created_at=now,
        )
        for digest in digests.values()
    ]
    session.add_all(deliveries)
    for each in readers:
        digest = digests.get(each.subscription.subscriber_id)
        session.add(
            DigestItem(
                subscriber_id=each.subscription.subscriber_id,
                notice_id=notice.id,
                subscription_id=each.subscription.id,
                frequency=each.frequency,
                recorded_at=now,
                digest_id=digest.id if digest else None,
            )
        )
    endpoints = messages.write(session, notice, reached, now)
    session.flush()
    return Recorded([delivery.id for delivery in deliveries], endpoints)


def was_told(session: Session, kind: NoticeKind, subject: str) -> bool:
    """Return whether there is a notice of that kind about the subject."""
    told = select(Notice.id).where(Notice.subject == subject, Notice.kind == kind)
    return session.exec(told.limit(1)).first() is not None


def take_back(session: Session, subject: str, now: datetime) -> None:
    """Tell what happened to the subject, and below it, to nobody who was not told yet."""
    below = col(Notice.subject).startswith(f"{subject}/", autoescape=True)
    gone = list(
        session.exec(
            select(Notice.id).where(
                or_(col(Notice.subject) == subject, below), col(Notice.taken_back_at).is_(None)
            )
        )
    )
    if not gone:
        return
    session.exec(update(Notice).where(col(Notice.id).in_(gone)).values(taken_back_at=now))
    of_gone = col(DigestItem.notice_id).in_(gone)
    session.exec(delete(DigestItem).where(of_gone, col(DigestItem.digest_id).is_(None)))
    others = aliased(DigestItem)
    emptied = (
        select(DigestItem.digest_id)
        .where(of_gone, col(DigestItem.digest_id).is_not(None))
        .where(
            ~select(others.id)
            .where(
                col(others.digest_id) == col(DigestItem.digest_id),
                col(others.notice_id).not_in(gone),
            )
            .exists()
        )
    )
    session.exec(
        update(Delivery)
        .where(
            col(Delivery.kind) == DeliveryKind.IMMEDIATE,
            col(Delivery.state) == DeliveryState.DUE,
            col(Delivery.digest_id).in_(emptied),
        )
        .values(state=DeliveryState.CANCELLED, finished_at=now, answer="It was taken back.")
        .execution_options(synchronize_session=False)
    )


def _readers(
    session: Session,
    notice: Notice,
    reached: list[Target],
    happening: Happening,
    now: datetime,
) -> list[_Reader]:
    """Return each reader once: who follows any of it and may hear of it, and whom it concerns."""
    guard = sight.Guard.of(notice)
    hidden = sight.Hidden.of(session, [guard] if happening.targets else [])
    let = (
        standing.subscribers_of(session, sight.people_who_see(guard, hidden))
        if hidden.hides(guard)
        else None
    )
    found: dict[UUID, _Reader] = {}
    following = _by_reader(reach.wanting(session, reached, happening.facts)) if reached else {}
    for reader_id, theirs in following.items():
        best = settling.most_immediate(theirs, now)
        if best is not None and (let is None or reader_id in let):
            found[reader_id] = _Reader(best, best.frequency)
    for reader_id, theirs in _of_concerned(session, happening.concerns).items():
        best = settling.most_immediate(theirs, now)
        if best is None or (let is not None and reader_id not in let):
            continue
        there = found.get(reader_id)
        if happening.at_once and not pauses.is_paused(best, now):
            by = there.subscription if there else best
            found[reader_id] = _Reader(by, Frequency.IMMEDIATE)
        elif there is None:
            found[reader_id] = _Reader(best, best.frequency)
    return [found[reader_id] for reader_id in sorted(found)]


def _of_concerned(
    session: Session, concerns: tuple[Audience, ...]
) -> dict[UUID, list[Subscription]]:
    """Return what those read who are concerned, by reader."""
    if not concerns:
        return {}
    by_audience = audiences.people(session, concerns)
    people = {person_id for each in by_audience.values() for person_id in each}
    readers = standing.subscribers_of(session, people) if people else {}
    if not readers:
        return {}
    return _by_reader(
        session.exec(
            select(Subscription).where(
                col(Subscription.subscriber_id).in_(readers),
                col(Subscription.ended_at).is_(None),
            )
        )
    )


def _by_reader(found: Iterable[Subscription]) -> dict[UUID, list[Subscription]]:
    by_reader: dict[UUID, list[Subscription]] = {}
    for subscription in found:
        by_reader.setdefault(subscription.subscriber_id, []).append(subscription)
    return by_reader
