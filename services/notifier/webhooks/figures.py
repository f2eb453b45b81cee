"""Figures of webhooks."""

from collections.abc import Iterator

from sqlmodel import Session

from services.notifier.tables import WebhookEndpoint, WebhookMessage
from services.notifier.vocabulary import EndpointState, MessageState
from shared.telemetry import Figure, counted


def figures(session: Session) -> Iterator[Figure]:
    """Yield how many endpoints and messages there are in each state."""
    yield from counted(
        session,
        "webhook_endpoints",
        "Webhook endpoints by state.",
        WebhookEndpoint.state,
        EndpointState,
    )
    yield from counted(
        session,
        "webhook_messages",
        "Webhook messages that are kept, by state.",
        WebhookMessage.state,
        MessageState,
    )
