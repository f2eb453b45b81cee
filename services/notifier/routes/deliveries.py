"""Seeing what became of each e-mail."""

from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field
from sqlmodel import Session, col, select

from services.notifier.addresses import masked
from services.notifier.deliveries import NOT_STOPPED, put_through
from services.notifier.permissions import ChangingCoordinator, Coordinator
from services.notifier.queues import enqueue_delivery
from services.notifier.tables import Delivery, Subscriber, SubscriptionRequest
from services.notifier.vocabulary import DeliveryKind, DeliveryState
from shared.columns import utc_now
from shared.database import after_commit
from shared.pagination import Page, PageQuery, paginate_newest_first
from shared.problems import FORBIDDEN, INVALID, NOT_FOUND, UNAUTHENTICATED, responses
from shared.text import Output
from shared.web import Reading, Writing

router = APIRouter(prefix="/deliveries", tags=["deliveries"])


class DeliveryOut(Output):
    """One e-mail and what became of it."""

    id: UUID
    kind: DeliveryKind
    state: DeliveryState
    recipient: str = Field(description="The address, masked.", examples=["r***@example.org"])
    digest_id: UUID | None
    run_id: UUID | None
    attempts: int
    doubts: int = Field(
        description="How often nobody learned whether the mail server took it; it was sent again."
    )
    next_attempt_at: datetime | None = Field(description="While it may still be sent.")
    answer: str | None = Field(description="Why it was not sent, in the mail server's words.")
    created_at: datetime
    finished_at: datetime | None


@router.get(
    "",
    summary="List deliveries",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
)
def list_deliveries(
    _caller: Coordinator,
    session: Reading,
    page: PageQuery,
    state: Annotated[DeliveryState | None, Query(description="Only those in this state.")] = None,
) -> Page[DeliveryOut]:
    """Return the e-mails, the newest first, with masked addresses (coordinators)."""
    statement = select(Delivery)
    if state is not None:
        statement = statement.where(col(Delivery.state) == state)
    found = paginate_newest_first(session, statement, col(Delivery.id), page)
    return Page(items=_shown(session, found.items), next_cursor=found.next_cursor)


@router.post(
    "/{delivery_id}/retry",
    summary="Put a stopped e-mail through again",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_STOPPED, INVALID),
)
def retry(
    delivery_id: Annotated[UUID, Path(description="The delivery's id.")],
    _caller: ChangingCoordinator,
    session: Writing,
) -> DeliveryOut:
    """Try an e-mail anew that was parked or failed (coordinators).

    It keeps its Message-ID, so that a mail program that has it already shows it once.
    """
    delivery = put_through(session, delivery_id, utc_now())
    after_commit(session, partial(enqueue_delivery, delivery.id, delivery.kind))
    return _shown(session, [delivery])[0]


def _shown(session: Session, deliveries: list[Delivery]) -> list[DeliveryOut]:
    addresses = _addresses(session, deliveries)
    return [
        DeliveryOut(
            id=delivery.id,
            kind=delivery.kind,
            state=delivery.state,
            recipient=masked(addresses[delivery.subscriber_id or delivery.request_id]),
            digest_id=delivery.digest_id,
            run_id=delivery.run_id,
            attempts=delivery.attempts,
            doubts=delivery.doubts,
            next_attempt_at=None if delivery.finished_at else delivery.next_attempt_at,
            answer=delivery.answer,
            created_at=delivery.created_at,
            finished_at=delivery.finished_at,
        )
        for delivery in deliveries
    ]


def _addresses(session: Session, deliveries: list[Delivery]) -> dict[UUID | None, str]:
    readers = session.exec(
        select(Subscriber.id, Subscriber.email).where(
            col(Subscriber.id).in_([each.subscriber_id for each in deliveries])
        )
    ).all()
    askers = session.exec(
        select(SubscriptionRequest.id, SubscriptionRequest.email).where(
            col(SubscriptionRequest.id).in_([each.request_id for each in deliveries])
        )
    ).all()
    return dict([*readers, *askers])
