"""People in answers."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import Field

from shared.text import Output


class PersonOut(Output):
    """A person, by id and name."""

    id: UUID
    name: str | None = Field(
        description="Null when they have no role at the registry any more.", examples=["Ana Souza"]
    )


def person_out(person_id: UUID | None, names: Mapping[UUID, str]) -> PersonOut | None:
    """Return the person as they are answered; ``None`` where nobody acted."""
    return PersonOut(id=person_id, name=names.get(person_id)) if person_id else None
