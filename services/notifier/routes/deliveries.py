"""Seeing what became of each e-mail."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlmodel import Session, col, select

from services.notifier.addresses import masked
from services.notifier.permissions import Coordinator
from services.notifier.tables import Delivery, Subscriber, SubscriptionRequest
from services.notifier.vocabulary import DeliveryKind, DeliveryState
from shared.pagination import Page, PageQuery, paginate_newest_first
from shared.problems import FORBIDDEN, INVALID, UNAUTHENTICATED, responses
from shared.text import Output
from shared.web import Reading

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
    addresses = _addresses(session, found.items)
    return Page(
        items=[
            DeliveryOut(
                id=delivery.id,
                kind=delivery.kind,
                state=delivery.state,
                recipient=masked(addresses[delivery.subscriber_id or delivery.request_id]),
                digest_id=delivery.digest_id,
                run_id=delivery.run_id,
                attempts=delivery.attempts,
                next_attempt_at=None if delivery.finished_at else delivery.next_attempt_at,
                answer=delivery.answer,
                created_at=delivery.created_at,
                finished_at=delivery.finished_at,
            )
            for delivery in found.items
        ],
        next_cursor=found.next_cursor,
    )


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
