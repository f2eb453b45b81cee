"""What is left of institutions that were merged, and where it leads."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from services.registry.tables import Institution


@dataclass(frozen=True)
class Moved:
    """A merged institution, the one that it is part of in the end, and its own version."""

    id: UUID
    merged_into: UUID
    version: int


def moved_to(session: Session, institution_id: UUID) -> Moved | None:
    """Return where a merged institution went; ``None`` when it isn't merged or isn't there."""
    start = session.get(Institution, institution_id)
    if start is None or start.merged_into is None:
        return None
    # A chain has an end: what was merged can't take another.
    last = start
    while last.merged_into is not None:
        last = session.get_one(Institution, last.merged_into)
    return Moved(start.id, last.id, start.version)


def parts_of(session: Session, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return every institution that was merged into one of these, directly or not, and into which.

    Each of ``ids`` is a part of itself.
    """
    found = {one: one for one in ids}
    newest = dict(found)
    while newest:
        merged = session.exec(
            select(Institution.id, Institution.merged_into).where(
                col(Institution.merged_into).in_(newest)
            )
        ).all()
        newest = {part: newest[into] for part, into in merged if into and part not in found}
        found |= newest
    return found
