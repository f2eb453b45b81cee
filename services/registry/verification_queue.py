"""The verification queue: what waits for a coordinator, oldest first.

Submitted registrations wait since they were last submitted: a correction of the profile doesn't
send them to the end. Verified institutions wait for a renewal from 90 days before the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, exists, func, select

from services.registry.cautions import cautions
from services.registry.duplicates import possible_duplicates
from services.registry.flags import Severity, open_flags
from services.registry.tables import HistoryEntry, Institution, Verification
from services.registry.transitions import Status
from services.registry.verification import Requirement, requirements
from services.registry.verification_dates import FIRST_NOTICE
from shared.pagination import PageParams, Slice, paginate


@dataclass(frozen=True)
class Waiting:
    """An institution in the queue, with what a coordinator wants to know before opening it."""

    institution: Institution
    since: datetime
    open_flags: int
    blocked: bool
    """Whether a flag or a possible duplicate prevents its verification."""
    possible_duplicates: int
    cautions: int
    """How many odd domains and addresses `services.registry.cautions` finds."""
    requirements: tuple[Requirement, ...]


def registrations(session: Session, page: PageParams) -> Slice[Waiting]:
    """Return the submitted registrations, those first that have waited longest."""
    statement = select(HistoryEntry).where(*_last_submission())
    found = paginate(session, statement, col(HistoryEntry.id), page)
    since = [(entry.institution_id, entry.at) for entry in found.items]
    return Slice(_waiting(session, since), found.next_cursor)


def renewals(session: Session, page: PageParams, now: datetime) -> Slice[Waiting]:
    """Return verified institutions whose verification ends within 90 days or has, oldest first."""
    statement = select(Verification).join(
        Institution,
        (col(Institution.id) == col(Verification.institution_id))
        & (col(Institution.verified_until) == col(Verification.valid_until)),
    )
    statement = statement.where(
        Institution.status == Status.VERIFIED,
        col(Institution.verified_until) <= now + FIRST_NOTICE,
    )
    found = paginate(session, statement, col(Verification.id), page)
    since = [(each.institution_id, each.valid_until - FIRST_NOTICE) for each in found.items]
    return Slice(_waiting(session, since), found.next_cursor)


def waiting_since(session: Session) -> datetime | None:
    """Return when the registration was submitted that has waited longest."""
    oldest: datetime | None = session.exec(
        select(func.min(HistoryEntry.at)).where(*_last_submission())
    ).one()
    return oldest


def _last_submission() -> Sequence[Any]:
    """The entries by which the institutions that are submitted now became so."""
    later = aliased(HistoryEntry)
    submitted = select(Institution.id).where(Institution.status == Status.SUBMITTED)
    return (
        col(HistoryEntry.institution_id).in_(submitted),
        HistoryEntry.to_status == Status.SUBMITTED,
        col(HistoryEntry.from_status).is_distinct_from(Status.SUBMITTED),
        ~exists().where(
            col(later.institution_id) == col(HistoryEntry.institution_id),
            col(later.version) > col(HistoryEntry.version),
            col(later.to_status) == Status.SUBMITTED,
            col(later.from_status).is_distinct_from(Status.SUBMITTED),
        ),
    )


def _waiting(session: Session, since: Sequence[tuple[Any, datetime]]) -> list[Waiting]:
    ids = [institution_id for institution_id, _ in since]
    institutions = {
        found.id: found
        for found in session.exec(select(Institution).where(col(Institution.id).in_(ids)))
    }
    flags = open_flags(session, ids)
    waiting = []
    for institution_id, moment in since:
        institution = institutions[institution_id]
        standing = flags.get(institution_id, {})
        alike = possible_duplicates(session, institution)
        repeats = institution.status == Status.SUBMITTED and any(each.blocks for each in alike)
        waiting.append(
            Waiting(
                institution=institution,
                since=moment,
                open_flags=sum(standing.values()),
                blocked=bool(standing.get(Severity.BLOCKING)) or repeats,
                possible_duplicates=len(alike),
                cautions=len(cautions(session, institution)),
                requirements=requirements(institution.organisation_type),
            )
        )
    return waiting
