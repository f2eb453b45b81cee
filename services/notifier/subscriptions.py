"""Subscriptions: asked for by anybody, made only by who reads the address (double opt-in)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from services.notifier import settling, subscribers
from services.notifier.languages import N_
from services.notifier.sight import require_followable
from services.notifier.subscribers import Hours
from services.notifier.tables import Delivery, Subscription, SubscriptionRequest
from services.notifier.targets import Target, criteria_of
from services.notifier.vocabulary import DeliveryKind, EndedBy, Frequency, SubscriptionOrigin
from shared.problems import NOT_ALLOWED_NOW, NOT_FOUND, TOO_MANY, Problem

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
    require_followable(session, wish.target)
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
        criteria=criteria_of(wish.target),
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
        raise Problem(NOT_FOUND, N_("This request is not known: ask for the subscription again."))
    if request.confirmed_at is None and request.expires_at <= now:
        raise Problem(NOT_ALLOWED_NOW, N_("This link has expired: ask for the subscription again."))
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
                N_("This link was used before and the subscription has ended since: ask again."),
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
    else:
        subscription.version += 1
    subscription.origin = SubscriptionOrigin.ASKED
    subscription.frequency = request.frequency
    subscription.confirmed_at = now
    subscription.ended_at = subscription.ended_by = None
    subscriber.left_at = None
    request.confirmed_at = now
    session.add(subscription)
    session.add(request)
    session.flush()
    settling.settle_choices(session, subscriber, now)
    return subscription


def end(subscription: Subscription, by: EndedBy, now: datetime) -> None:
    """End the subscription and with it the address of its feed; one that is over keeps when."""
    subscription.ended_at = subscription.ended_at or now
    subscription.ended_by = by
    subscription.feed_digest = None


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
