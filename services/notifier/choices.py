"""Choices: what a reader changes of the subscriptions there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from services.notifier import settling, subscribers
from services.notifier.announcements import withdrawing
from services.notifier.sight import require_followable
from services.notifier.subscribers import Hours
from services.notifier.subscriptions import end
from services.notifier.tables import Subscriber, Subscription, SubscriptionRequest
from services.notifier.targets import Target, criteria_of
from services.notifier.vocabulary import EndedBy, Frequency, SubscriptionOrigin
from services.notifier.webhooks import endpoints
from shared.problems import CONFLICT, Problem


@dataclass(frozen=True)
class Choice:
    """How soon one subscription is wanted from now on, and from when.

    Without a frequency it ends. ``paused_until`` is when a pause ends, ``None`` for none.
    """

    subscription_id: UUID
    frequency: Frequency | None
    paused_until: datetime | None = None


def all_of(session: Session, subscriber_id: UUID) -> list[Subscription]:
    """Return every subscription that the reader ever had, the ended ones too."""
    return list(
        session.exec(
            select(Subscription)
            .where(col(Subscription.subscriber_id) == subscriber_id)
            .order_by(col(Subscription.id))
        )
    )


def choose(
    session: Session, subscriber_id: UUID, hours: Hours, choices: Iterable[Choice], now: datetime
) -> Subscriber:
    """Change hours and subscriptions at once; a choice for somebody else's is void."""
    subscriber = subscribers.lock(session, subscriber_id)
    subscribers.set_hours(session, subscriber, hours)
    wanted = {choice.subscription_id: choice for choice in choices}
    for subscription in all_of(session, subscriber.id):
        choice = wanted.get(subscription.id)
        if choice is not None and _apply(subscription, choice, now):
            session.add(subscription)
    session.flush()
    if subscribers.active_subscriptions(session, subscriber.id):
        subscriber.left_at = None
        session.add(subscriber)
    settling.settle_choices(session, subscriber, now)
    withdrawing.cancel_declined(session, subscriber.id, now)
    return subscriber


def choose_hours(session: Session, subscriber: Subscriber, hours: Hours, now: datetime) -> None:
    """Change when and in which language a locked subscriber reads, and nothing else."""
    subscribers.set_hours(session, subscriber, hours)
    settling.settle_choices(session, subscriber, now)


def start(
    session: Session,
    subscriber: Subscriber,
    target: Target,
    frequency: Frequency,
    *,
    paused_until: datetime | None,
    now: datetime,
) -> Subscription:
    """Subscribe a reader whose address is known to be theirs; the subscriber must be locked.

    Raises ``Problem`` when there is no such target (422), or the reader follows it already (409).
    """
    require_followable(session, target, subscriber.person_id)
    subscription = session.exec(
        select(Subscription).where(
            Subscription.subscriber_id == subscriber.id,
            Subscription.target_kind == target.kind,
            Subscription.target_id == target.id,
        )
    ).one_or_none()
    if subscription is None:
        subscription = Subscription(
            subscriber_id=subscriber.id,
            target_kind=target.kind,
            target_id=target.id,
            criteria=criteria_of(target),
            frequency=frequency,
            confirmed_at=now,
        )
    elif subscription.ended_at is None:
        raise Problem(CONFLICT, "You follow this already: change the subscription that you have.")
    else:
        subscription.version += 1
    subscription.origin = SubscriptionOrigin.ASKED
    subscription.chosen = True
    subscription.frequency = frequency
    subscription.paused_until = paused_until
    subscription.confirmed_at = now
    subscription.ended_at = subscription.ended_by = None
    subscriber.left_at = None
    session.add(subscription)
    session.add(subscriber)
    session.flush()
    settling.settle_choices(session, subscriber, now)
    return subscription


def _apply(subscription: Subscription, choice: Choice, now: datetime) -> bool:
    """Change the subscription as its reader wants; return whether that is another state."""
    before = (subscription.frequency, subscription.paused_until, subscription.ended_at)
    if choice.frequency is None:
        end(subscription, EndedBy.READER, now)
    else:
        subscription.frequency = choice.frequency
        subscription.ended_at = subscription.ended_by = None
        subscription.paused_until = choice.paused_until
    changed = before != (subscription.frequency, subscription.paused_until, subscription.ended_at)
    if changed:
        subscription.chosen = True
        subscription.version += 1
    return changed or choice.frequency is None


def follow_merged(session: Session, gone: Target, survivor: Target, now: datetime) -> None:
    """Let who follows, or asked to follow, something that was merged follow its survivor.

    Who follows both keeps the subscription to the survivor; webhook endpoints follow it likewise.
    Called again, it changes nothing.
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
                there.frequency = subscription.frequency
                there.ended_at = there.ended_by = None
                there.version += 1
                session.add(there)
            end(subscription, EndedBy.MERGE, now)
        subscription.version += 1
        session.add(subscription)
    endpoints.follow_merged(session, gone, survivor)
    session.flush()
