"""Events of needs, offers and introductions."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import Facts, RegistryEvent

SupportState = Literal[
    "draft", "published", "matched", "agreed", "delivered", "withdrawn", "expired"
]

IntroductionState = Literal[
    "requested", "accepted", "declined", "withdrawn", "agreed", "delivered", "fell_through"
]


class VolumeFacts(Facts):
    """How much support, as an estimate to compare by."""

    amount: int = Field(description="Whole numbers of the unit.", examples=[40])
    unit: str = Field(description="A code of volume-units.", examples=["people"])
    currency: str | None = Field(None, description="ISO 4217, with the unit money.")


class SupportFacts(Facts):
    """A need or an offer as other services know it."""

    item_id: UUID
    institution_id: UUID
    institution_name: str
    institution_acronym: str | None = None
    title: str
    text: str
    kind: str = Field(description="A code of support-kinds.", examples=["training"])
    themes: list[str] = Field(default=[], examples=[["digital-transformation"]])
    sdgs: list[str] = Field(default=[], examples=[["2", "17"]])
    countries: list[str] = Field(default=[], description="ISO 3166-1 alpha-2; none: anywhere.")
    languages: list[str] = Field(default=[], description="ISO 639.")
    starts_on: date | None = None
    ends_on: date | None = None
    volume: VolumeFacts | None = None
    state: SupportState
    version: int = Field(description="Grows with each change; an older one must be ignored.")


class IntroductionFacts(Facts):
    """What a recipient asks of an offering institution, and how far it came."""

    introduction_id: UUID
    need_id: UUID
    offer_id: UUID
    recipient_id: UUID = Field(description="The institution that has the need.")
    provider_id: UUID = Field(description="The institution that makes the offer.")
    state: IntroductionState
    volume: VolumeFacts | None = Field(None, description="What was agreed or delivered.")
    delivered_on: date | None = None
    version: int


class NeedEvent(RegistryEvent):
    """An event of a need."""

    need: SupportFacts


class OfferEvent(RegistryEvent):
    """An event of an offer."""

    offer: SupportFacts


class IntroductionEvent(RegistryEvent):
    """An event of an introduction."""

    introduction: IntroductionFacts


class NeedPublished(NeedEvent):
    """The need of an institution is published, or published again."""

    name: ClassVar[str] = "need.published"


class NeedUpdated(NeedEvent):
    """A published need changed."""

    name: ClassVar[str] = "need.updated"


class NeedWithdrawn(NeedEvent):
    """The institution takes its need back."""

    name: ClassVar[str] = "need.withdrawn"


class NeedExpired(NeedEvent):
    """The period of the need is over and nothing came of it."""

    name: ClassVar[str] = "need.expired"


class NeedMatched(NeedEvent):
    """Both sides of an introduction talk about the need."""

    name: ClassVar[str] = "need.matched"


class NeedAgreed(NeedEvent):
    """Both sides agreed on the need."""

    name: ClassVar[str] = "need.agreed"


class NeedDelivered(NeedEvent):
    """What the need was about is delivered."""

    name: ClassVar[str] = "need.delivered"


class NeedReopened(NeedEvent):
    """Talks about the need fell through: it is open again."""

    name: ClassVar[str] = "need.reopened"


class NeedUnanswered(NeedEvent):
    """A need has waited that many days and no introduction is under way."""

    name: ClassVar[str] = "need.unanswered"
    days: int = Field(description="14 or 30.", examples=[14])


class OfferPublished(OfferEvent):
    """The offer of an institution is published, or published again."""

    name: ClassVar[str] = "offer.published"


class OfferUpdated(OfferEvent):
    """A published offer changed."""

    name: ClassVar[str] = "offer.updated"


class OfferWithdrawn(OfferEvent):
    """The institution takes its offer back."""

    name: ClassVar[str] = "offer.withdrawn"


class OfferExpired(OfferEvent):
    """The period of the offer is over and nothing came of it."""

    name: ClassVar[str] = "offer.expired"


class OfferMatched(OfferEvent):
    """Both sides of an introduction talk about the offer."""

    name: ClassVar[str] = "offer.matched"


class OfferAgreed(OfferEvent):
    """Both sides agreed on the offer."""

    name: ClassVar[str] = "offer.agreed"


class OfferDelivered(OfferEvent):
    """What the offer was about is delivered."""

    name: ClassVar[str] = "offer.delivered"


class OfferReopened(OfferEvent):
    """Talks about the offer fell through: it is open again."""

    name: ClassVar[str] = "offer.reopened"


class IntroductionRequested(IntroductionEvent):
    """A recipient asks an offering institution for an introduction."""

    name: ClassVar[str] = "introduction.requested"


class IntroductionAccepted(IntroductionEvent):
    """The offering institution accepts: both sides see whom to talk to."""

    name: ClassVar[str] = "introduction.accepted"


class IntroductionDeclined(IntroductionEvent):
    """The offering institution declines."""

    name: ClassVar[str] = "introduction.declined"
    reason: str


class IntroductionWithdrawn(IntroductionEvent):
    """The recipient takes the request back, or the need or the offer ended."""

    name: ClassVar[str] = "introduction.withdrawn"
    reason: str


class IntroductionAgreed(IntroductionEvent):
    """The recipient accepts what was offered."""

    name: ClassVar[str] = "introduction.agreed"


class IntroductionDelivered(IntroductionEvent):
    """The support is delivered."""

    name: ClassVar[str] = "introduction.delivered"


class IntroductionFellThrough(IntroductionEvent):
    """Nothing comes of it."""

    name: ClassVar[str] = "introduction.fell_through"
    reason: str
