"""What must be said to assign an action item, one by one or many in a file."""

from dataclasses import fields
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from services.workgroups.action_items import Terms
from services.workgroups.days import Day
from shared.events.catalogue import ActionPriority
from shared.text import Input, Prose, Title

_TERMS = tuple(field.name for field in fields(Terms))


def _each_once(ids: list[UUID]) -> list[UUID]:
    if len(set(ids)) != len(ids):
        raise PydanticCustomError("repeated", "Name each once.")
    return ids


People = Annotated[
    list[UUID],
    Field(max_length=20, description="Who sees to it: people of the accountable institution."),
    AfterValidator(_each_once),
]
Supports = Annotated[
    list[UUID], Field(max_length=20, description="What it is about, by its id at the registry.")
]


class NewActionItem(Input):
    """An action item to assign."""

    title: Title = Field(examples=["List the training that members offer"])
    description: Prose | None = None
    institution_id: UUID = Field(
        description="The member institution that answers for it.",
        examples=["018f4e2a-0000-7000-8000-000000000000"],
    )
    person_ids: People = []  # noqa: RUF012
    priority: ActionPriority = "normal"
    start_date: Day | None = None
    due_date: Day = Field(
        description="Its last day, in the group's time zone; it may be over already.",
        examples=["2021-03-31"],
    )
    parent_id: UUID | None = Field(None, description="The action item that it is part of.")
    meeting_id: UUID | None = Field(None, description="The group's meeting that it comes from.")
    agreed_point_id: UUID | None = Field(
        None, description="What that meeting agreed; it names the meeting too."
    )
    needs: Supports = []  # noqa: RUF012
    offers: Supports = []  # noqa: RUF012

    def terms(self) -> Terms:
        """Return all of it but whose it is."""
        return Terms(**{name: getattr(self, name) for name in _TERMS})
