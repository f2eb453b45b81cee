"""Webhooks in a test's world: endpoints of its people, and a worker's part."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from uuid import UUID

from sqlmodel import Session, col, select, update

from services.notifier.tables import WebhookAttempt, WebhookEndpoint, WebhookMessage
from services.notifier.targets import EVERYTHING, Target
from services.notifier.webhooks import attempts, endpoints
from services.notifier.webhooks.network import Reach
from services.notifier.webhooks.sending import Courier, send_due
from shared.columns import utc_now
from shared.ids import new_id
from tests.notifier.world import World

LOOPBACK = Reach(networks=(ip_network("127.0.0.0/8"),), plain_http=True)
"""What tests reach: receivers of their own."""

COURIER = Courier(
    reach=LOOPBACK,
    seconds=5.0,
    hold=timedelta(seconds=30),
    give_up_after=timedelta(days=5),
)


def listens(
    world: World,
    url: str,
    *followed: Target,
    owner: UUID | None = None,
    name: str = "Our intranet",
) -> WebhookEndpoint:
    """Register an endpoint that follows these, or everything, and return it with its secret."""
    with world.database.write() as session:
        return endpoints.register(
            session,
            owner or new_id(),
            name=name,
            url=url,
            followed=followed or [EVERYTHING],
            now=utc_now(),
        )


def deliver(world: World, endpoint: WebhookEndpoint, courier: Courier = COURIER) -> None:
    """Send what is due to the endpoint, as workers do, until nothing is."""
    while send_due(world.database, endpoint.id, courier):
        pass


def hurry(world: World) -> None:
    """Let every wait of messages and endpoints be over."""
    long_ago = utc_now() - timedelta(seconds=1)
    with world.database.write() as session:
        session.exec(update(WebhookMessage).values(next_attempt_at=long_ago))
        session.exec(update(WebhookEndpoint).values(rests_until=None))


def slow(courier: Courier = COURIER, seconds: float = 0.5) -> Courier:
    """Return a courier that waits for no answer longer than that."""
    return replace(courier, seconds=seconds)


def now_of(world: World, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """Return the endpoint as it is now."""
    with world.database.read() as session:
        return session.get_one(WebhookEndpoint, endpoint.id)


def messages_of(world: World, endpoint: WebhookEndpoint) -> Sequence[WebhookMessage]:
    """Return the messages of the endpoint, the first ones first."""
    with world.database.read() as session:
        return _messages(session, endpoint)


def attempts_of(world: World, endpoint: WebhookEndpoint) -> list[WebhookAttempt]:
    """Return all attempts on the endpoint, the first ones first."""
    with world.database.read() as session:
        return list(
            session.exec(
                select(WebhookAttempt)
                .join(WebhookMessage, col(WebhookMessage.id) == col(WebhookAttempt.message_id))
                .where(col(WebhookMessage.endpoint_id) == endpoint.id)
                .order_by(col(WebhookAttempt.id))
            )
        )


def lost(world: World, now: datetime | None = None) -> list[UUID]:
    """Return the endpoints that a sweep would ask a task for."""
    with world.database.write() as session:
        return attempts.take_unqueued(session, now or utc_now(), timedelta(seconds=20), 100)


def _messages(session: Session, endpoint: WebhookEndpoint) -> Sequence[WebhookMessage]:
    return session.exec(
        select(WebhookMessage)
        .where(col(WebhookMessage.endpoint_id) == endpoint.id)
        .order_by(col(WebhookMessage.id))
    ).all()
