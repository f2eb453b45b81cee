"""Seeing what became of each e-mail."""

from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from sqlmodel import Session

from services.notifier import inquiries, resending, suppressions
from services.notifier.addresses import masked
from services.notifier.deliveries import NOT_STOPPED, put_through
from services.notifier.inquiries import Found, Question
from services.notifier.links import links
from services.notifier.mail.envelopes import Sender
from services.notifier.mail.messages import message_id
from services.notifier.permissions import ChangingCoordinator, Coordinator
from services.notifier.queues import enqueue_delivery
from services.notifier.resending import NOT_AGAIN, Resending
from services.notifier.settings import Settings
from services.notifier.tables import Delivery
from services.notifier.vocabulary import BounceKind, DeliveryKind, DeliveryState, SuppressionReason
from shared.columns import utc_now
from shared.database import after_commit
from shared.idempotency import Answer, Once
from shared.pagination import Page, PageQuery
from shared.problems import (
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_FOUND,
    UNAUTHENTICATED,
    responses,
)
from shared.text import Line, Output
from shared.web import Reading, Writing

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/deliveries", tags=["deliveries"])


class DeliveryOut(Output):
    """One e-mail and what became of it."""

    id: UUID
    kind: DeliveryKind
    state: DeliveryState
    recipient: str = Field(description="The address, masked.", examples=["r***@example.org"])
    digest_id: UUID | None
    run_id: UUID | None
    announcement_id: UUID | None
    attempts: int
    doubts: int = Field(
        description="How often nobody learned whether the mail server took it; it was sent again."
    )
    next_attempt_at: datetime | None = Field(description="While it may still be sent.")
    answer: str | None = Field(
        description="With which words the mail server took it, often its name for it in its log; "
        "or why it was not sent."
    )
    created_at: datetime
    finished_at: datetime | None
    resends: UUID | None = Field(description="Which e-mail this one sends again.")
    resend_reason: str | None = Field(description="Why it was wanted again.")
    resent_by: UUID | None = Field(
        description="Which coordinator wanted it again; nobody for an operator."
    )


class ReportOut(Output):
    """By which report an e-mail came back."""

    id: UUID
    kind: BounceKind
    code: str | None = Field(description="The status code (RFC 3463).")
    received_at: datetime


class DeliveryFoundOut(DeliveryOut):
    """An e-mail with what it told and what was reported of it."""

    message_id: str = Field(description="As in the mail server's log.")
    told: list[str] = Field(
        description=f"What it told, as subject lines name it: the first {inquiries.TITLES}."
    )
    items: int = Field(description="How many things it told.")
    report: ReportOut | None = Field(description="The last report by which it came back.")
    suppressed: SuppressionReason | None = Field(
        description="Why its address gets no e-mail now, if it gets none."
    )
    in_words: str = Field(description="What became of it, in a sentence.")


class DeliveriesOut(Page[DeliveryFoundOut]):
    """A page of e-mails and, for a recipient, the answer in words."""

    answer: str | None = Field(
        description="Whether the recipient got it and when, or why there was no e-mail."
    )


@router.get(
    "",
    summary="List deliveries, or answer whether a person got it",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
)
def list_deliveries(
    *,
    caller: Coordinator,
    request: Request,
    session: Reading,
    page: PageQuery,
    state: Annotated[DeliveryState | None, Query(description="Only those in this state.")] = None,
    kind: Annotated[DeliveryKind | None, Query(description="Only e-mails of this kind.")] = None,
    run: Annotated[UUID | None, Query(description="Only those of this digest run.")] = None,
    recipient: Annotated[
        Annotated[str, Line(320)] | None,
        Query(
            description="Only those to this e-mail address, or to the person with this id.",
        ),
    ] = None,
    about: Annotated[
        Annotated[str, Line(200)] | None,
        Query(
            description="Only those that tell of this subject, such as `updates/<id>` or "
            "`announcements/<id>`, or of the notice with this id.",
        ),
    ] = None,
) -> DeliveriesOut:
    """Return the e-mails, the newest first, with masked addresses (coordinators).

    With `recipient`, `answer` says in words whether the person got it and when, or why not.
    """
    question = Question(state=state, kind=kind, run_id=run, recipient=recipient, about=about)
    found = inquiries.ask(session, question, page, utc_now())
    if recipient is not None:
        log.info("recipient_asked_about", asked_by=str(caller.id), found=len(found.deliveries))
    return DeliveriesOut(
        items=_found(session, found, request.app.state.settings),
        next_cursor=found.next_cursor,
        answer=found.answer,
    )


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
    return shown(session, [delivery])[0]


@router.post(
    "/{delivery_id}/resend",
    status_code=202,
    summary="Send an e-mail again",
    response_model=DeliveryOut,
    responses=responses(
        UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_AGAIN, INVALID, IDEMPOTENCY_MISMATCH
    ),
)
def resend(
    delivery_id: Annotated[UUID, Path(description="The delivery's id.")],
    body: Resending,
    caller: ChangingCoordinator,
    session: Writing,
    once: Once,
) -> Response:
    """Send what was sent once more, as a new e-mail that names the first (coordinators).

    Its reader must still want it and be allowed to hear of it; what may not be told any more is
    left out. An e-mail that was not sent is tried anew by `retry`. The counts of its run stay.
    """

    def create() -> Answer:
        again = resending.resend(session, delivery_id, body, caller.id, utc_now())
        after_commit(session, partial(enqueue_delivery, again.id, again.kind))
        return Answer(shown(session, [again])[0], status=202)

    return once.answer(session, create)


def shown(session: Session, deliveries: list[Delivery]) -> list[DeliveryOut]:
    """Return the e-mails as they are answered, with masked addresses."""
    addresses = suppressions.recipients_of(session, [each.id for each in deliveries])
    return [
        DeliveryOut(
            id=delivery.id,
            kind=delivery.kind,
            state=delivery.state,
            recipient=masked(addresses[delivery.id]),
            digest_id=delivery.digest_id,
            run_id=delivery.run_id,
            announcement_id=delivery.announcement_id,
            attempts=delivery.attempts,
            doubts=delivery.doubts,
            next_attempt_at=None if delivery.finished_at else delivery.next_attempt_at,
            answer=delivery.answer,
            created_at=delivery.created_at,
            finished_at=delivery.finished_at,
            resends=delivery.resends,
            resend_reason=delivery.resend_reason,
            resent_by=delivery.resent_by,
        )
        for delivery in deliveries
    ]


def _found(session: Session, found: Found, chosen: Settings) -> list[DeliveryFoundOut]:
    told = inquiries.told(session, found.deliveries)
    addresses = suppressions.recipients_of(session, [each.id for each in found.deliveries])
    suppressed = suppressions.among(session, set(addresses.values()))
    domain = Sender(chosen.mail_from, links(session, chosen.public_url)).domain
    return [
        DeliveryFoundOut(
            **each.model_dump(),
            message_id=message_id(delivery.id, domain),
            told=list(told[delivery.id].titles),
            items=told[delivery.id].items,
            report=ReportOut.model_validate(report) if report else None,
            suppressed=suppressed.get(addresses[delivery.id]),
            in_words=inquiries.in_words(delivery, report),
        )
        for each, delivery in zip(shown(session, found.deliveries), found.deliveries, strict=True)
        for report in [told[delivery.id].report]
    ]
