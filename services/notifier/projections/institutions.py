"""Institutions as the registry tells of them, and the news of a partner."""

from sqlmodel import Session

from services.notifier import notices, roles, targets
from services.notifier.projections.telling import tell
from services.notifier.tables import (
    Institution,
)
from services.notifier.vocabulary import NoticeKind
from shared.columns import utc_now
from shared.events.catalogue import (
    InstitutionFacts,
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
)
from shared.events.envelope import Event
from shared.newest import keep_newest


def institution_known(
    session: Session,
    _event: Event,
    data: InstitutionSubmitted
    | InstitutionReturned
    | InstitutionRejected
    | InstitutionVerificationRenewed
    | InstitutionVerificationExpiring
    | InstitutionVerificationExpired
    | InstitutionSuspended
    | InstitutionReinstated
    | InstitutionWithdrawn
    | InstitutionMerged
    | InstitutionUnmerged,
) -> None:
    """Keep the institution; readers hear of it when it is a new partner that everybody may see.

    What else comes is between the institution and the coordinators.
    """
    _keep_institution(session, data.institution)


def institution_verified(session: Session, event: Event, data: InstitutionVerified) -> None:
    """Keep the institution and tell readers of the new partner, if everybody may hear of it."""
    _keep_institution(session, data.institution)
    if data.institution.visibility == "public":
        _tell_of_partner(session, event, data.institution)


def institution_updated(session: Session, event: Event, data: InstitutionUpdated) -> None:
    """Keep the institution, and tell readers of a partner whom everybody may see only now.

    Once, whether it was told when it was verified or later: it may hide again and come back.
    """
    _keep_institution(session, data.institution)
    is_shown = (data.institution.status, data.institution.visibility) == ("verified", "public")
    if is_shown and not notices.was_told(session, NoticeKind.INSTITUTION_VERIFIED, event.subject):
        _tell_of_partner(session, event, data.institution)


def _keep_institution(session: Session, facts: InstitutionFacts) -> None:
    keep_newest(
        session,
        Institution(
            id=facts.institution_id,
            name=facts.name,
            acronym=facts.acronym,
            status=facts.status,
            visibility=facts.visibility,
            version=facts.version,
            merged_into=facts.merged_into,
        ),
    )
    roles.note(session, roles.speakers(session, facts.institution_id), utc_now())


def _tell_of_partner(session: Session, event: Event, institution: InstitutionFacts) -> None:
    tell(
        session,
        event,
        NoticeKind.INSTITUTION_VERIFIED,
        targets=(targets.institution(institution.institution_id),),
    )
