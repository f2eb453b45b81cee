"""Subscriptions that roles bring: kept as the roles of now say, and as their readers chose.

What a reader changed stays changed, what a reader ended stays ended, and who stopped all e-mails
gets none because of a new role. A role that ends takes along what it brought; when it comes back,
so does that, as it was chosen.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlmodel import Session, col, delete, select

from services.notifier import erasing, linking, roles, settling
from services.notifier.subscriptions import end
from services.notifier.tables import (
    Delivery,
    Person,
    RoleNews,
    Subscriber,
    Subscription,
    Unwanted,
)
from services.notifier.targets import Target
from services.notifier.vocabulary import DeliveryKind, EndedBy, Frequency, SubscriptionOrigin
from shared.ids import new_id

log = structlog.get_logger(__name__)

AT_ONCE = 50
"""People looked at in one transaction."""

LOOK_AGAIN = timedelta(minutes=1)
"""When the address of one person is still held by another, whose news must come first."""

FORGET_AFTER = timedelta(days=1)
"""How long after the registry took an address back it is kept, should a role come back."""


def bring_up_to_date(session: Session, now: datetime) -> tuple[int, list[UUID]]:
    """Look at some people whose roles changed; return how many, and letters of welcome to send."""
    noted = (
        select(RoleNews.person_id)
        .where(col(RoleNews.due_at) <= now)
        .order_by(col(RoleNews.due_at))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    people = session.scalars(
        delete(RoleNews)
        .where(col(RoleNews.person_id).in_(noted))
        .returning(col(RoleNews.person_id))
        .execution_options(synchronize_session=False)
    ).all()
    letters = []
    for person_id in sorted(people):
        try:
            with session.begin_nested():
                letter = _look_at(session, person_id, now)
        except Exception:
            # One that can't be done must not keep the others waiting.
            log.exception("roles_not_followed", person_id=str(person_id))
            session.expunge_all()
            roles.note(session, [person_id], now + LOOK_AGAIN)
        else:
            letters += [letter] if letter else []
    return len(people), letters


def _look_at(session: Session, person_id: UUID, now: datetime) -> UUID | None:
    person = session.get(Person, person_id)
    if person is None:
        _take_back(session, person_id, now)
        return None
    brought = roles.brings(session, person_id)
    known = linking.reader_of(session, person_id) is not None
    if session.get(Unwanted, person_id) is not None or not (brought or known):
        return None
    reader = linking.link(session, person, now)
    if reader is None or reader.email != person.email:
        roles.note(session, [person_id], now + LOOK_AGAIN)
    if reader is None:
        return None
    new = _follow(session, reader, brought, now)
    return _welcome(session, reader, now) if new and reader.welcomed_at is None else None


def _follow(
    session: Session, reader: Subscriber, brought: dict[Target, Frequency], now: datetime
) -> bool:
    """Make the reader's subscriptions agree with the roles; return whether some are new."""
    existing = {
        Target(each.target_kind, each.target_id): each
        for each in session.exec(
            select(Subscription).where(Subscription.subscriber_id == reader.id)
        )
    }
    changed = [
        each for target, each in existing.items() if target not in brought and _end(each, now)
    ]
    started = []
    for target, frequency in brought.items():
        found = existing.get(target)
        if found is None:
            started.append(_new(reader, target, frequency, now))
        elif found.ended_by is EndedBy.ROLE:
            started.append(_again(found, reader, frequency, now))
        elif _is_left_to_roles(found) and found.frequency is not frequency:
            found.frequency = frequency
            found.version += 1
            changed.append(found)
    session.add_all([*changed, *started])
    session.flush()
    if changed or started:
        settling.settle_choices(session, reader, now)
    return any(each.ended_at is None for each in started)


def _is_left_to_roles(subscription: Subscription) -> bool:
    return (
        subscription.origin is SubscriptionOrigin.MEMBERSHIP
        and subscription.ended_at is None
        and not subscription.chosen
    )


def _end(subscription: Subscription, now: datetime) -> bool:
    """End what a role brought; return whether it was active."""
    is_brought = subscription.origin is SubscriptionOrigin.MEMBERSHIP
    if not is_brought or subscription.ended_at is not None:
        return False
    end(subscription, EndedBy.ROLE, now)
    subscription.version += 1
    return True


def _new(reader: Subscriber, target: Target, frequency: Frequency, now: datetime) -> Subscription:
    stopped = reader.left_at is not None
    return Subscription(
        id=new_id(),
        subscriber_id=reader.id,
        target_kind=target.kind,
        target_id=target.id,
        frequency=frequency,
        origin=SubscriptionOrigin.MEMBERSHIP,
        confirmed_at=now,
        ended_at=now if stopped else None,
        ended_by=EndedBy.READER if stopped else None,
    )


def _again(
    subscription: Subscription, reader: Subscriber, frequency: Frequency, now: datetime
) -> Subscription:
    if not subscription.chosen:
        subscription.frequency = frequency
    if reader.left_at is None:
        subscription.ended_at = subscription.ended_by = None
        subscription.confirmed_at = now
    else:
        subscription.ended_by = EndedBy.READER
    subscription.version += 1
    return subscription


def _welcome(session: Session, reader: Subscriber, now: datetime) -> UUID:
    """Note that the reader is to be told, once, what the roles bring and how to change it."""
    delivery = Delivery(
        id=new_id(),
        kind=DeliveryKind.WELCOME,
        subscriber_id=reader.id,
        next_attempt_at=now,
        queued_at=now,
        created_at=now,
    )
    reader.welcomed_at = now
    session.add_all([delivery, reader])
    session.flush()
    return delivery.id


def _take_back(session: Session, person_id: UUID, now: datetime) -> None:
    """End what the roles of an unreachable person brought; a day later forget who they are.

    Who asked for something by that address goes on getting it: it was confirmed from there.
    """
    reader = linking.locked_reader(session, person_id)
    if reader is None:
        return
    _follow(session, reader, {}, now)
    since = reader.unreachable_since or now
    if now < since + FORGET_AFTER:
        reader.unreachable_since = since
        session.add(reader)
        session.flush()
        roles.note(session, [person_id], since + FORGET_AFTER)
        return
    if not _asked_for(session, reader):
        erasing.erase(session, reader)
        return
    reader.person_id = reader.unreachable_since = None
    session.add(reader)
    session.flush()


def _asked_for(session: Session, reader: Subscriber) -> Sequence[UUID]:
    return session.exec(
        select(Subscription.id).where(
            Subscription.subscriber_id == reader.id,
            Subscription.origin == SubscriptionOrigin.ASKED,
            col(Subscription.ended_at).is_(None),
        )
    ).all()
