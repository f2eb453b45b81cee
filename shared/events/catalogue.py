"""Every event type, with the model of its data.

An event carries the facts that a reader needs to act without asking back, and ids. None carries an
e-mail address.
"""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events.envelope import EventData

REGISTRY = "/registry"
WORKGROUPS = "/workgroups"

InstitutionStatus = Literal[
    "unconfirmed",
    "submitted",
    "returned",
    "verified",
    "rejected",
    "suspended",
    "withdrawn",
    "merged",
]
Visibility = Literal["public", "partners", "private"]
FocalPointRole = Literal["focal_point", "alternate"]
UpdateKind = Literal["initiative", "opportunity", "challenge", "resource", "decision", "news"]
ActionState = Literal["open", "in_progress", "blocked", "done", "cancelled"]
MeetingMode = Literal["in_person", "online", "hybrid"]
GroupStatus = Literal["active", "archived"]
SupportState = Literal[
    "draft", "published", "matched", "agreed", "delivered", "withdrawn", "expired"
]
IntroductionState = Literal[
    "requested", "accepted", "declined", "withdrawn", "agreed", "delivered", "fell_through"
]


class Facts(BaseModel):
    """Base of the values inside events."""

    model_config = ConfigDict(frozen=True, extra="ignore", from_attributes=True)


class InstitutionFacts(Facts):
    """An institution as other services know it."""

    institution_id: UUID
    name: str
    acronym: str | None = None
    organisation_type: str = Field(description="IATI OrganisationType code.", examples=["40"])
    subtype: str | None = Field(
        None, description="Only where the type has subtypes.", examples=["un_entity"]
    )
    country: str | None = Field(None, description="ISO 3166-1 alpha-2, where it has a seat.")
    website: str | None = None
    visibility: Visibility = Field(
        "public",
        description="Who may hear of it: everybody, people of verified institutions, its own.",
    )
    status: InstitutionStatus
    version: int = Field(description="Grows with each change; an older one must be ignored.")
    verified_until: datetime | None = Field(
        None, description="When its verification runs out; past: it has lapsed."
    )
    merged_into: UUID | None = Field(None, description="The institution that it became part of.")


class GroupFacts(Facts):
    """A follow-up group."""

    group_id: UUID
    slug: str
    title: str
    purpose: str
    theme_slug: str
    theme_title: str
    status: GroupStatus = "active"
    version: int


class GroupRef(Facts):
    """A group that a meeting belongs to."""

    group_id: UUID
    title: str
    theme_slug: str


class AgreedPointFacts(Facts):
    """What a meeting agreed."""

    agreed_point_id: UUID
    number: int
    text: str


class ActionFacts(Facts):
    """An action item: who answers for what until when."""

    action_item_id: UUID
    group_id: UUID
    group_title: str
    theme_slug: str
    number: int
    title: str
    institution_id: UUID
    institution_name: str
    institution_acronym: str | None = None
    due_date: date
    state: ActionState
    meeting_id: UUID | None = None
    agreed_point_id: UUID | None = None
    version: int


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


class RegistryEvent(EventData):
    """An event of the registry."""

    source: ClassVar[str] = REGISTRY


class WorkgroupsEvent(EventData):
    """An event of workgroups."""

    source: ClassVar[str] = WORKGROUPS


class InstitutionSubmitted(RegistryEvent):
    """A focal point confirmed the address or submitted again, or a coordinator imported it.

    It waits for verification.
    """

    name: ClassVar[str] = "institution.submitted"
    institution: InstitutionFacts


class InstitutionReturned(RegistryEvent):
    """A coordinator asks for a correction."""

    name: ClassVar[str] = "institution.returned"
    institution: InstitutionFacts
    reason: str


class InstitutionVerified(RegistryEvent):
    """A coordinator verified the institution."""

    name: ClassVar[str] = "institution.verified"
    institution: InstitutionFacts


class InstitutionRejected(RegistryEvent):
    """A coordinator rejected the registration."""

    name: ClassVar[str] = "institution.rejected"
    institution: InstitutionFacts
    reason: str
    duplicate_of: UUID | None = None


class InstitutionUpdated(RegistryEvent):
    """The profile changed."""

    name: ClassVar[str] = "institution.updated"
    institution: InstitutionFacts


class InstitutionVerificationRenewed(RegistryEvent):
    """A coordinator verified a verified institution again."""

    name: ClassVar[str] = "institution.verification_renewed"
    institution: InstitutionFacts


class InstitutionVerificationExpiring(RegistryEvent):
    """The verification runs out soon: told once within 90 days and once within 30."""

    name: ClassVar[str] = "institution.verification_expiring"
    institution: InstitutionFacts
    days_left: int = Field(description="Whole days until it runs out.")


class InstitutionVerificationExpired(RegistryEvent):
    """The verification ran out: the institution stays a partner until a coordinator renews it."""

    name: ClassVar[str] = "institution.verification_expired"
    institution: InstitutionFacts


class InstitutionSuspended(RegistryEvent):
    """A coordinator took the institution out until a concern is settled."""

    name: ClassVar[str] = "institution.suspended"
    institution: InstitutionFacts
    reason: str


class InstitutionReinstated(RegistryEvent):
    """A suspended institution takes part again."""

    name: ClassVar[str] = "institution.reinstated"
    institution: InstitutionFacts
    reason: str


class InstitutionWithdrawn(RegistryEvent):
    """The institution left on its own wish."""

    name: ClassVar[str] = "institution.withdrawn"
    institution: InstitutionFacts
    reason: str


class InstitutionMerged(RegistryEvent):
    """An institution is the same as another: it ended, and the other goes on with what it had."""

    name: ClassVar[str] = "institution.merged"
    institution: InstitutionFacts
    into: InstitutionFacts
    reason: str


class InstitutionUnmerged(RegistryEvent):
    """A merge was undone: the institution stands for itself again, as before."""

    name: ClassVar[str] = "institution.unmerged"
    institution: InstitutionFacts
    survivor: InstitutionFacts
    reason: str


PERSON_NAMED: Mapping[str, str] = MappingProxyType({"person_name": "person_id"})
"""The name of a person, emptied once that person is erased."""


class FocalPointConfirmed(RegistryEvent):
    """A person now speaks for the institution, or does so in another role than before."""

    name: ClassVar[str] = "focal_point.confirmed"
    personal: ClassVar[Mapping[str, str]] = PERSON_NAMED
    person_id: UUID
    institution_id: UUID
    person_name: str
    role: FocalPointRole


class FocalPointRemoved(RegistryEvent):
    """A person no longer speaks for the institution."""

    name: ClassVar[str] = "focal_point.removed"
    person_id: UUID
    institution_id: UUID


class CoordinatorAppointed(RegistryEvent):
    """A person now coordinates the platform."""

    name: ClassVar[str] = "coordinator.appointed"
    personal: ClassVar[Mapping[str, str]] = PERSON_NAMED
    person_id: UUID
    person_name: str


class CoordinatorRemoved(RegistryEvent):
    """A person no longer coordinates the platform."""

    name: ClassVar[str] = "coordinator.removed"
    person_id: UUID


class InstitutionLeftWithoutFocalPoint(RegistryEvent):
    """A coordinator let the last focal point go: nobody speaks for the institution now."""

    name: ClassVar[str] = "institution.left_without_focal_point"
    institution_id: UUID
    institution_name: str


class PersonRenamed(RegistryEvent):
    """A person is called otherwise from now on, in every role."""

    name: ClassVar[str] = "person.renamed"
    personal: ClassVar[Mapping[str, str]] = PERSON_NAMED
    person_id: UUID
    person_name: str


class PersonErased(RegistryEvent):
    """A person was erased: whoever keeps something of them forgets it.

    The name is gone from the events of before, too; a reader that kept copies empties them.
    """

    name: ClassVar[str] = "person.erased"
    person_id: UUID


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


class ThemeCreated(WorkgroupsEvent):
    """A theme under which groups follow up."""

    name: ClassVar[str] = "theme.created"
    theme_id: UUID
    slug: str
    title: str


class GroupCreated(WorkgroupsEvent):
    """A coordinator opened a follow-up group."""

    name: ClassVar[str] = "group.created"
    group: GroupFacts


class GroupUpdated(WorkgroupsEvent):
    """The charter of a group changed."""

    name: ClassVar[str] = "group.updated"
    group: GroupFacts


class MembershipJoined(WorkgroupsEvent):
    """An institution joined a group."""

    name: ClassVar[str] = "membership.joined"
    group_id: UUID
    group_title: str
    theme_slug: str
    institution_id: UUID
    institution_name: str
    institution_acronym: str | None = None


class MembershipLeft(WorkgroupsEvent):
    """An institution left a group."""

    name: ClassVar[str] = "membership.left"
    group_id: UUID
    group_title: str
    theme_slug: str
    institution_id: UUID
    institution_name: str
    institution_acronym: str | None = None


class MeetingRecorded(WorkgroupsEvent):
    """A meeting of one or more groups, with what it agreed."""

    name: ClassVar[str] = "meeting.recorded"
    meeting_id: UUID
    title: str
    date: date
    place: str | None = None
    time_zone: str = Field(description="IANA time zone.", examples=["Asia/Bangkok"])
    mode: MeetingMode
    participants_in_person: int
    participants_online: int
    convenor_id: UUID | None = None
    groups: list[GroupRef]
    agreed_points: list[AgreedPointFacts]


class UpdatePosted(WorkgroupsEvent):
    """A member institution told its group something."""

    name: ClassVar[str] = "update.posted"
    update_id: UUID
    group_id: UUID
    group_title: str
    theme_slug: str
    institution_id: UUID
    institution_name: str
    institution_acronym: str | None = None
    kind: UpdateKind
    title: str
    text: str


class ActionItemAssigned(WorkgroupsEvent):
    """An institution is accountable for an action item."""

    name: ClassVar[str] = "action_item.assigned"
    action: ActionFacts


class ActionItemChanged(WorkgroupsEvent):
    """An action item changed: its state, its due date or its title."""

    name: ClassVar[str] = "action_item.changed"
    action: ActionFacts


ALL: tuple[type[EventData], ...] = (
    InstitutionSubmitted,
    InstitutionReturned,
    InstitutionVerified,
    InstitutionRejected,
    InstitutionUpdated,
    InstitutionVerificationRenewed,
    InstitutionVerificationExpiring,
    InstitutionVerificationExpired,
    InstitutionSuspended,
    InstitutionReinstated,
    InstitutionWithdrawn,
    InstitutionMerged,
    InstitutionUnmerged,
    FocalPointConfirmed,
    FocalPointRemoved,
    CoordinatorAppointed,
    CoordinatorRemoved,
    InstitutionLeftWithoutFocalPoint,
    PersonRenamed,
    PersonErased,
    NeedPublished,
    NeedUpdated,
    NeedWithdrawn,
    NeedExpired,
    NeedMatched,
    NeedAgreed,
    NeedDelivered,
    NeedReopened,
    NeedUnanswered,
    OfferPublished,
    OfferUpdated,
    OfferWithdrawn,
    OfferExpired,
    OfferMatched,
    OfferAgreed,
    OfferDelivered,
    OfferReopened,
    IntroductionRequested,
    IntroductionAccepted,
    IntroductionDeclined,
    IntroductionWithdrawn,
    IntroductionAgreed,
    IntroductionDelivered,
    IntroductionFellThrough,
    ThemeCreated,
    GroupCreated,
    GroupUpdated,
    MembershipJoined,
    MembershipLeft,
    MeetingRecorded,
    UpdatePosted,
    ActionItemAssigned,
    ActionItemChanged,
)

CATALOGUE: dict[str, type[EventData]] = {data.type(): data for data in ALL}
"""The model of the data of each type."""

SOURCES: tuple[str, ...] = (REGISTRY, WORKGROUPS)
"""The services that publish events."""
