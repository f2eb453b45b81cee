"""Figures of webhooks."""

from collections.abc import Iterator

from sqlalchemy import func
from sqlmodel import Session, col, select

from services.notifier.tables import WebhookEndpoint, WebhookMessage
from services.notifier.vocabulary import EndpointState, MessageState
from shared.telemetry import Figure


def figures(session: Session) -> Iterator[Figure]:
    """Yield how many endpoints and messages there are in each state."""
    endpoints = dict(
        session.exec(
            select(WebhookEndpoint.state, func.count()).group_by(col(WebhookEndpoint.state))
        ).all()
    )
    for state in EndpointState:
        yield Figure(
            "webhook_endpoints",
            "Webhook endpoints by state.",
            endpoints.get(state, 0),
            {"state": state},
        )
    messages = dict(
        session.exec(
            select(WebhookMessage.state, func.count()).group_by(col(WebhookMessage.state))
        ).all()
    )
    for message_state in MessageState:
        yield Figure(
            "webhook_messages",
            "Webhook messages that are kept, by state.",
            messages.get(message_state, 0),
            {"state": message_state},
        )
