"""What a merge and its undoing are in the lives of both institutions.

The table of what may follow what is in `services.registry.transitions`.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.registry.lifecycle import Changes, facts, step, tell
from services.registry.tables import Institution
from services.registry.transitions import Action, Status, require_possible
from shared.events.catalogue import InstitutionMerged, InstitutionUnmerged, InstitutionUpdated


def merge(
    session: Session,
    institution: Institution,
    into: Institution,
    by: UUID,
    *,
    reason: str,
    changes: Mapping[UUID, Changes],
) -> None:
    """Let an institution end in another, which goes on; the caller moved what belonged to it.

    ``changes`` are those of both profiles, by id.
    """
    require_possible(into, Action.ABSORB)
    told: dict[str, Any] = {"reason": reason, "duplicate_of": into.id}
    step(
        session, institution, Action.MERGE, by, changes=changes.get(institution.id) or None, **told
    )
    institution.merged_into = into.id
    told = {"reason": reason, "duplicate_of": institution.id}
    step(session, into, Action.ABSORB, by, changes=changes.get(into.id) or None, **told)
    tell(session, into, InstitutionUpdated(institution=facts(into)))
    tell(
        session,
        institution,
        InstitutionMerged(institution=facts(institution), into=facts(into), reason=reason),
    )


def unmerge(
    session: Session,
    institution: Institution,
    survivor: Institution,
    by: UUID,
    *,
    reason: str,
    back_to: Status,
    changes: Mapping[UUID, Changes],
) -> None:
    """Let a merged institution stand for itself again, in the state in which it was.

    ``changes`` are those of both profiles, by id.
    """
    require_possible(survivor, Action.RELEASE)
    told: dict[str, Any] = {"reason": reason, "duplicate_of": survivor.id}
    changed = changes.get(institution.id) or None
    step(session, institution, Action.UNMERGE, by, back_to=back_to, changes=changed, **told)
    institution.merged_into = None
    told = {"reason": reason, "duplicate_of": institution.id}
    step(session, survivor, Action.RELEASE, by, changes=changes.get(survivor.id) or None, **told)
    tell(session, survivor, InstitutionUpdated(institution=facts(survivor)))
    tell(
        session,
        institution,
        InstitutionUnmerged(
            institution=facts(institution), survivor=facts(survivor), reason=reason
        ),
    )
