"""Attempts: what an endpoint is sent next, and what its answers mean.

As with e-mails (`deliveries`), the intent is written before the request and the answer after. One
endpoint has one request on the wire at a time, so a slow one takes one worker at most; and of one
subject nothing is sent while something earlier may still come. Killed in between, the hold lapses
and the message is sent once more, with the same id, by which the receiver knows it.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Mapped, aliased
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from services.notifier import pausing
from services.notifier.tables import Notice, WebhookAttempt, WebhookEndpoint, WebhookMessage
from services.notifier.vocabulary import OUTSTANDING, EndpointState, MessageState
from services.notifier.webhooks import endpoints, messages, payloads
from services.notifier.webhooks.posting import Answer
from shared.ids import new_id

BACKOFF = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long to wait after each attempt but the last (Standard Webhooks, deliverability)."""

JITTER = 0.1
"""Up to which share waits are longer, so that what failed together doesn't come back together."""

FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=5)
"""How long an endpoint that can't be reached, or has too much to do, is left alone altogether."""


@dataclass(frozen=True)
class Claim:
    """A message that this worker sends now."""

    endpoint_id: UUID
    message_id: UUID
    attempt_id: UUID
    attempt: int
    url: str
    secrets: Sequence[str]
    body: str


def take_next(session: Session, endpoint_id: UUID, now: datetime, hold: timedelta) -> Claim | None:
    """Write the intent to send the endpoint its next message for ``hold``, and return it.

    ``None`` when nothing is due, something is on the wire, or sending is paused. What its owner
    may not hear of any more is cancelled.
    """
    endpoint = endpoints.locked(session, endpoint_id)
    if endpoint is None or not _may_be_sent(session, endpoint, now):
        return None
    while (message := _next(session, endpoint, now)) is not None:
        body = _body(session, endpoint, message)
        if body is None:
            _finish(message, MessageState.CANCELLED, now, "Its owner may not see it any more.")
            session.add(message)
            session.flush()
            continue
        attempt = WebhookAttempt(id=new_id(), message_id=message.id, started_at=now)
        message.state = MessageState.SENDING
        message.attempts += 1
        message.attempt_id = attempt.id
        message.next_attempt_at = now + hold
        session.add(message)
        session.add(attempt)
        session.flush()
        return Claim(
            endpoint_id=endpoint.id,
            message_id=message.id,
            attempt_id=attempt.id,
            attempt=message.attempts,
            url=endpoint.url,
            secrets=endpoints.secrets_of(endpoint, now),
            body=body,
        )
    if endpoint.queued_at is not None:
        # So that the sweep asks for what is due next as soon as it is.
        endpoint.queued_at = None
        session.add(endpoint)
        session.flush()
    return None


def record(
    session: Session, claim: Claim, answer: Answer, now: datetime, give_up_after: timedelta
) -> None:
    """Write down what became of the request; what it means for the message and its endpoint.

    An endpoint that wants nothing any more, or has only failed for ``give_up_after``, is disabled.
    That the receiver took a message is recorded whatever happened to the claim meanwhile.
    """
    endpoint = endpoints.locked(session, claim.endpoint_id)
    if endpoint is None:
        return  # Deleted meanwhile, with everything.
    session.exec(
        update(WebhookAttempt)
        .where(col(WebhookAttempt.id) == claim.attempt_id)
        .values(
            duration_ms=answer.duration_ms,
            status_code=answer.status,
            answer=answer.text,
            error=answer.error,
        )
    )
    message = session.get(WebhookMessage, claim.message_id, populate_existing=True)
    if answer.is_taken:
        endpoint.failures, endpoint.failing_since, endpoint.rests_until = 0, None, None
        session.add(endpoint)
        if message is not None:
            _finish(message, MessageState.DELIVERED, now, None)
            session.add(message)
        session.flush()
        return
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    endpoint.rests_until = _rest(endpoint, answer, now)
    session.add(endpoint)
    if message is not None and message.attempt_id == claim.attempt_id:
        _put_off(message, answer, now)
        session.add(message)
    session.flush()
    if answer.is_gone:
        endpoints.disable(session, endpoint, "It answered 410 (gone).", now)
    elif now - endpoint.failing_since >= give_up_after:
        since = f"{endpoint.failing_since:%Y-%m-%d %H:%M} UTC"
        because = f"Nothing arrived since {since}. The last time: {answer.in_words}"
        endpoints.disable(session, endpoint, because, now)


def take_unqueued(
    session: Session, now: datetime, requeue_after: timedelta, limit: int
) -> list[UUID]:
    """Return endpoints with something to send and no task as far as known, noted as queued now."""
    if pausing.current(session) is not None:
        return []
    queued_at, rests_until = col(WebhookEndpoint.queued_at), col(WebhookEndpoint.rests_until)
    due = _ready(col(WebhookEndpoint.id), now).correlate(WebhookEndpoint)
    found = session.exec(
        select(WebhookEndpoint.id)
        .where(
            col(WebhookEndpoint.state) == EndpointState.ENABLED,
            queued_at.is_(None) | (queued_at < now - requeue_after),
            rests_until.is_(None) | (rests_until <= now),
            due.exists(),
        )
        .order_by(queued_at)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    if found:
        session.exec(
            update(WebhookEndpoint)
            .where(col(WebhookEndpoint.id).in_(found))
            .values(queued_at=now)
            .execution_options(synchronize_session=False)
        )
    return list(found)


def _may_be_sent(session: Session, endpoint: WebhookEndpoint, now: datetime) -> bool:
    if endpoint.state is not EndpointState.ENABLED or pausing.current(session) is not None:
        return False
    if endpoint.rests_until is not None and endpoint.rests_until > now:
        return False
    on_the_wire = select(WebhookMessage.id).where(
        col(WebhookMessage.endpoint_id) == endpoint.id,
        col(WebhookMessage.state) == MessageState.SENDING,
        col(WebhookMessage.next_attempt_at) > now,
    )
    return session.exec(on_the_wire.limit(1)).first() is None


def _next(session: Session, endpoint: WebhookEndpoint, now: datetime) -> WebhookMessage | None:
    ready = _ready(endpoint.id, now).order_by(col(WebhookMessage.id)).limit(1)
    return session.exec(ready).first()


def _ready(endpoint_id: UUID | Mapped[UUID], now: datetime) -> SelectOfScalar[WebhookMessage]:
    """Return the query of what is due and has nothing earlier of its subject before it."""
    earlier = aliased(WebhookMessage)
    return select(WebhookMessage).where(
        col(WebhookMessage.endpoint_id) == endpoint_id,
        col(WebhookMessage.state).in_(OUTSTANDING),
        col(WebhookMessage.next_attempt_at) <= now,
        ~select(earlier.id)
        .where(
            col(earlier.endpoint_id) == col(WebhookMessage.endpoint_id),
            col(earlier.subject) == col(WebhookMessage.subject),
            col(earlier.state).in_(OUTSTANDING),
            col(earlier.id) < col(WebhookMessage.id),
        )
        .exists(),
    )


def _body(session: Session, endpoint: WebhookEndpoint, message: WebhookMessage) -> str | None:
    """Return what the message says; ``None`` when the owner may not hear of it any more."""
    if message.notice_id is None:
        return payloads.of_test(endpoint, message)
    notice = session.get_one(Notice, message.notice_id)
    seeing = messages.who_see(session, notice, [endpoint.owner_id])
    return payloads.of_notice(notice) if seeing else None


def _put_off(message: WebhookMessage, answer: Answer, now: datetime) -> None:
    if answer.is_gone:
        _finish(message, MessageState.FAILED, now, answer.in_words)
    elif message.attempts > len(BACKOFF):
        _finish(message, MessageState.FAILED, now, f"Given up. {answer.in_words}")
    else:
        wait = BACKOFF[message.attempts - 1] * (1 + random.random() * JITTER)  # noqa: S311
        message.state = MessageState.DUE
        message.attempt_id = None
        message.next_attempt_at = now + max(wait, answer.retry_after or wait)
        message.reason = answer.in_words


def _rest(endpoint: WebhookEndpoint, answer: Answer, now: datetime) -> datetime | None:
    """Return until when the endpoint is left alone; other failures are the message's own."""
    if not answer.is_of_the_endpoint:
        return None
    doubled = FIRST_REST * (1 << min(endpoint.failures - 1, 10))
    return now + max(min(doubled, LONGEST_REST), answer.retry_after or FIRST_REST)


def _finish(
    message: WebhookMessage, state: MessageState, now: datetime, reason: str | None
) -> None:
    message.state = state
    message.attempt_id = None
    message.finished_at, message.reason = now, reason
