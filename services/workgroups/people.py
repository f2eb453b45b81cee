"""What people are called, as far as workgroups knows them."""

from collections.abc import Iterable
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups.tables import Coordinator, FocalPoint


def names_of_people(session: Session, person_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return the names of those who have a role at the registry, by id; others are left out."""
    wanted = {person_id for person_id in person_ids if person_id is not None}
    names: dict[UUID, str] = {}
    for table in (FocalPoint, Coordinator):
        rows = session.exec(
            select(table.person_id, table.name).where(col(table.person_id).in_(wanted))
        )
        names.update((person_id, name) for person_id, name in rows)
    return names
