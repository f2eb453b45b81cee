"""How the person behind a decision is shown."""

from collections.abc import Iterable
from uuid import UUID

from pydantic import Field
from sqlmodel import Session, col, select

from services.registry.tables import Person
from shared.text import Output


class Actor(Output):
    """Who took a step."""

    id: UUID
    name: str = Field(description="Empty once the person was erased.")


def actors(session: Session, person_ids: Iterable[UUID | None]) -> dict[UUID, Actor]:
    """Return those people by their id."""
    wanted = {person_id for person_id in person_ids if person_id is not None}
    return {
        person.id: Actor.model_validate(person)
        for person in session.exec(select(Person).where(col(Person.id).in_(wanted)))
    }
