"""When verifications run out: told 90 and 30 days before, and on the day itself.

Other services are told by events, the people who speak for the institution by letters; coordinators
have the verification queue.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, exists, select

from services.registry import decision_letters, standing
from services.registry.lifecycle import facts, tell
from services.registry.tables import Institution, Verification, VerificationNotice
from services.registry.transitions import Status
from shared.events.catalogue import InstitutionVerificationExpiring

BATCH = 100
"""How many institutions one transaction takes."""


class Kind(StrEnum):
    """What is told once of a verification."""

    FIRST = "90_days"
    LAST = "30_days"
    EXPIRED = "expired"


FIRST_NOTICE = timedelta(days=90)
LAST_NOTICE = timedelta(days=30)


def tell_first(session: Session, now: datetime) -> int:
    """Tell of verifications that run out within 90 days; return of how many.

    One within 30 days is left to `tell_last`, so that a calendar that stood still sends no two.
    """
    return _tell(session, now, Kind.FIRST, now + LAST_NOTICE, now + FIRST_NOTICE)


def tell_last(session: Session, now: datetime) -> int:
    """Tell of verifications that run out within 30 days; return of how many."""
    return _tell(session, now, Kind.LAST, now, now + LAST_NOTICE)


def expire(session: Session, now: datetime) -> int:
    """Mark the verifications that have run out as lapsed; return how many.

    A suspended institution's waits until it is reinstated.
    """
    taken = 0
    for institution, verification in _due(session, Kind.EXPIRED, None, now):
        if _claim(session, verification, Kind.EXPIRED, now):
            standing.expire(session, institution, now)
            _write(session, "verification_lapsed", verification, now)
            taken += 1
    return taken


def _tell(session: Session, now: datetime, kind: Kind, after: datetime, until: datetime) -> int:
    taken = 0
    for institution, verification in _due(session, kind, after, until):
        if _claim(session, verification, kind, now):
            days = (verification.valid_until - now).days
            tell(
                session,
                institution,
                InstitutionVerificationExpiring(institution=facts(institution), days_left=days),
            )
            _write(session, "verification_ends", verification, now)
            taken += 1
    return taken


def _due(
    session: Session, kind: Kind, after: datetime | None, until: datetime
) -> list[tuple[Institution, Verification]]:
    """Return verified institutions, locked, whose verification ends in that time, untold."""
    statement = (
        select(Institution, Verification)
        .join(
            Verification,
            (col(Verification.institution_id) == col(Institution.id))
            & (col(Verification.valid_until) == col(Institution.verified_until)),
        )
        .where(
            Institution.status == Status.VERIFIED,
            col(Institution.verified_until) <= until,
            ~exists().where(
                col(VerificationNotice.verification_id) == col(Verification.id),
                col(VerificationNotice.kind) == kind,
            ),
        )
        .order_by(col(Institution.verified_until))
        .limit(BATCH)
        .with_for_update(of=Institution, skip_locked=True)
    )
    if after is not None:
        statement = statement.where(col(Institution.verified_until) > after)
    return list(session.exec(statement).all())


def _write(session: Session, kind: str, verification: Verification, now: datetime) -> None:
    until = verification.valid_until.date().isoformat()
    decision_letters.tell(session, kind, verification.institution_id, now, until=until)


def _claim(session: Session, verification: Verification, kind: Kind, now: datetime) -> bool:
    # Another process may have told it between the look and the lock.
    if session.get(VerificationNotice, (verification.id, kind)) is not None:
        return False
    session.add(VerificationNotice(verification_id=verification.id, kind=kind, told_at=now))
    session.flush()
    return True
