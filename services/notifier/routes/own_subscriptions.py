"""What a signed-in person follows: the registry confirmed the address, so no e-mail asks again."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import or_
from sqlmodel import Session, col, select

from services.notifier import choices, linking, pauses, subscribers, targets
from services.notifier.choices import Choice
from services.notifier.permissions import Person
from services.notifier.routes.target_in import TargetIn
from services.notifier.subscribers import Hours
from services.notifier.tables import Subscriber, Subscription
from services.notifier.targets import Target
from services.notifier.vocabulary import EndedBy, Frequency, SubscriptionOrigin, TargetKind
from shared.columns import utc_now
from shared.etags import IfMatch, etag, require_version
from shared.idempotency import Answer, Once
from shared.pagination import Page, PageQuery, paginate
from shared.problems import (
    CONFLICT,
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
    Problem,
    responses,
)
from shared.text import Input, Output
from shared.web import Reading, Writing

router = APIRouter(prefix="/me/subscriptions", tags=["own subscriptions"])

SubscriptionId = Annotated[UUID, Path(description="The subscription's id.")]

PAUSE = (
    "The first day, where you are, on which it brings e-mails again. Meanwhile news that you get "
    "at once is dropped, and what digests gather comes in the first one after."
)
FREQUENCY = (
    "Of several subscriptions to one thing the most immediate counts. `never` brings nothing by "
    "itself; what another one covers still comes."
)


class OwnSubscriptionIn(Input):
    """What to follow from now on."""

    target: TargetIn = Field(examples=[{"kind": "theme", "id": "digital-transformation"}])
    frequency: Frequency = Field(description=FREQUENCY)
    paused_until: date | None = Field(None, description=PAUSE, examples=["2027-01-15"])


class SubscriptionChange(Input):
    """What shall change; a field that is left out stays as it is."""

    frequency: Frequency | None = Field(None, description=FREQUENCY)
    paused_until: date | None = Field(
        None, description=f"{PAUSE} Null ends a pause.", examples=["2027-01-15"]
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing", "Name at least one field to change.")
        if "frequency" in self.model_fields_set and self.frequency is None:
            raise PydanticCustomError("null", "frequency can't be null: leave it out to keep it.")
        return self


class OwnSubscriptionOut(Output):
    """Something that you follow."""

    id: UUID
    target_kind: TargetKind
    target_id: str | None = Field(description="Of needs and offers the key of the criteria.")
    criteria: dict[str, list[str]] | None = Field(description="Which needs or which offers.")
    name: str = Field(
        description="How e-mails call it.", examples=["the theme Digital transformation"]
    )
    frequency: Frequency
    paused_until: date | None = Field(description="The day on which it goes on, if it rests.")
    origin: SubscriptionOrigin = Field(
        description="Whether you asked for it, or a role of yours brings it as long as you have it."
    )
    has_feed: bool = Field(description="Whether its feed has a secret address.")
    version: int = Field(description="Grows with each change; the ETag.")
    confirmed_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, session: Session, reader: Subscriber, subscription: Subscription) -> Self:
        """Return the subscription for its reader."""
        target = Target(subscription.target_kind, subscription.target_id)
        return cls(
            id=subscription.id,
            target_kind=target.kind,
            target_id=target.id or None,
            criteria=subscription.criteria,
            name=targets.name(session, target),
            frequency=subscription.frequency,
            paused_until=pauses.day_of(subscription, reader.time_zone, utc_now()),
            origin=subscription.origin,
            has_feed=subscription.feed_digest is not None,
            version=subscription.version,
            confirmed_at=subscription.confirmed_at,
            ended_at=subscription.ended_at,
        )


@router.get(
    "", summary="List what you follow", responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID)
)
def list_own(
    caller: Person,
    session: Reading,
    page: PageQuery,
    ended: Annotated[bool, Query(description="Also what you ended and may take up again.")] = False,
) -> Page[OwnSubscriptionOut]:
    """Return your subscriptions, the eldest first, with those that your roles bring."""
    reader = linking.reader_of(session, caller.id)
    if reader is None:
        return Page(items=[], next_cursor=None)
    statement = select(Subscription).where(Subscription.subscriber_id == reader.id)
    active = col(Subscription.ended_at).is_(None)
    shown = or_(active, col(Subscription.ended_by) == EndedBy.READER) if ended else active
    found = paginate(session, statement.where(shown), col(Subscription.id), page)
    return Page(
        items=[OwnSubscriptionOut.of(session, reader, each) for each in found.items],
        next_cursor=found.next_cursor,
    )


@router.post(
    "",
    status_code=201,
    summary="Follow something",
    response_model=OwnSubscriptionOut,
    responses=responses(
        UNAUTHENTICATED, FORBIDDEN, INVALID, CONFLICT, NOT_ALLOWED_NOW, IDEMPOTENCY_MISMATCH
    ),
)
def follow(body: OwnSubscriptionIn, caller: Person, session: Writing, once: Once) -> Response:
    """Start a subscription at once: the registry confirmed your address.

    What you ended before starts again.
    """

    def create() -> Answer:
        now = utc_now()
        reader = linking.lock_reader(session, caller.id, now)
        subscription = choices.start(
            session,
            reader,
            body.target.target(),
            body.frequency,
            paused_until=_moment(reader, body.paused_until, now),
            now=now,
        )
        return Answer(
            OwnSubscriptionOut.of(session, reader, subscription),
            headers={
                "Location": f"/me/subscriptions/{subscription.id}",
                "ETag": etag(subscription.version),
            },
        )

    return once.answer(session, create)


@router.get(
    "/{subscription_id}",
    summary="Show one thing that you follow",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID),
)
def show(
    subscription_id: SubscriptionId, caller: Person, session: Reading, response: Response
) -> OwnSubscriptionOut:
    """Return one of your subscriptions, an ended one too."""
    reader, subscription = own_subscription(session, caller.id, subscription_id)
    return _answer(session, reader, subscription, response)


@router.patch(
    "/{subscription_id}",
    summary="Change how soon something comes, or pause it",
    responses=responses(
        UNAUTHENTICATED,
        FORBIDDEN,
        NOT_FOUND,
        INVALID,
        NOT_ALLOWED_NOW,
        VERSION_CONFLICT,
        VERSION_REQUIRED,
    ),
)
def change(
    subscription_id: SubscriptionId,
    body: SubscriptionChange,
    caller: Person,
    session: Writing,
    expected: IfMatch,
    *,
    response: Response,
) -> OwnSubscriptionOut:
    """Change a subscription; what already waits for you moves along.

    What a role brought stays as you choose it here.
    """
    now = utc_now()
    reader, subscription = _own_to_change(session, caller.id, subscription_id, expected)
    if subscription.ended_at is not None:
        raise Problem(NOT_ALLOWED_NOW, "This subscription has ended: follow it again with POST.")
    until = subscription.paused_until
    if "paused_until" in body.model_fields_set:
        until = _moment(reader, body.paused_until, now)
    choice = Choice(subscription.id, body.frequency or subscription.frequency, until)
    choices.choose(session, reader.id, Hours(), [choice], now)
    return _answer(session, reader, subscription, response)


@router.delete(
    "/{subscription_id}",
    summary="Follow something no more",
    responses=responses(
        UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID, VERSION_CONFLICT, VERSION_REQUIRED
    ),
)
def unfollow(
    subscription_id: SubscriptionId,
    caller: Person,
    session: Writing,
    expected: IfMatch,
    response: Response,
) -> OwnSubscriptionOut:
    """End a subscription; a role that brought it doesn't bring it again.

    What waits because of it alone is dropped.
    """
    reader, subscription = _own_to_change(session, caller.id, subscription_id, expected)
    choices.choose(session, reader.id, Hours(), [Choice(subscription.id, None)], utc_now())
    return _answer(session, reader, subscription, response)


def _own_to_change(
    session: Session, person_id: UUID, subscription_id: UUID, expected: int
) -> tuple[Subscriber, Subscription]:
    reader, subscription = own_subscription(session, person_id, subscription_id)
    subscribers.lock(session, reader.id)
    session.refresh(subscription)
    require_version(subscription.version, expected)
    return reader, subscription


def own_subscription(
    session: Session, person_id: UUID, subscription_id: UUID
) -> tuple[Subscriber, Subscription]:
    """Return the reader that the person is and the subscription of theirs; a Problem (404)."""
    reader = linking.reader_of(session, person_id)
    found = session.get(Subscription, subscription_id)
    if reader is None or found is None or found.subscriber_id != reader.id:
        raise Problem(NOT_FOUND, "You have no subscription with this id.")
    return reader, found


def _answer(
    session: Session, reader: Subscriber, subscription: Subscription, response: Response
) -> OwnSubscriptionOut:
    response.headers["ETag"] = etag(subscription.version)
    return OwnSubscriptionOut.of(session, reader, subscription)


def _moment(reader: Subscriber, day: date | None, now: datetime) -> datetime | None:
    return pauses.last_until(day, reader.time_zone, now, "/paused_until") if day else None
