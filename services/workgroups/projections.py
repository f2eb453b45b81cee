"""The read models: what workgroups keeps of the registry's events.

Every handler may be called again with the same event and leaves the same rows.
"""

from typing import Any

from sqlmodel import Session

from services.workgroups.tables import Checkpoint, Coordinator, FocalPoint, Institution, Parked
from shared.consumer import Projection
from shared.events.catalogue import (
    REGISTRY,
    CoordinatorAppointed,
    CoordinatorRemoved,
    FocalPointConfirmed,
    FocalPointRemoved,
    InstitutionReinstated,
    InstitutionRejected,
    InstitutionReturned,
    InstitutionSubmitted,
    InstitutionSuspended,
    InstitutionUpdated,
    InstitutionVerificationExpired,
    InstitutionVerificationExpiring,
    InstitutionVerificationRenewed,
    InstitutionVerified,
    InstitutionWithdrawn,
)
from shared.events.envelope import Event, EventData

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
)


def institution_told(session: Session, _event: Event, data: InstitutionTold) -> None:
    """Keep the institution as of this version; an older version than the kept one is ignored."""
    facts = data.institution
    kept = session.get(Institution, facts.institution_id)
    if kept is not None and kept.version >= facts.version:
        return
    session.merge(
        Institution(id=facts.institution_id, **facts.model_dump(exclude={"institution_id"}))
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


def focal_point_removed(session: Session, _event: Event, data: FocalPointRemoved) -> None:
    """Forget who spoke for the institution: their next request is denied."""
    _forget(session, FocalPoint, (data.person_id, data.institution_id))


def coordinator_appointed(session: Session, _event: Event, data: CoordinatorAppointed) -> None:
    """Keep who coordinates the platform."""
    session.merge(Coordinator(person_id=data.person_id, name=data.person_name))


def coordinator_removed(session: Session, _event: Event, data: CoordinatorRemoved) -> None:
    """Forget who coordinated the platform: their next request is denied."""
    _forget(session, Coordinator, data.person_id)


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
    InstitutionSuspended: institution_told,
    InstitutionReinstated: institution_told,
    InstitutionWithdrawn: institution_told,
    FocalPointConfirmed: focal_point_confirmed,
    FocalPointRemoved: focal_point_removed,
    CoordinatorAppointed: coordinator_appointed,
    CoordinatorRemoved: coordinator_removed,
}

REGISTRY_PROJECTION = Projection(
    service="workgroups",
    source=REGISTRY,
    handlers=HANDLERS,
    checkpoint=Checkpoint,
    parked=Parked,
    read_models=(Institution, Coordinator, FocalPoint),
)
