"""Subscriptions: asked for by anybody, made only by who reads the address (double opt-in)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from services.notifier import criteria, reach, subscribers, targets
from services.notifier.subscribers import Hours
from services.notifier.tables import Delivery, Subscriber, Subscription, SubscriptionRequest
from services.notifier.targets import Target
from services.notifier.vocabulary import DeliveryKind, Frequency
from shared.problems import INVALID, NOT_ALLOWED_NOW, NOT_FOUND, TOO_MANY, FieldError, Problem

REQUEST_LIFETIME = timedelta(days=3)
REQUESTS_PER_ADDRESS = 10
"""Confirmation e-mails to one address within an hour, so that nobody floods a stranger."""


@dataclass(frozen=True)
class Wish:
    """What somebody asks for, on behalf of an address."""

    email: str
    target: Target
    frequency: Frequency
    hours: Hours


@dataclass(frozen=True)
class Asked:
    """A request, and the e-mail that asks its address to confirm it."""

    request_id: UUID
    delivery_id: UUID


def ask(session: Session, wish: Wish, now: datetime, per_minute: int) -> Asked:
    """Note the request and the intent to send a confirmation e-mail.

    Whether the address is already subscribed makes no difference, so nobody can find out. Raises
    ``Problem`` when there is no such target, or when too many requests came: ``per_minute`` in
    all, `REQUESTS_PER_ADDRESS` an hour for the address.
    """
    if targets.known_name(session, wish.target) is None:
        raise Problem(
            INVALID,
            f"There is no {wish.target.kind.replace('_', ' ')} {wish.target.id!r} to follow: "
            "choose one that exists.",
            errors=[FieldError(pointer="/target/id", detail="Nothing with this id is known.")],
        )
    _limit(session, wish.email, now, per_minute)
    request = SubscriptionRequest(
        email=wish.email,
        language=wish.hours.language,
        time_zone=wish.hours.time_zone,
        hour=wish.hours.hour,
        weekday=wish.hours.weekday,
        frequency=wish.frequency,
        target_kind=wish.target.kind,
        target_id=wish.target.id,
        criteria=_criteria(wish.target),
        asked_at=now,
        expires_at=now + REQUEST_LIFETIME,
    )
    session.add(request)
    session.flush()
    delivery = Delivery(
        kind=DeliveryKind.CONFIRMATION,
        request_id=request.id,
        next_attempt_at=now,
        queued_at=now,
        created_at=now,
    )
    session.add(delivery)
    session.flush()
    return Asked(request.id, delivery.id)


def open_request(session: Session, request_id: UUID, now: datetime) -> SubscriptionRequest:
    """Return the request that a confirmation link names; raise ``Problem`` when it is over."""
    request = session.exec(
        select(SubscriptionRequest).where(col(SubscriptionRequest.id) == request_id)
    ).one_or_none()
    if request is None:
        raise Problem(NOT_FOUND, "This request is not known: ask for the subscription again.")
    if request.confirmed_at is None and request.expires_at <= now:
        raise Problem(NOT_ALLOWED_NOW, "This link has expired: ask for the subscription again.")
    return request


def confirm(session: Session, request_id: UUID, now: datetime) -> Subscription:
    """Make the subscription that the request asked for, and return it.

    A subscription to the same target takes the frequency of this request; hours that the request
    names replace those chosen before. Confirming again returns the same subscription; once the
    reader has left, an old link doesn't bring the reader back (``Problem``).
    """
    request = open_request(session, request_id, now)
    subscriber = subscribers.lock_or_add(
        session,
        request.email,
        Hours(request.language, request.time_zone, request.hour, request.weekday)
        if request.confirmed_at is None
        else Hours(),
    )
    subscription = session.exec(
        select(Subscription).where(
            col(Subscription.subscriber_id) == subscriber.id,
            col(Subscription.target_kind) == request.target_kind,
            col(Subscription.target_id) == request.target_id,
        )
    ).one_or_none()
    session.refresh(request)
    if request.confirmed_at is not None:
        if subscription is None or subscription.ended_at is not None:
            raise Problem(
                NOT_ALLOWED_NOW,
                "This link was used before and the subscription has ended since: ask again.",
            )
        return subscription
    if subscription is None:
        subscription = Subscription(
            id=request.id,
            subscriber_id=subscriber.id,
            target_kind=request.target_kind,
            target_id=request.target_id,
            frequency=request.frequency,
            criteria=request.criteria,
            confirmed_at=now,
        )
    subscription.frequency = request.frequency
    subscription.confirmed_at = now
    subscription.ended_at = None
    request.confirmed_at = now
    session.add(subscription)
    session.add(request)
    session.flush()
    subscribers.settle_choices(session, subscriber, now)
    return subscription


@dataclass(frozen=True)
class Choice:
    """How soon one subscription is wanted from now on; ``None`` ends it."""

    subscription_id: UUID
    frequency: Frequency | None


def all_of(session: Session, subscriber_id: UUID) -> list[Subscription]:
    """Return every subscription the reader ever confirmed, the ended ones too."""
    return list(
        session.exec(
            select(Subscription)
            .where(col(Subscription.subscriber_id) == subscriber_id)
            .order_by(col(Subscription.id))
        )
    )


def choose(
    session: Session, subscriber_id: UUID, hours: Hours, choices: list[Choice], now: datetime
) -> Subscriber:
    """Change hours and frequencies at once; a choice for somebody else's subscription is void."""
    subscriber = subscribers.lock(session, subscriber_id)
    wanted = {choice.subscription_id: choice for choice in choices}
    for subscription in all_of(session, subscriber_id):
        choice = wanted.get(subscription.id)
        if choice is None:
            continue
        if choice.frequency is None:
            subscription.ended_at = subscription.ended_at or now
        else:
            subscription.frequency = choice.frequency
            subscription.ended_at = None
        session.add(subscription)
    session.flush()
    if not subscribers.active_subscriptions(session, subscriber_id):
        subscribers.leave(session, subscriber_id, now)
    subscribers.set_hours(session, subscriber, hours)
    subscribers.settle_choices(session, subscriber, now)
    return subscriber


def _criteria(target: Target) -> dict[str, list[str]] | None:
    return criteria.of_key(target.id).named() if target.kind in reach.SUPPORT else None


def _limit(session: Session, email: str, now: datetime, per_minute: int) -> None:
    asked_at = col(SubscriptionRequest.asked_at)
    to_address = session.exec(
        select(func.count()).where(
            col(SubscriptionRequest.email) == email, asked_at > now - timedelta(hours=1)
        )
    ).one()
    if to_address >= REQUESTS_PER_ADDRESS:
        raise Problem(
            TOO_MANY,
            "Many requests came for this address within the hour: use the links in the e-mails "
            "that went there, or try again in an hour.",
            headers={"Retry-After": "3600"},
        )
    in_all = session.exec(select(func.count()).where(asked_at > now - timedelta(minutes=1))).one()
    if in_all >= per_minute:
        raise Problem(
            TOO_MANY,
            "Very many people are subscribing at this moment: try again in a minute.",
            headers={"Retry-After": "60"},
        )


def follow_merged(session: Session, gone: Target, survivor: Target, now: datetime) -> None:
    """Let who follows, or asked to follow, something that was merged follow its survivor.

    Who follows both keeps the subscription to the survivor. Called again, it changes nothing.
    """
    for asked in session.exec(
        select(SubscriptionRequest).where(
            SubscriptionRequest.target_kind == gone.kind, SubscriptionRequest.target_id == gone.id
        )
    ).all():
        asked.target_id = survivor.id
        session.add(asked)
    for subscription in session.exec(
        select(Subscription)
        .where(
            Subscription.target_kind == gone.kind,
            Subscription.target_id == gone.id,
            col(Subscription.ended_at).is_(None),
        )
        .with_for_update()
    ).all():
        there = session.exec(
            select(Subscription).where(
                Subscription.subscriber_id == subscription.subscriber_id,
                Subscription.target_kind == survivor.kind,
                Subscription.target_id == survivor.id,
            )
        ).first()
        if there is None:
            subscription.target_id = survivor.id
        else:
            if there.ended_at is not None:
                there.frequency, there.ended_at = subscription.frequency, None
                session.add(there)
            subscription.ended_at = now
        session.add(subscription)
    session.flush()
