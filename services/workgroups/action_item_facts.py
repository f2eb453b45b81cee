"""What events tell of an action item."""

from sqlmodel import Session

from services.workgroups import groups
from services.workgroups.action_item_people import people_of
from services.workgroups.institutions import UNNAMED, names_of
from services.workgroups.tables import ActionItem, Group
from shared.events.catalogue import ActionFacts


def facts(session: Session, item: ActionItem) -> ActionFacts:
    """Return the action item as events tell of it."""
    group = session.get_one(Group, item.group_id)
    institution = names_of(session, [item.institution_id]).get(item.institution_id, UNNAMED)
    return ActionFacts.model_validate(
        {
            **item.model_dump(),
            "action_item_id": item.id,
            "group_title": group.title,
            "theme_slug": groups.theme_of(session, group).slug,
            "time_zone": group.time_zone,
            "institution_name": institution.name or "",
            "institution_acronym": institution.acronym,
            "person_ids": people_of(session, [item.id])[item.id],
        }
    )


def path_of(item: ActionItem) -> str:
    """Return how events name the action item."""
    return f"action-items/{item.id}"
