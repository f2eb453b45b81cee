"""Letters that tell an institution's people what a coordinator decided, why, and what to do next.

A flag has none: it is a note among coordinators, and what it leads to is told when it is decided.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.registry import outgoing_letters
from services.registry.tables import FocalPoint, Institution, Person
from services.registry.transitions import Status
from shared.columns import utc_now


def returned(session: Session, institution: Institution, reason: str) -> None:
    """Tell what must be corrected."""
    tell(session, "registration_returned", institution.id, reason=reason)


def verified(session: Session, institution: Institution, *, again: bool) -> None:
    """Tell until when the institution is verified."""
    kind = "verification_renewed" if again else "institution_verified"
    tell(session, kind, institution.id, until=_end(institution))


def rejected(
    session: Session, institution: Institution, reason: str, duplicate_of: UUID | None
) -> None:
    """Tell why, and which institution it repeats where everybody may see that one."""
    original = session.get(Institution, duplicate_of) if duplicate_of else None
    shown = original and original.status == Status.VERIFIED and original.visibility == "public"
    told: dict[str, Any] = {"original_id": str(original.id)} if original and shown else {}
    tell(
        session,
        "registration_rejected",
        institution.id,
        reason=reason,
        duplicate=original is not None,
        original=None,
        **told,
    )


def suspended(session: Session, institution: Institution, reason: str) -> None:
    """Tell which concern is looked into."""
    tell(session, "institution_suspended", institution.id, reason=reason)


def reinstated(session: Session, institution: Institution, reason: str) -> None:
    """Tell that the institution takes part again."""
    tell(session, "institution_reinstated", institution.id, reason=reason, until=_end(institution))


def tell(
    session: Session, kind: str, institution_id: UUID, now: datetime | None = None, **facts: Any
) -> None:
    """Write to everybody who speaks for the institution; the calendar sends it."""
    people = session.exec(
        select(Person)
        .join(FocalPoint, col(FocalPoint.person_id) == col(Person.id))
        .where(
            FocalPoint.institution_id == institution_id,
            col(FocalPoint.confirmed_at).is_not(None),
        )
        .order_by(col(Person.id))
    ).all()
    told = {"institution_id": str(institution_id), **facts}
    for person in people:
        outgoing_letters.to_person(session, kind, person, told, now or utc_now())


def _end(institution: Institution) -> str | None:
    until = institution.verified_until
    return until.date().isoformat() if until else None
