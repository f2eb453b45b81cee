"""Messages: one row for each notice and endpoint, written with the notice, and replayed."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select, update

from services.notifier import reach, sight
from services.notifier.standing import standings
from services.notifier.tables import Notice, WebhookAttempt, WebhookEndpoint, WebhookMessage
from services.notifier.targets import Target
from services.notifier.vocabulary import (
    OUTSTANDING,
    EndpointState,
    MessageKind,
    MessageState,
)
from shared.ids import new_id
from shared.problems import NOT_ALLOWED_NOW, NOT_FOUND, Problem


def write(
    session: Session, notice: Notice, reached: Collection[Target], now: datetime
) -> list[UUID]:
    """Write a message for each endpoint that follows the notice and whose owner may see it.

    Return the endpoints that are to be sent to now. One that is paused keeps its messages.
    """
    following = reach.endpoints_wanting(session, reached, notice.facts) if reached else set()
    if not following:
        return []
    found = session.exec(
        select(WebhookEndpoint.id, WebhookEndpoint.owner_id, WebhookEndpoint.state)
        .where(
            col(WebhookEndpoint.id).in_(following),
            col(WebhookEndpoint.state) != EndpointState.DISABLED,
        )
        .order_by(col(WebhookEndpoint.id))
        # So that none is deleted before its message is there.
        .with_for_update(read=True, key_share=True)
    ).all()
    seeing = who_see(session, notice, {owner_id for _, owner_id, _ in found})
    due = []
    for endpoint_id, owner_id, state in found:
        if owner_id not in seeing:
            continue
        session.add(
            WebhookMessage(
                id=new_id(),
                endpoint_id=endpoint_id,
                kind=MessageKind.NOTICE,
                notice_id=notice.id,
                subject=notice.subject,
                next_attempt_at=now,
                created_at=now,
            )
        )
        if state == EndpointState.ENABLED:
            due.append(endpoint_id)
    session.flush()
    return due


def who_see(session: Session, notice: Notice, people: Collection[UUID]) -> set[UUID]:
    """Return those of the people who may hear of the notice now."""
    if notice.taken_back_at is not None:
        return set()
    guard = sight.Guard.of(notice)
    hidden = sight.Hidden.of(session, [guard])
    if not hidden.hides(guard):
        return set(people)
    stands = standings(session, people)
    return {person_id for person_id in people if hidden.lets(guard, stands[person_id])}


def write_test(session: Session, endpoint: WebhookEndpoint, now: datetime) -> WebhookMessage:
    """Write a message that only shows that the endpoint is reached; raise ``Problem`` (409)."""
    _require_enabled(endpoint)
    message = WebhookMessage(
        endpoint_id=endpoint.id,
        kind=MessageKind.TEST,
        subject=f"webhooks/{endpoint.id}",
        next_attempt_at=now,
        created_at=now,
    )
    session.add(message)
    session.flush()
    return message


def find(session: Session, endpoint: WebhookEndpoint, message_id: UUID) -> WebhookMessage:
    """Return a message of the endpoint, or raise ``Problem`` (404)."""
    found = session.get(WebhookMessage, message_id)
    if found is None or found.endpoint_id != endpoint.id:
        raise Problem(NOT_FOUND, "This endpoint has no message with this id.")
    return found


def replay(
    session: Session, endpoint: WebhookEndpoint, message: WebhookMessage, now: datetime
) -> None:
    """Send a message that is done once more, with the same id; raise ``Problem`` (409)."""
    _require_enabled(endpoint)
    session.refresh(message, with_for_update=True)
    if message.state in OUTSTANDING:
        raise Problem(NOT_ALLOWED_NOW, "This message is on its way: wait until it is done.")
    _send_again(session, [message.id], now)
    session.refresh(message)


def replay_failed(
    session: Session, endpoint: WebhookEndpoint, since: datetime, now: datetime
) -> int:
    """Send every message once more that failed and was made since then; return how many."""
    _require_enabled(endpoint)
    failed = session.exec(
        select(WebhookMessage.id).where(
            col(WebhookMessage.endpoint_id) == endpoint.id,
            col(WebhookMessage.state) == MessageState.FAILED,
            col(WebhookMessage.created_at) >= since,
        )
    ).all()
    _send_again(session, failed, now)
    return len(failed)


def attempts_of(
    session: Session, messages: Iterable[WebhookMessage]
) -> dict[UUID, list[WebhookAttempt]]:
    """Return the attempts of each message, the first ones first."""
    found: dict[UUID, list[WebhookAttempt]] = {message.id: [] for message in messages}
    for attempt in session.exec(
        select(WebhookAttempt)
        .where(col(WebhookAttempt.message_id).in_(found))
        .order_by(col(WebhookAttempt.id))
    ):
        found[attempt.message_id].append(attempt)
    return found


def _require_enabled(endpoint: WebhookEndpoint) -> None:
    if endpoint.state is not EndpointState.ENABLED:
        raise Problem(
            NOT_ALLOWED_NOW, f"This endpoint is {endpoint.state}: enable it with PATCH first."
        )


def _send_again(session: Session, message_ids: Collection[UUID], now: datetime) -> None:
    session.exec(
        update(WebhookMessage)
        .where(col(WebhookMessage.id).in_(message_ids))
        .values(
            state=MessageState.DUE,
            attempts=0,
            attempt_id=None,
            next_attempt_at=now,
            finished_at=None,
            reason=None,
        )
        .execution_options(synchronize_session=False)
    )
