"""Endpoints: who is told by webhook, of what, and whether at all.

An endpoint belongs to the person who registered it and is told what that person may see.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, delete, select

from services.notifier.sight import require_followable
from services.notifier.tables import (
    WebhookAttempt,
    WebhookEndpoint,
    WebhookMessage,
    WebhookTarget,
)
from services.notifier.targets import Target
from services.notifier.vocabulary import OUTSTANDING, EndpointState, MessageState
from services.notifier.webhooks import signing
from shared.problems import CONFLICT, NOT_ALLOWED_NOW, Problem

ENDPOINTS_OF_ONE = 10
"""How many endpoints a person may have."""

TARGETS_OF_ONE = 50
"""How many things an endpoint may follow."""


def register(
    session: Session,
    owner_id: UUID,
    *,
    name: str,
    url: str,
    followed: Sequence[Target],
    now: datetime,
) -> WebhookEndpoint:
    """Return a new endpoint with its secret; raise ``Problem`` for what can't be followed.

    ``url`` was checked (`network.Reach`). A person has one endpoint at an address.
    """
    had = session.exec(
        select(func.count())
        .select_from(WebhookEndpoint)
        .where(col(WebhookEndpoint.owner_id) == owner_id)
    ).one()
    if had >= ENDPOINTS_OF_ONE:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"You have {ENDPOINTS_OF_ONE} endpoints, which is all that one may have: delete one.",
        )
    _require_new(session, owner_id, url)
    endpoint = WebhookEndpoint(
        owner_id=owner_id, name=name, url=url, secret=signing.new_secret(), created_at=now
    )
    session.add(endpoint)
    session.flush()
    _follow(session, endpoint, followed)
    return endpoint


def locked(session: Session, endpoint_id: UUID) -> WebhookEndpoint | None:
    """Return the endpoint, locked for this transaction; messages are still written meanwhile."""
    return session.exec(
        select(WebhookEndpoint)
        .where(col(WebhookEndpoint.id) == endpoint_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()


def change(
    session: Session,
    endpoint: WebhookEndpoint,
    *,
    name: str | None = None,
    url: str | None = None,
    followed: Sequence[Target] | None = None,
    state: EndpointState | None = None,
) -> None:
    """Change what is named; the rest stays. What is enabled begins without its old failures."""
    if url is not None and url != endpoint.url:
        _require_new(session, endpoint.owner_id, url)
        endpoint.url = url
        _begin_anew(endpoint)
    endpoint.name = name or endpoint.name
    if followed is not None:
        _follow(session, endpoint, followed)
    if state is not None and state is not endpoint.state:
        endpoint.state = state
        endpoint.disabled_at = endpoint.disabled_because = None
        _begin_anew(endpoint)
    endpoint.version += 1
    session.add(endpoint)
    session.flush()


def renew_secret(
    session: Session, endpoint: WebhookEndpoint, now: datetime, overlap: timedelta
) -> None:
    """Give the endpoint a new secret; the one before signs beside it for the overlap."""
    endpoint.former_secret, endpoint.former_until = endpoint.secret, now + overlap
    endpoint.secret = signing.new_secret()
    endpoint.version += 1
    session.add(endpoint)
    session.flush()


def secrets_of(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """Return the secrets that sign now, the newest first."""
    former = endpoint.former_secret
    stands = former and endpoint.former_until and endpoint.former_until > now
    return [endpoint.secret, *([former] if former and stands else [])]


def disable(session: Session, endpoint: WebhookEndpoint, because: str, now: datetime) -> None:
    """Send the endpoint nothing any more; what waits for it has failed, and may be replayed."""
    if endpoint.state is EndpointState.DISABLED:
        return
    endpoint.state = EndpointState.DISABLED
    endpoint.disabled_at, endpoint.disabled_because = now, because
    endpoint.version += 1
    session.add(endpoint)
    session.flush()
    for message in session.exec(
        select(WebhookMessage).where(
            col(WebhookMessage.endpoint_id) == endpoint.id,
            col(WebhookMessage.state).in_(OUTSTANDING),
        )
    ):
        message.state = MessageState.FAILED
        message.attempt_id = None
        message.finished_at, message.reason = now, "The endpoint was disabled."
        session.add(message)
    session.flush()


def remove(session: Session, endpoint_id: UUID) -> None:
    """Delete the endpoint with its messages; one on the wire is the last."""
    messages = select(WebhookMessage.id).where(col(WebhookMessage.endpoint_id) == endpoint_id)
    session.exec(delete(WebhookAttempt).where(col(WebhookAttempt.message_id).in_(messages)))
    session.exec(delete(WebhookMessage).where(col(WebhookMessage.endpoint_id) == endpoint_id))
    session.exec(delete(WebhookTarget).where(col(WebhookTarget.endpoint_id) == endpoint_id))
    session.exec(delete(WebhookEndpoint).where(col(WebhookEndpoint.id) == endpoint_id))


def remove_of(session: Session, person_id: UUID) -> None:
    """Delete all endpoints of a person."""
    owned = select(WebhookEndpoint.id).where(col(WebhookEndpoint.owner_id) == person_id)
    in_order = owned.order_by(col(WebhookEndpoint.id)).with_for_update()
    for endpoint_id in session.exec(in_order).all():
        remove(session, endpoint_id)


def followed_by(session: Session, endpoint_ids: Collection[UUID]) -> dict[UUID, list[Target]]:
    """Return what each endpoint follows."""
    found: dict[UUID, list[Target]] = {endpoint_id: [] for endpoint_id in endpoint_ids}
    for row in session.exec(
        select(WebhookTarget)
        .where(col(WebhookTarget.endpoint_id).in_(endpoint_ids))
        .order_by(col(WebhookTarget.target_kind), col(WebhookTarget.target_id))
    ):
        found[row.endpoint_id].append(Target(row.target_kind, row.target_id))
    return found


def follow_merged(session: Session, gone: Target, survivor: Target) -> None:
    """Let endpoints that follow something that was merged follow its survivor."""
    for row in session.exec(
        select(WebhookTarget).where(
            col(WebhookTarget.target_kind) == gone.kind, col(WebhookTarget.target_id) == gone.id
        )
    ).all():
        session.merge(
            WebhookTarget(
                endpoint_id=row.endpoint_id, target_kind=survivor.kind, target_id=survivor.id
            )
        )
        session.delete(row)
    session.flush()


def _require_new(session: Session, owner_id: UUID, url: str) -> None:
    there = select(WebhookEndpoint.id).where(
        col(WebhookEndpoint.owner_id) == owner_id, col(WebhookEndpoint.url) == url
    )
    if session.exec(there).first() is not None:
        raise Problem(
            CONFLICT, "You have an endpoint at this address: change that one, or delete it first."
        )


def _follow(session: Session, endpoint: WebhookEndpoint, followed: Sequence[Target]) -> None:
    there = set(followed_by(session, [endpoint.id])[endpoint.id])
    for number, target in enumerate(followed):
        if target not in there:
            require_followable(session, target, endpoint.owner_id, pointer=f"/targets/{number}")
    session.exec(delete(WebhookTarget).where(col(WebhookTarget.endpoint_id) == endpoint.id))
    session.add_all(
        WebhookTarget(endpoint_id=endpoint.id, target_kind=target.kind, target_id=target.id)
        for target in dict.fromkeys(followed)
    )
    session.flush()


def _begin_anew(endpoint: WebhookEndpoint) -> None:
    endpoint.failures = 0
    endpoint.failing_since = endpoint.rests_until = endpoint.queued_at = None
