"""The profile as it was: what an institution said of itself at an earlier moment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from services.registry.profiles import Document, profile_of
from services.registry.tables import HistoryEntry, Institution, Verification
from shared.problems import NOT_FOUND, Problem


@dataclass(frozen=True)
class PastProfile:
    """A profile with the step that made it what it was."""

    profile: Document
    """With the digest of its logo."""
    step: HistoryEntry
    verified_until: datetime | None


def profile_as_of(session: Session, institution: Institution, moment: datetime) -> PastProfile:
    """Return the profile as it was at ``moment``.

    It is computed from the profile of now: each later step is taken back, newest first. Raises a
    Problem (404) when the institution wasn't registered by then.
    """
    document: dict[str, Any] = {
        **profile_of(session, institution),
        "logo_digest": institution.logo_digest,
    }
    steps = session.exec(
        select(HistoryEntry)
        .where(HistoryEntry.institution_id == institution.id)
        .order_by(col(HistoryEntry.version).desc())
    )
    for step in steps:
        if step.at <= moment:
            return PastProfile(document, step, _verified_until(session, step))
        for field, (before, _) in (step.changes or {}).items():
            if field in document:
                document[field] = before
    raise Problem(NOT_FOUND, "It was not registered by then. Ask for a later day.")


def _verified_until(session: Session, step: HistoryEntry) -> datetime | None:
    return session.exec(
        select(Verification.valid_until)
        .where(
            Verification.institution_id == step.institution_id,
            Verification.version <= step.version,
        )
        .order_by(col(Verification.version).desc())
    ).first()
