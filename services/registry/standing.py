"""Whether an institution still stands as verified: renewed, lapsed, suspended, withdrawn.

The table of what may follow what is in `services.registry.transitions`.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from services.registry import decision_letters, matching
from services.registry.flags import require_none_blocking
from services.registry.lifecycle import facts, step, tell
from services.registry.tables import Institution
from services.registry.transitions import Action, require_possible
from shared.columns import utc_now
from shared.events.catalogue import (
    InstitutionReinstated,
    InstitutionSuspended,
    InstitutionVerificationExpired,
    InstitutionVerificationRenewed,
    InstitutionWithdrawn,
)


def renew(session: Session, institution: Institution, by: UUID, evidence: str) -> None:
    """Verify a verified institution again; a Problem (409) while a blocking flag stands."""
    require_possible(institution, Action.RENEW)
    require_none_blocking(session, institution)
    step(session, institution, Action.RENEW, by, evidence=evidence)
    tell(session, institution, InstitutionVerificationRenewed(institution=facts(institution)))
    decision_letters.verified(session, institution, again=True)


def expire(session: Session, institution: Institution, now: datetime) -> None:
    """Note that the verification has run out; the institution stays verified, marked as lapsed."""
    step(session, institution, Action.EXPIRE, None, now=now)
    tell(session, institution, InstitutionVerificationExpired(institution=facts(institution)))


def suspend(session: Session, institution: Institution, by: UUID, reason: str) -> None:
    """Take a verified institution out until a concern is settled; ``reason`` says which."""
    step(session, institution, Action.SUSPEND, by, reason=reason)
    tell(
        session,
        institution,
        InstitutionSuspended(institution=facts(institution), reason=reason),
    )
    decision_letters.suspended(session, institution, reason)


def reinstate(session: Session, institution: Institution, by: UUID, reason: str) -> None:
    """Let a suspended institution take part again; a Problem (409) while a blocking flag stands.

    Its verification runs out when it would have without the suspension. Others that were matched
    meanwhile didn't see what it needs and offers, so that is matched again.
    """
    require_possible(institution, Action.REINSTATE)
    require_none_blocking(session, institution)
    step(session, institution, Action.REINSTATE, by, reason=reason)
    tell(
        session,
        institution,
        InstitutionReinstated(institution=facts(institution), reason=reason),
    )
    matching.match_soon(session, [institution.id], utc_now())
    decision_letters.reinstated(session, institution, reason)


def withdraw(session: Session, institution: Institution, by: UUID, reason: str) -> None:
    """Take the institution out on its own wish; a verification ends with it."""
    require_possible(institution, Action.WITHDRAW)
    institution.verified_until = None
    step(session, institution, Action.WITHDRAW, by, reason=reason)
    tell(
        session,
        institution,
        InstitutionWithdrawn(institution=facts(institution), reason=reason),
    )
