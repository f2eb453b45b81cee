"""Linking: a person whom the registry knows is one reader, whoever subscribed first.

The registry's address counts for a person. Language and time zone follow the registry's until the
reader chooses others.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select, update

from services.notifier import settling, subscribers
from services.notifier.announcements import withdrawing
from services.notifier.languages import written
from services.notifier.subscriptions import end
from services.notifier.tables import (
    Delivery,
    DigestItem,
    Person,
    Subscriber,
    Subscription,
    Unwanted,
)
from services.notifier.vocabulary import (
    DeliveryState,
    EndedBy,
    Frequency,
    SubscriptionOrigin,
)
from shared.ids import new_id
from shared.problems import NOT_ALLOWED_NOW, Problem
from shared.time_zones import time_zone_names


def reader_of(session: Session, person_id: UUID) -> Subscriber | None:
    """Return the reader that the person is, or ``None``."""
    return session.exec(select(Subscriber).where(Subscriber.person_id == person_id)).one_or_none()


def lock_reader(session: Session, person_id: UUID, now: datetime) -> Subscriber:
    """Return the reader that the person is, made when new and locked; raise ``Problem`` (409).

    Who had everything erased begins again.
    """
    person = session.get(Person, person_id)
    reader = link(session, person, now) if person else locked_reader(session, person_id)
    if reader is None:
        raise Problem(
            NOT_ALLOWED_NOW,
            "Your address is not known here: it comes from the registry for people with a role, "
            "within a minute. Without a role, ask with POST /subscriptions.",
        )
    unwanted = session.get(Unwanted, person_id)
    if unwanted is not None:
        session.delete(unwanted)
    return reader


def link(session: Session, person: Person, now: datetime) -> Subscriber | None:
    """Return the person's reader, made, found by the address or brought up to date, and locked.

    ``None`` while the address is another person's: their news will come too.
    """
    reader = locked_reader(session, person.id)
    holder = session.exec(
        select(Subscriber).where(col(Subscriber.email) == person.email).with_for_update()
    ).one_or_none()
    if holder is not None and holder.person_id not in (None, person.id):
        return reader
    if reader is None:
        reader = holder or _made(session, person)
        reader.person_id = person.id
    elif holder is not None and holder.id != reader.id:
        _join(session, holder, reader, now)
    _follow(session, reader, person)
    return reader


def locked_reader(session: Session, person_id: UUID) -> Subscriber | None:
    """Return the reader that the person is, locked for this transaction, or ``None``."""
    return session.exec(
        select(Subscriber).where(Subscriber.person_id == person_id).with_for_update()
    ).one_or_none()


def _made(session: Session, person: Person) -> Subscriber:
    return Subscriber(
        id=new_id(),
        email=person.email,
        language=written(person.language),
        time_zone=person.time_zone,
        hour=subscribers.DEFAULT_HOUR,
        weekday=subscribers.DEFAULT_WEEKDAY,
    )


def _follow(session: Session, reader: Subscriber, person: Person) -> None:
    """Take over from the registry what the reader did not choose here."""
    before = (reader.email, reader.language, reader.time_zone)
    zone = reader.time_zone
    reader.email = person.email
    reader.unreachable_since = None
    if not reader.own_language:
        reader.language = written(person.language)
    if not reader.own_time_zone and person.time_zone in time_zone_names():
        reader.time_zone = person.time_zone
    if before != (reader.email, reader.language, reader.time_zone):
        reader.version += 1
    session.add(reader)
    session.flush()
    if reader.time_zone != zone:
        subscribers.move_pauses(session, reader, zone)


def _join(session: Session, former: Subscriber, reader: Subscriber, now: datetime) -> None:
    """Make two readers one, as the address of one is now the other's.

    The former keeps its row, without an address, so that the links in its e-mails lead on.
    """
    theirs = {
        (each.target_kind, each.target_id): each
        for each in session.exec(
            select(Subscription).where(Subscription.subscriber_id == reader.id)
        )
    }
    instead: dict[UUID, UUID] = {}
    for subscription in session.exec(
        select(Subscription).where(Subscription.subscriber_id == former.id)
    ).all():
        same = theirs.get((subscription.target_kind, subscription.target_id))
        if same is None:
            subscription.subscriber_id = reader.id
        else:
            instead[subscription.id] = same.id
            if subscription.ended_at is None:
                _take_over(same, subscription)
                session.add(same)
            end(subscription, subscription.ended_by or EndedBy.MERGE, now)
        session.add(subscription)
    withdrawing.hand_over(session, former.id, reader.id, now)
    _put_back_unsent(session, former, now)
    session.flush()
    _move_waiting(session, former, reader, instead)
    former.joined_into, former.email = reader.id, f"{former.id}@joined.invalid"
    former.left_at = former.left_at or now
    session.add(former)
    session.flush()
    settling.settle_choices(session, former, now)
    settling.settle_choices(session, reader, now)


def _take_over(subscription: Subscription, asked: Subscription) -> None:
    subscription.origin = SubscriptionOrigin.ASKED
    subscription.ended_at = subscription.ended_by = None
    subscription.frequency = min(
        (each.frequency for each in (subscription, asked)), key=lambda each: each.urgency
    )
    subscription.version += 1


def _put_back_unsent(session: Session, former: Subscriber, now: datetime) -> None:
    """Let what has not left yet wait again; it comes with the next digest.

    What is sent again was told before, so it doesn't.
    """
    unsent = (
        col(Delivery.subscriber_id) == former.id,
        col(Delivery.state) == DeliveryState.DUE,
    )
    digests = session.exec(
        select(Delivery.digest_id).where(*unsent, col(Delivery.resends).is_(None))
    ).all()
    session.exec(
        update(Delivery)
        .where(*unsent)
        .values(
            state=DeliveryState.CANCELLED,
            finished_at=now,
            answer="The reader has another address now.",
        )
    )
    for item in session.exec(
        select(DigestItem).where(col(DigestItem.digest_id).in_(digests))
    ).all():
        item.digest_id = None
        if item.frequency is Frequency.IMMEDIATE:
            item.frequency = Frequency.DAILY
        session.add(item)


def _move_waiting(
    session: Session, former: Subscriber, reader: Subscriber, instead: dict[UUID, UUID]
) -> None:
    known = set(
        session.exec(select(DigestItem.notice_id).where(DigestItem.subscriber_id == reader.id))
    )
    for item in session.exec(
        select(DigestItem).where(
            DigestItem.subscriber_id == former.id, col(DigestItem.digest_id).is_(None)
        )
    ).all():
        if item.notice_id in known:
            session.delete(item)
            continue
        item.subscriber_id = reader.id
        item.subscription_id = instead.get(item.subscription_id, item.subscription_id)
        session.add(item)
    session.flush()
