"""Asking for a subscription, and confirming it."""

from datetime import datetime
from functools import partial
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from pydantic import Field

from services.notifier import subscriptions
from services.notifier.languages import Language
from services.notifier.links import BAD_LINK, Purpose, links
from services.notifier.queues import enqueue_delivery
from services.notifier.routes.target_in import TargetIn
from services.notifier.subscribers import Hours
from services.notifier.subscriptions import Wish
from services.notifier.suppressions import IF_NOTHING_COMES
from services.notifier.tables import Subscription
from services.notifier.vocabulary import DeliveryKind, Frequency, TargetKind
from shared.columns import utc_now
from shared.database import after_commit
from shared.idempotency import Answer, Once
from shared.problems import (
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    TOO_MANY,
    UNAUTHENTICATED,
    Problem,
    responses,
)
from shared.text import EmailAddress, Input, Output
from shared.time_zones import TimeZone
from shared.web import Writing

router = APIRouter(prefix="/subscriptions", tags=["subscriptions"])


class SubscriptionIn(Input):
    """What somebody asks for, on behalf of an address."""

    email: EmailAddress = Field(examples=["reader@example.org"])
    target: TargetIn = Field(examples=[{"kind": "theme", "id": "digital-transformation"}])
    frequency: Frequency
    language: Language | None = Field(
        None,
        description="The language of e-mails and pages; English at first. What people wrote stays "
        "in theirs.",
    )
    time_zone: TimeZone | None = Field(None, description="UTC at first, unless chosen before.")
    hour: Annotated[int, Field(strict=True, ge=0, le=23)] | None = Field(
        None, description="The local hour at which digests come; 8 at first."
    )
    weekday: Annotated[int, Field(strict=True, ge=1, le=7)] | None = Field(
        None, description="The day of weekly digests, from 1 (Monday, at first) to 7."
    )


class SubscriptionAsked(Output):
    """The request was noted; nothing is sent but one e-mail that asks for confirmation."""

    subscription_id: UUID
    if_nothing_comes: str = Field(
        IF_NOTHING_COMES,
        description="What to do when no e-mail comes; the same for every address.",
    )


class ConfirmationIn(Input):
    """Proof that the address is read by who asked."""

    token: str = Field(
        min_length=1, max_length=200, description="From the link in the confirmation e-mail."
    )


class SubscriptionOut(Output):
    """A confirmed subscription."""

    id: UUID
    target_kind: TargetKind
    target_id: str | None = Field(description="Of needs and offers the key of the criteria.")
    criteria: dict[str, list[str]] | None = Field(description="Which needs or which offers.")
    frequency: Frequency
    confirmed_at: datetime

    @classmethod
    def of(cls, subscription: Subscription) -> Self:
        """Return the subscription for its reader."""
        return cls(
            id=subscription.id,
            target_kind=subscription.target_kind,
            target_id=subscription.target_id or None,
            criteria=subscription.criteria,
            frequency=subscription.frequency,
            confirmed_at=subscription.confirmed_at,
        )


@router.post(
    "",
    status_code=202,
    summary="Ask for a subscription",
    response_model=SubscriptionAsked,
    responses=responses(UNAUTHENTICATED, INVALID, IDEMPOTENCY_MISMATCH, TOO_MANY),
)
def ask(body: SubscriptionIn, request: Request, session: Writing, once: Once) -> Response:
    """Note the request and send one e-mail that asks the address to confirm it.

    The answer is the same whether or not the address is subscribed already, or gets no e-mail
    because some came back or were reported as unwanted.
    """

    def create() -> Answer:
        wish = Wish(
            email=body.email,
            target=body.target.target(),
            frequency=body.frequency,
            hours=Hours(body.language, body.time_zone, body.hour, body.weekday),
        )
        limit = request.app.state.settings.confirmations_per_minute
        asked = subscriptions.ask(session, wish, utc_now(), limit)
        after_commit(
            session, partial(enqueue_delivery, asked.delivery_id, DeliveryKind.CONFIRMATION)
        )
        return Answer(SubscriptionAsked(subscription_id=asked.request_id), status=202)

    return once.answer(session, create)


@router.post(
    "/{subscription_id}/confirm",
    summary="Confirm a subscription",
    responses=responses(INVALID, BAD_LINK, NOT_FOUND, NOT_ALLOWED_NOW),
)
def confirm(
    subscription_id: Annotated[UUID, Path(description="From the answer to the request.")],
    body: ConfirmationIn,
    request: Request,
    session: Writing,
) -> SubscriptionOut:
    """Start the subscription with the token from the confirmation e-mail.

    The page behind the link in that e-mail does the same for people. Confirming twice changes
    nothing more.
    """
    signed = links(session, request.app.state.settings.public_url)
    if signed.owner(Purpose.CONFIRM, body.token) != subscription_id:
        raise Problem(BAD_LINK, "This token belongs to another request: use the one of its e-mail.")
    return SubscriptionOut.of(subscriptions.confirm(session, subscription_id, utc_now()))
