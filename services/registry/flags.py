"""Flags: what coordinators know of an institution and only they see.

A flag is raised and, with a reason, lifted; both stay. No event tells of it: other services act on
an institution's status alone, and what a coordinator suspects is no fact for a feed. What stands on
an institution that was merged stands on the one that goes on as well.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, func, select

from services.registry.tables import FlagLifting, Institution, InstitutionFlag
from services.registry.tombstones import parts_of
from shared.pagination import PageParams, Slice, paginate
from shared.problems import NOT_ALLOWED_NOW, NOT_FOUND, Problem


class Severity(StrEnum):
    """How much a flag weighs; a blocking one prevents verification and reinstatement."""

    INFORMATION = "information"
    CONCERN = "concern"
    SERIOUS = "serious"
    BLOCKING = "blocking"


@dataclass(frozen=True)
class Flagged:
    """A flag, with its lifting if it was lifted."""

    flag: InstitutionFlag
    lifting: FlagLifting | None


def raise_flag(
    session: Session, institution: Institution, severity: Severity, reason: str, by: UUID
) -> Flagged:
    """Raise a flag on an institution in any state."""
    flag = InstitutionFlag(
        institution_id=institution.id, severity=severity, reason=reason, raised_by=by
    )
    session.add(flag)
    session.flush()
    return Flagged(flag, None)


def lift(
    session: Session, institution: Institution, flag_id: UUID, reason: str, by: UUID
) -> Flagged:
    """Lift a flag of the institution or of one that was merged into it.

    Raises a Problem: 404 for a flag of another, 409 when it was lifted before.
    """
    # Locked itself: it can be lifted by the address of either of two merged institutions.
    flag = session.get(InstitutionFlag, flag_id, with_for_update=True)
    if flag is None or flag.institution_id not in parts_of(session, [institution.id]):
        raise Problem(
            NOT_FOUND, "This institution has no flag of that id. Its flags list them all."
        )
    if session.get(FlagLifting, flag.id) is not None:
        raise Problem(
            NOT_ALLOWED_NOW, "This flag was lifted before. Raise another if it stands again."
        )
    lifting = FlagLifting(flag_id=flag.id, reason=reason, lifted_by=by)
    session.add(lifting)
    session.flush()
    return Flagged(flag, lifting)


def listed(
    session: Session,
    page: PageParams,
    *,
    institution_id: UUID | None = None,
    severity: Severity | None = None,
    standing: bool | None = None,
) -> Slice[Flagged]:
    """Return flags, oldest first, of one institution or of all; lifted ones too unless narrowed."""
    statement = select(InstitutionFlag)
    if institution_id is not None:
        parts = parts_of(session, [institution_id])
        statement = statement.where(col(InstitutionFlag.institution_id).in_(parts))
    if severity is not None:
        statement = statement.where(InstitutionFlag.severity == severity)
    if standing is not None:
        lifted = col(InstitutionFlag.id).in_(select(FlagLifting.flag_id))
        statement = statement.where(~lifted if standing else lifted)
    found = paginate(session, statement, col(InstitutionFlag.id), page)
    liftings = {
        lifting.flag_id: lifting
        for lifting in session.exec(
            select(FlagLifting).where(col(FlagLifting.flag_id).in_([f.id for f in found.items]))
        )
    }
    return Slice([Flagged(flag, liftings.get(flag.id)) for flag in found.items], found.next_cursor)


def open_flags(
    session: Session, institution_ids: Iterable[UUID]
) -> Mapping[UUID, Mapping[Severity, int]]:
    """Return how many flags stand on each institution, by severity; none for who has none."""
    parts = parts_of(session, list(institution_ids))
    rows = session.exec(
        select(InstitutionFlag.institution_id, InstitutionFlag.severity, func.count())
        .where(
            col(InstitutionFlag.institution_id).in_(parts),
            col(InstitutionFlag.id).not_in(select(FlagLifting.flag_id)),
        )
        .group_by(col(InstitutionFlag.institution_id), col(InstitutionFlag.severity))
    ).all()
    counts: dict[UUID, Counter[Severity]] = defaultdict(Counter)
    for part, severity, number in rows:
        counts[parts[part]][Severity(severity)] += number
    return counts


def open_by_severity(session: Session) -> Mapping[Severity, int]:
    """Return how many flags stand on all institutions together, by severity."""
    rows = session.exec(
        select(InstitutionFlag.severity, func.count())
        .where(col(InstitutionFlag.id).not_in(select(FlagLifting.flag_id)))
        .group_by(col(InstitutionFlag.severity))
    ).all()
    found = {Severity(severity): number for severity, number in rows}
    return {severity: found.get(severity, 0) for severity in Severity}


def require_none_blocking(session: Session, institution: Institution) -> None:
    """Raise a Problem (409) while a blocking flag stands on the institution."""
    standing = open_flags(session, [institution.id]).get(institution.id, {})
    if standing.get(Severity.BLOCKING):
        raise Problem(
            NOT_ALLOWED_NOW,
            "A blocking flag stands on this institution. Settle what it says and lift it at "
            f"POST /institutions/{institution.id}/flags/<id>/lift first.",
        )
