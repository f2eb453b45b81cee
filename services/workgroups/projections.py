"""What workgroups does at the registry's events: its read models, and what follows from them.

Every handler may be called again with the same event and leaves the same rows. What happens to
memberships happens once, in `registry_changes` and `merged_members`.
"""

from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from services.workgroups import erasure, merged_members, registry_changes
from services.workgroups.support import Side
from services.workgroups.tables import (
    Checkpoint,
    Coordinator,
    FocalPoint,
    Institution,
    Introduction,
    Parked,
    Support,
)
from shared.consumer import Projection
from shared.events.catalogue import (
    REGISTRY,
    CoordinatorAppointed,
    CoordinatorRemoved,
    FocalPointConfirmed,
    FocalPointRemoved,
    InstitutionMerged,
    InstitutionReinstated,
    InstitutionRejected,
    InstitutionReturned,
    InstitutionSubmitted,
    InstitutionSuspended,
    InstitutionUnmerged,
    InstitutionUpdated,
    InstitutionVerificationExpired,
    InstitutionVerificationExpiring,
    InstitutionVerificationRenewed,
    InstitutionVerified,
    InstitutionWithdrawn,
    IntroductionAccepted,
    IntroductionAgreed,
    IntroductionDeclined,
    IntroductionDelivered,
    IntroductionEvent,
    IntroductionFellThrough,
    IntroductionRequested,
    IntroductionWithdrawn,
    NeedAgreed,
    NeedDelivered,
    NeedEvent,
    NeedExpired,
    NeedMatched,
    NeedPublished,
    NeedReopened,
    NeedUnanswered,
    NeedUpdated,
    NeedWithdrawn,
    OfferAgreed,
    OfferDelivered,
    OfferEvent,
    OfferExpired,
    OfferMatched,
    OfferPublished,
    OfferReopened,
    OfferUpdated,
    OfferWithdrawn,
    PersonErased,
    PersonRenamed,
    SupportFacts,
)
from shared.events.envelope import Event, EventData
from shared.newest import keep_newest
from shared.redaction import redact_parked

InstitutionTold = (
    InstitutionSubmitted
    | InstitutionReturned
    | InstitutionVerified
    | InstitutionRejected
    | InstitutionUpdated
    | InstitutionVerificationRenewed
    | InstitutionVerificationExpiring
    | InstitutionVerificationExpired
    | InstitutionSuspended
    | InstitutionReinstated
    | InstitutionWithdrawn
    | InstitutionMerged
    | InstitutionUnmerged
)


def institution_told(session: Session, _event: Event, data: InstitutionTold) -> None:
    """Keep the institution as of this version; an older version than the kept one is ignored."""
    facts = data.institution
    keep_newest(
        session,
        Institution(id=facts.institution_id, **facts.model_dump(exclude={"institution_id"})),
    )


def focal_point_confirmed(session: Session, _event: Event, data: FocalPointConfirmed) -> None:
    """Keep who speaks for the institution."""
    session.merge(
        FocalPoint(
            person_id=data.person_id,
            institution_id=data.institution_id,
            name=data.person_name,
            role=data.role,
        )
    )


def focal_point_removed(session: Session, event: Event, data: FocalPointRemoved) -> None:
    """Forget who spoke for the institution: their next request is denied, their roles wait."""
    _forget(session, FocalPoint, (data.person_id, data.institution_id))
    registry_changes.focal_point_removed(session, event, data)


def coordinator_appointed(session: Session, _event: Event, data: CoordinatorAppointed) -> None:
    """Keep who coordinates the platform."""
    session.merge(Coordinator(person_id=data.person_id, name=data.person_name))


def coordinator_removed(session: Session, event: Event, data: CoordinatorRemoved) -> None:
    """Forget who coordinated the platform: their next request is denied, their roles wait."""
    _forget(session, Coordinator, data.person_id)
    registry_changes.coordinator_removed(session, event, data)


def person_renamed(session: Session, _event: Event, data: PersonRenamed) -> None:
    """Show the person by the new name in every role."""
    for kept in _roles_of(session, data.person_id):
        kept.name = data.person_name
        session.add(kept)


def person_erased(session: Session, event: Event, data: PersonErased) -> None:
    """Forget the person and end their roles, also in events that wait to be put through again."""
    erasure.erase(session, data.person_id)
    redact_parked(session, Parked, data.person_id)
    registry_changes.person_erased(session, event, data)


def institution_out(
    session: Session, event: Event, data: InstitutionSuspended | InstitutionWithdrawn
) -> None:
    """Keep where the institution stands, and let its memberships wait."""
    institution_told(session, event, data)
    registry_changes.institution_out(session, event, data)


def institution_reinstated(session: Session, event: Event, data: InstitutionReinstated) -> None:
    """Keep where the institution stands, and give back what its suspension took."""
    institution_told(session, event, data)
    registry_changes.institution_reinstated(session, event, data)


def institution_merged(session: Session, event: Event, data: InstitutionMerged) -> None:
    """Keep what the institution became part of, and let that take its place in groups."""
    institution_told(session, event, data)
    merged_members.institution_merged(session, event, data)


def institution_unmerged(session: Session, event: Event, data: InstitutionUnmerged) -> None:
    """Keep that the institution stands for itself, and give it its places back."""
    institution_told(session, event, data)
    merged_members.institution_unmerged(session, event, data)


def need_told(session: Session, _event: Event, data: NeedEvent) -> None:
    """Keep the need as of this version."""
    _keep_support(session, Side.NEED, data.need)


def offer_told(session: Session, _event: Event, data: OfferEvent) -> None:
    """Keep the offer as of this version."""
    _keep_support(session, Side.OFFER, data.offer)


def introduction_told(session: Session, _event: Event, data: IntroductionEvent) -> None:
    """Keep how far a need and an offer came together."""
    facts = data.introduction
    volume = facts.volume
    keep_newest(
        session,
        Introduction(
            id=facts.introduction_id,
            **facts.model_dump(
                include={"need_id", "offer_id", "provider_id", "state", "delivered_on", "version"}
            ),
            volume_amount=volume.amount if volume else None,
            volume_unit=volume.unit if volume else None,
            volume_currency=volume.currency if volume else None,
        ),
    )


def _keep_support(session: Session, side: Side, facts: SupportFacts) -> None:
    said = facts.model_dump(include={"institution_id", "title", "state", "version"})
    keep_newest(session, Support(id=facts.item_id, side=side, **said))


def _roles_of(session: Session, person_id: UUID) -> list[Coordinator | FocalPoint]:
    return [
        *session.exec(select(Coordinator).where(Coordinator.person_id == person_id)),
        *session.exec(select(FocalPoint).where(FocalPoint.person_id == person_id)),
    ]


def _forget(session: Session, table: type[Any], key: Any) -> None:
    kept = session.get(table, key)
    if kept is not None:
        session.delete(kept)


HANDLERS: dict[type[EventData], Any] = {
    InstitutionSubmitted: institution_told,
    InstitutionReturned: institution_told,
    InstitutionVerified: institution_told,
    InstitutionRejected: institution_told,
    InstitutionUpdated: institution_told,
    InstitutionVerificationRenewed: institution_told,
    InstitutionVerificationExpiring: institution_told,
    InstitutionVerificationExpired: institution_told,
    InstitutionSuspended: institution_out,
    InstitutionReinstated: institution_reinstated,
    InstitutionWithdrawn: institution_out,
    InstitutionMerged: institution_merged,
    InstitutionUnmerged: institution_unmerged,
    FocalPointConfirmed: focal_point_confirmed,
    FocalPointRemoved: focal_point_removed,
    CoordinatorAppointed: coordinator_appointed,
    CoordinatorRemoved: coordinator_removed,
    PersonRenamed: person_renamed,
    PersonErased: person_erased,
    NeedPublished: need_told,
    NeedUpdated: need_told,
    NeedWithdrawn: need_told,
    NeedExpired: need_told,
    NeedMatched: need_told,
    NeedAgreed: need_told,
    NeedDelivered: need_told,
    NeedReopened: need_told,
    NeedUnanswered: need_told,
    OfferPublished: offer_told,
    OfferUpdated: offer_told,
    OfferWithdrawn: offer_told,
    OfferExpired: offer_told,
    OfferMatched: offer_told,
    OfferAgreed: offer_told,
    OfferDelivered: offer_told,
    OfferReopened: offer_told,
    IntroductionRequested: introduction_told,
    IntroductionAccepted: introduction_told,
    IntroductionDeclined: introduction_told,
    IntroductionWithdrawn: introduction_told,
    IntroductionAgreed: introduction_told,
    IntroductionDelivered: introduction_told,
    IntroductionFellThrough: introduction_told,
}

REGISTRY_PROJECTION = Projection(
    service="workgroups",
    source=REGISTRY,
    handlers=HANDLERS,
    checkpoint=Checkpoint,
    parked=Parked,
    read_models=(Institution, Coordinator, FocalPoint, Support, Introduction),
)
