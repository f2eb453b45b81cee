"""The log of a webhook endpoint: its messages with each attempt, tests, and replays."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, Field
from sqlmodel import Session, col, select

from services.notifier.permissions import Person, require_endpoint
from services.notifier.queues import enqueue_webhooks
from services.notifier.routes.webhooks import EndpointId
from services.notifier.tables import Notice, WebhookEndpoint, WebhookMessage
from services.notifier.vocabulary import OUTSTANDING, MessageKind, MessageState
from services.notifier.webhooks import endpoints, messages, payloads
from shared.columns import utc_now
from shared.database import after_commit
from shared.pagination import Page, PageQuery, paginate_newest_first
from shared.problems import (
    FORBIDDEN,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    responses,
)
from shared.text import Input, Output
from shared.web import Reading, Writing

router = APIRouter(prefix="/webhooks/{endpoint_id}", tags=["webhooks"])

MessageId = Annotated[UUID, Path(description="The message's id, as in the header webhook-id.")]


class AttemptOut(Output):
    """One request."""

    started_at: datetime
    duration_ms: int | None = Field(
        description="Milliseconds; null while it is under way, or when nobody learned how it ended."
    )
    status_code: int | None = Field(description="Of the answer, if there was one.")
    answer: str | None = Field(description="The first part of the answer.")
    error: str | None = Field(
        description="Why there was no answer.", examples=["It took too long."]
    )


class MessageOut(Output):
    """A message and what became of it."""

    id: UUID = Field(description="The header webhook-id, the same for each attempt.")
    kind: MessageKind
    type: str = Field(examples=["update.posted"])
    subject: str = Field(description="What it is about.", examples=["updates/018f…"])
    state: MessageState
    attempts: list[AttemptOut] = Field(description="The first ones first.")
    next_attempt_at: datetime | None = Field(description="While it may still be sent.")
    reason: str | None = Field(description="Why it waits, failed or was cancelled.")
    created_at: datetime
    finished_at: datetime | None


class ReplayIn(Input):
    """Which failed messages to send once more."""

    since: AwareDatetime = Field(
        description="Those that were made since then.", examples=["2026-03-01T00:00:00Z"]
    )


class ReplayedOut(Output):
    """What is sent once more."""

    replayed: int


@router.get(
    "/messages",
    summary="List the messages of a webhook endpoint",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID),
)
def list_messages(
    *,
    endpoint_id: EndpointId,
    caller: Person,
    session: Reading,
    page: PageQuery,
    state: Annotated[MessageState | None, Query(description="Only those in this state.")] = None,
) -> Page[MessageOut]:
    """Return its messages with every attempt, the newest first; old ones are deleted."""
    endpoint = require_endpoint(session, session.get(WebhookEndpoint, endpoint_id), caller.id)
    statement = select(WebhookMessage).where(col(WebhookMessage.endpoint_id) == endpoint.id)
    if state is not None:
        statement = statement.where(col(WebhookMessage.state) == state)
    found = paginate_newest_first(session, statement, col(WebhookMessage.id), page)
    return Page(items=_shown(session, found.items), next_cursor=found.next_cursor)


@router.get(
    "/messages/{message_id}",
    summary="Show a message of a webhook endpoint",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID),
)
def show(
    endpoint_id: EndpointId, message_id: MessageId, caller: Person, session: Reading
) -> MessageOut:
    """Return a message with every attempt."""
    endpoint = require_endpoint(session, session.get(WebhookEndpoint, endpoint_id), caller.id)
    return _shown(session, [messages.find(session, endpoint, message_id)])[0]


@router.post(
    "/messages/{message_id}/replay",
    status_code=202,
    summary="Send a message of a webhook endpoint once more",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID, NOT_ALLOWED_NOW),
)
def replay(
    endpoint_id: EndpointId, message_id: MessageId, caller: Person, session: Writing
) -> MessageOut:
    """Send a message again that was delivered, failed or cancelled, with the same webhook-id."""
    endpoint = _to_send_to(session, endpoint_id, caller.id)
    message = messages.find(session, endpoint, message_id)
    messages.replay(session, endpoint, message, utc_now())
    return _shown(session, [message])[0]


@router.post(
    "/replay",
    status_code=202,
    summary="Send all failed messages of a webhook endpoint once more",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID, NOT_ALLOWED_NOW),
)
def replay_failed(
    endpoint_id: EndpointId, body: ReplayIn, caller: Person, session: Writing
) -> ReplayedOut:
    """Send what failed since a time again, in the order in which it happened."""
    endpoint = _to_send_to(session, endpoint_id, caller.id)
    return ReplayedOut(replayed=messages.replay_failed(session, endpoint, body.since, utc_now()))


@router.post(
    "/test",
    status_code=202,
    summary="Send a test to a webhook endpoint",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID, NOT_ALLOWED_NOW),
)
def send_test(endpoint_id: EndpointId, caller: Person, session: Writing) -> MessageOut:
    """Send a message of the type `webhook.test`; its place in the log says what came of it."""
    endpoint = _to_send_to(session, endpoint_id, caller.id)
    return _shown(session, [messages.write_test(session, endpoint, utc_now())])[0]


def _to_send_to(session: Session, endpoint_id: UUID, person_id: UUID) -> WebhookEndpoint:
    endpoint = require_endpoint(session, endpoints.locked(session, endpoint_id), person_id)
    after_commit(session, partial(enqueue_webhooks, [endpoint.id]))
    return endpoint


def _shown(session: Session, found: Sequence[WebhookMessage]) -> list[MessageOut]:
    attempts = messages.attempts_of(session, found)
    about = select(Notice).where(col(Notice.id).in_([message.notice_id for message in found]))
    types = {notice.id: payloads.type_of(notice) for notice in session.exec(about)}
    return [
        MessageOut(
            id=message.id,
            kind=message.kind,
            type=types[message.notice_id] if message.notice_id else payloads.TEST,
            subject=message.subject,
            state=message.state,
            attempts=[AttemptOut.model_validate(each) for each in attempts[message.id]],
            next_attempt_at=message.next_attempt_at if message.state in OUTSTANDING else None,
            reason=message.reason,
            created_at=message.created_at,
            finished_at=message.finished_at,
        )
        for message in found
    ]
