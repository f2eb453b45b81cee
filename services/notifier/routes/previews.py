"""What each kind of e-mail looks like, in each language, with real data."""

from enum import StrEnum
from functools import partial
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field
from sqlmodel import Session

from services.notifier.languages import Language, written
from services.notifier.links import links
from services.notifier.mail.envelopes import Sender
from services.notifier.pages.rendering import EMAIL_HEADERS
from services.notifier.permissions import ChangingCoordinator, Coordinator
from services.notifier.previews import choosing, trials, writing
from services.notifier.previews.choosing import NOTHING_REAL
from services.notifier.previews.templates import TEMPLATES, Template, find
from services.notifier.previews.trials import NO_ADDRESS, Wanted
from services.notifier.previews.writing import CLIPPED_AT, Preview, StandIn
from services.notifier.queues import enqueue_delivery
from services.notifier.routes.deliveries import DeliveryOut, shown
from services.notifier.tables import Person
from services.notifier.vocabulary import DeliveryKind, Frequency
from shared.columns import utc_now
from shared.database import after_commit
from shared.idempotency import Answer, Once
from shared.problems import (
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_FOUND,
    TOO_MANY,
    UNAUTHENTICATED,
    responses,
)
from shared.text import Input, Output
from shared.web import Reading, Writing

router = APIRouter(prefix="/previews", tags=["previews"])


class Form(StrEnum):
    """In which form a preview is answered."""

    JSON = "json"
    HTML = "html"
    TEXT = "text"
    MESSAGE = "message"


class TemplateOut(Output):
    """One sort of e-mail."""

    template: str = Field(examples=["weekly_digest"])
    kind: DeliveryKind
    frequency: Frequency | None = Field(description="Of a digest.")
    subject: str = Field(description="What the parameter `subject` may name.")
    available: bool = Field(description="Whether there is anything real to show yet.")

    @classmethod
    def of(cls, template: Template, *, available: bool) -> Self:
        """Return the template as it is listed."""
        return cls(
            template=template.name,
            kind=template.kind,
            frequency=template.frequency,
            subject=template.subject,
            available=available,
        )


class TemplatesOut(Output):
    """Every sort of e-mail."""

    items: list[TemplateOut]


class PreviewOut(Output):
    """An e-mail as it would arrive."""

    template: str
    language: str
    direction: str = Field(description="`rtl` or `ltr`.")
    subject: str = Field(description="The subject line.")
    html: str
    text: str = Field(description="The plain-text part.")
    bytes: int = Field(description="Of the whole e-mail, as it goes to the mail server.")
    html_bytes: int = Field(description="Of its HTML part, which mail programs count that clip.")
    clipped_at: int = Field(description="After how many bytes of HTML Gmail cuts an e-mail off.")
    is_clipped: bool
    items: int = Field(description="Of a digest: how many things it is about.")
    left_out: int = Field(description="How many of them there was no room for; they are counted.")
    shown: list[UUID] = Field(description="The notices that were chosen, the newest first.")

    @classmethod
    def of(cls, made: Preview) -> Self:
        """Return the preview with its size."""
        return cls(
            template=made.choice.template,
            language=made.language,
            direction=made.direction,
            subject=made.subject,
            html=made.html,
            text=made.text,
            bytes=len(made.message),
            html_bytes=made.html_bytes,
            clipped_at=CLIPPED_AT,
            is_clipped=made.is_clipped,
            items=made.items,
            left_out=made.left_out,
            shown=list(made.choice.notices),
        )


_FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": PreviewOut,
        "description": "The e-mail in the form asked for.",
        "content": {
            "text/html": {"schema": {"type": "string"}},
            "text/plain": {"schema": {"type": "string"}},
            "message/rfc822": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}

TemplateName = Annotated[
    str, Path(description="One that `GET /previews` lists.", examples=["weekly_digest"])
]


@router.get(
    "", summary="List what can be previewed", responses=responses(UNAUTHENTICATED, FORBIDDEN)
)
def list_templates(_caller: Coordinator, session: Reading) -> TemplatesOut:
    """Return every sort of e-mail, and whether there is anything real to show (coordinators)."""
    there = choosing.available(session, utc_now())
    return TemplatesOut(
        items=[TemplateOut.of(each, available=there[each.name]) for each in TEMPLATES.values()]
    )


@router.get(
    "/{template}",
    summary="Preview an e-mail",
    response_model=None,
    responses=_FORMS | responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOTHING_REAL, INVALID),
)
def show(
    *,
    template: TemplateName,
    caller: Coordinator,
    request: Request,
    session: Reading,
    language: Annotated[
        Language | None, Query(description="One of the six; your own without it.")
    ] = None,
    form: Annotated[
        Form,
        Query(
            alias="format",
            description="`json` has it all with its size; `html`, `text` or `message` (RFC 5322) "
            "is the e-mail itself.",
        ),
    ] = Form.JSON,
    subject: Annotated[
        UUID | None,
        Query(description="What is to be shown, as `GET /previews` says; else the newest."),
    ] = None,
) -> PreviewOut | Response:
    """Return an e-mail as it would look now, written by the code that sends (coordinators).

    It is written for a stand-in, so its links lead nowhere, and nothing counts as told.
    """
    choice = choosing.choose(session, find(template), subject, utc_now())
    settings = request.app.state.settings
    made = writing.preview(
        session,
        choice,
        _stand_in(session, caller.id, language),
        mail_from=settings.mail_from,
        public_url=settings.public_url,
    )
    match form:
        case Form.HTML:
            return Response(made.html, media_type="text/html", headers=EMAIL_HEADERS)
        case Form.TEXT:
            return Response(made.text, media_type="text/plain")
        case Form.MESSAGE:
            name = f'attachment; filename="{template}.{made.language}.eml"'
            return Response(
                made.message, media_type="message/rfc822", headers={"Content-Disposition": name}
            )
    return PreviewOut.of(made)


class SendingIn(Input):
    """Which e-mail is to come as a test."""

    language: Language | None = Field(None, description="One of the six; your own without it.")
    subject: UUID | None = Field(
        None, description="What is to be shown, as `GET /previews` says; else the newest."
    )


@router.post(
    "/{template}/sending",
    status_code=202,
    summary="Send yourself an e-mail as a test",
    response_model=DeliveryOut,
    responses=responses(
        UNAUTHENTICATED,
        FORBIDDEN,
        NOT_FOUND,
        NOTHING_REAL,
        NO_ADDRESS,
        INVALID,
        IDEMPOTENCY_MISMATCH,
        TOO_MANY,
    ),
)
def send(
    *,
    template: TemplateName,
    body: SendingIn,
    caller: ChangingCoordinator,
    request: Request,
    session: Writing,
    once: Once,
) -> Response:
    """Send an e-mail to your own address, as readers get it but marked as a test (coordinators).

    Its links lead nowhere. `GET /deliveries?kind=test` shows what became of it.
    """

    def create() -> Answer:
        settings = request.app.state.settings
        delivery = trials.ask(
            session,
            Wanted(find(template), body.language, body.subject),
            caller.id,
            utc_now(),
            per_hour=settings.test_emails_per_hour,
            sender=Sender(settings.mail_from, links(session, settings.public_url)),
        )
        after_commit(session, partial(enqueue_delivery, delivery.id, delivery.kind))
        return Answer(shown(session, [delivery])[0], status=202)

    return once.answer(session, create)


def _stand_in(session: Session, person_id: UUID, language: Language | None) -> StandIn:
    """Return a reader who reads as the coordinator does, and is nobody."""
    person = session.get(Person, person_id)
    if person is None:
        return StandIn(language or written(None))
    return StandIn(language or written(person.language), time_zone=person.time_zone)
