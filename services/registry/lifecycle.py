"""The life of a registration: each step with its history and its event.

What may follow what, and who may do it, is the table in `services.registry.transitions`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.registry import decision_letters
from services.registry.duplicates import require_no_open_duplicate
from services.registry.flags import require_none_blocking
from services.registry.search_index import touch
from services.registry.tables import HistoryEntry, Institution
from services.registry.transitions import TRANSITIONS, Action, Status, require_possible
from shared import outbox
from shared.columns import utc_now
from shared.events.catalogue import (
    InstitutionFacts,
    InstitutionRejected,
    InstitutionReturned,
    InstitutionSubmitted,
    InstitutionUpdated,
    InstitutionVerified,
)
from shared.events.envelope import EventData
from shared.problems import INVALID, FieldError, Problem

Changes = dict[str, list[Any]]
"""The values before and after, by field."""


def begin(session: Session, institution: Institution, now: datetime) -> None:
    """Store a new registration with the first entry of its history."""
    institution.status = Status.UNCONFIRMED
    institution.version = 1
    session.add(institution)
    session.flush()
    touch(session, institution.id)
    session.add(
        HistoryEntry(
            institution_id=institution.id,
            version=1,
            action=Action.REGISTER,
            to_status=Status.UNCONFIRMED,
            at=now,
        )
    )


def bring_in(
    session: Session, new: Sequence[tuple[Institution, str]], by: UUID, now: datetime
) -> None:
    """Store institutions that a coordinator knows: submitted, with nobody to speak for them yet.

    Each comes with the reason of its history's first entry, which says where it was taken from.
    """
    for institution, _ in new:
        institution.status = Status.SUBMITTED
        institution.version = 1
        session.add(institution)
    session.flush()
    session.add_all(
        HistoryEntry(
            institution_id=institution.id,
            version=1,
            action=Action.IMPORT,
            to_status=Status.SUBMITTED,
            actor_id=by,
            reason=reason,
            at=now,
        )
        for institution, reason in new
    )
    for institution, _ in new:
        touch(session, institution.id)
    outbox.publish_all(
        session,
        [
            (InstitutionSubmitted(institution=facts(institution)), f"institutions/{institution.id}")
            for institution, _ in new
        ],
    )


def confirm(session: Session, institution: Institution, by: UUID, now: datetime) -> None:
    """Submit a registration whose focal point has confirmed their address."""
    step(session, institution, Action.CONFIRM, by, now=now)
    tell(session, institution, InstitutionSubmitted(institution=facts(institution)))


def submit(session: Session, institution: Institution, by: UUID, note: str | None = None) -> None:
    """Submit a returned or withdrawn registration again; ``note`` says what is different now."""
    step(session, institution, Action.SUBMIT, by, reason=note)
    tell(session, institution, InstitutionSubmitted(institution=facts(institution)))


def send_back(session: Session, institution: Institution, by: UUID, reason: str) -> None:
    """Return a registration for a correction; ``reason`` says which."""
    step(session, institution, Action.RETURN, by, reason=reason)
    tell(
        session,
        institution,
        InstitutionReturned(institution=facts(institution), reason=reason),
    )
    decision_letters.returned(session, institution, reason)


def verify(session: Session, institution: Institution, by: UUID, evidence: str) -> None:
    """Verify an institution; ``evidence`` says what was seen.

    `services.registry.verification.verify` goes through the checklist first. Raises a Problem
    (409) while a blocking flag stands, or while it may be a duplicate that nobody has dismissed.
    """
    require_possible(institution, Action.VERIFY)
    require_no_open_duplicate(session, institution)
    require_none_blocking(session, institution)
    step(session, institution, Action.VERIFY, by, evidence=evidence)
    tell(session, institution, InstitutionVerified(institution=facts(institution)))
    decision_letters.verified(session, institution, again=False)


def reject(
    session: Session,
    institution: Institution,
    by: UUID,
    reason: str,
    duplicate_of: UUID | None = None,
) -> None:
    """Reject a registration, as a duplicate of another where it is one."""
    if duplicate_of is not None:
        _check_original(session, institution, duplicate_of)
    step(session, institution, Action.REJECT, by, reason=reason, duplicate_of=duplicate_of)
    tell(
        session,
        institution,
        InstitutionRejected(
            institution=facts(institution), reason=reason, duplicate_of=duplicate_of
        ),
    )
    decision_letters.rejected(session, institution, reason, duplicate_of)


def record_update(
    session: Session, institution: Institution, by: UUID, changes: dict[str, list[Any]]
) -> None:
    """Note a change of the profile: ``changes`` has the values before and after by field."""
    step(session, institution, Action.UPDATE, by, changes=changes)
    tell(session, institution, InstitutionUpdated(institution=facts(institution)))


def facts(institution: Institution) -> InstitutionFacts:
    """Return what other services are told of an institution."""
    return InstitutionFacts.model_validate(
        {"institution_id": institution.id, **institution.model_dump()}
    )


def step(
    session: Session,
    institution: Institution,
    action: Action,
    by: UUID | None,
    *,
    now: datetime | None = None,
    back_to: Status | None = None,
    **told: Any,
) -> None:
    """Take one step and note it in the history; ``told`` is what the entry says besides.

    Raises a Problem (409) when the action can't follow the institution's state.
    """
    require_possible(institution, action)
    before = institution.status
    moment = now or utc_now()
    institution.status = back_to or TRANSITIONS[action].target or before
    institution.version += 1
    institution.updated_at = moment
    session.add(institution)
    touch(session, institution.id)
    session.add(
        HistoryEntry(
            institution_id=institution.id,
            version=institution.version,
            action=action,
            from_status=before,
            to_status=institution.status,
            actor_id=by,
            at=moment,
            **told,
        )
    )


def tell(session: Session, institution: Institution, data: EventData) -> None:
    """Publish an event about the institution with the change that it tells of."""
    outbox.publish(session, data, subject=f"institutions/{institution.id}")


def _check_original(session: Session, institution: Institution, duplicate_of: UUID) -> None:
    original = session.get(Institution, duplicate_of)
    if original is None or original.id == institution.id or original.status == Status.REJECTED:
        raise Problem(
            INVALID,
            "The institution named as the original isn't one. Name another that isn't rejected.",
            errors=[
                FieldError(
                    pointer="/duplicate_of",
                    detail="Give the id of another institution that isn't rejected.",
                )
            ],
        )
