"""How action items are shown."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlmodel import Session, col, select

from services.workgroups import support
from services.workgroups.action_item_people import names_of_people, people_of
from services.workgroups.action_item_permissions import groups_from_within
from services.workgroups.action_item_support import support_of
from services.workgroups.due_dates import is_overdue
from services.workgroups.institutions import UNNAMED, names_of
from services.workgroups.support import Side
from services.workgroups.tables import ActionItem, Group, Support
from services.workgroups.transitions import State
from shared.columns import utc_now
from shared.events.catalogue import ActionPriority
from shared.identity import Caller
from shared.text import Output

TITLE = "List the training that members offer"
RESULT = "The list of 140 courses is online and members keep it current."


class PersonOut(Output):
    """A person of a group."""

    id: UUID
    name: str | None = Field(
        description="Null for who speaks for no institution.", examples=["Ana Souza"]
    )


class SupportOut(Output):
    """A need or an offer."""

    id: UUID
    title: str = Field(examples=["Teachers online"])
    state: str = Field(examples=["published"])


class ActionItemOut(Output):
    """Who answers for what until when."""

    id: UUID
    group_id: UUID
    group_title: str = Field(examples=["Digital transformation follow-up group"])
    number: int = Field(description="Its number within the group, from 1.", examples=[3])
    title: str = Field(examples=[TITLE])
    description: str | None
    institution_id: UUID
    institution_name: str | None = Field(examples=["United Nations Volunteers"])
    institution_acronym: str | None = Field(examples=["UNV"])
    people: list[PersonOut] = Field(
        description="Who sees to it; shown to the group's own people and to coordinators."
    )
    priority: ActionPriority
    start_date: date | None
    due_date: date = Field(examples=["2021-03-31"])
    state: State
    overdue: bool = Field(
        description="Whether it is unfinished and its last day is over in the group's time zone."
    )
    reason: str | None = Field(description="Why it is blocked or was cancelled.")
    result: str | None = Field(description="What came of it.", examples=[RESULT])
    result_links: list[str]
    parent_id: UUID | None = Field(description="The action item that it is part of.")
    meeting_id: UUID | None
    agreed_point_id: UUID | None
    needs: list[SupportOut] = Field(description="Those that it is about and that you see.")
    offers: list[SupportOut] = Field(description="Those that it is about and that you see.")
    version: int = Field(description="Grows with each change; the ETag of this action item.")
    assigned_at: datetime
    updated_at: datetime
    finished_at: datetime | None


def action_items_shown(
    session: Session, caller: Caller | None, items: Sequence[ActionItem]
) -> list[ActionItemOut]:
    """Return the action items as the caller sees them."""
    now = utc_now()
    ids = [item.id for item in items]
    names = names_of(session, [item.institution_id for item in items])
    groups = {
        group.id: group
        for group in session.exec(
            select(Group).where(col(Group.id).in_({item.group_id for item in items}))
        )
    }
    people = people_shown(session, caller, items)
    about = support_of(session, ids)
    seen = support.seen(
        session,
        caller,
        [found for sides in about.values() for both in sides.values() for found in both],
    )
    return [
        ActionItemOut(
            **item.model_dump(exclude={"assigned_by", "due_soon_told_for", "overdue_told_for"}),
            group_title=groups[item.group_id].title,
            institution_name=names.get(item.institution_id, UNNAMED).name,
            institution_acronym=names.get(item.institution_id, UNNAMED).acronym,
            overdue=is_overdue(item.state, item.due_date, groups[item.group_id].time_zone, now),
            people=people[item.id],
            needs=_supports(seen, about[item.id][Side.NEED]),
            offers=_supports(seen, about[item.id][Side.OFFER]),
        )
        for item in items
    ]


def people_shown(
    session: Session, caller: Caller | None, items: Sequence[ActionItem]
) -> dict[UUID, list[PersonOut]]:
    """Return who sees to each action item, as far as the caller learns it."""
    within = groups_from_within(session, caller)
    found = people_of(session, [item.id for item in items if item.group_id in within])
    names = names_of_people(session, [person for people in found.values() for person in people])
    return {
        item.id: [PersonOut(id=person, name=names.get(person)) for person in found[item.id]]
        for item in items
    }


def _supports(seen: dict[UUID, Support], ids: Sequence[UUID]) -> list[SupportOut]:
    return [SupportOut.model_validate(seen[found]) for found in ids if found in seen]


def without_people(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the changes without those of who does what."""
    return {name: values for name, values in changes.items() if name != "person_ids"}
