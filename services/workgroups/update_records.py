"""The versions of updates that stay, and what events tell of them."""

from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.workgroups import groups
from services.workgroups.attached_files import facts_of
from services.workgroups.tables import Group, Institution, Update, UpdateVersion
from services.workgroups.update_content import content_of
from shared.columns import utc_now
from shared.events.catalogue import UpdateChanged
from shared.outbox import publish as publish_event


def record(
    session: Session, update: Update, action: str, by: UUID | None, reason: str | None = None
) -> None:
    """Keep the update as it is now as a version that stays."""
    session.flush()
    said = content_of(session, update).as_json()
    files = [file.model_dump(mode="json") for file in facts_of(session, update.id)]
    session.add(
        UpdateVersion(
            update_id=update.id,
            version=update.version,
            action=action,
            actor_id=by,
            reason=reason,
            said={**said, "pinned": update.pinned_at is not None, "attachments": files},
        )
    )


def tell_of_files(session: Session, update: Update, by: UUID) -> None:
    """Make a version for other files than before; of a draft nobody is told."""
    update.version += 1
    session.add(update)
    if update.state == "draft":
        session.flush()
        return
    update.edited_at = utc_now()
    record(session, update, "attach", by)
    told = UpdateChanged(**facts(session, update), changed=["attachments"])
    publish_event(session, told, subject=subject_of(update))


def facts(session: Session, update: Update) -> dict[str, Any]:
    """Return what events tell of the update."""
    group = session.get_one(Group, update.group_id)
    institution = session.get_one(Institution, update.institution_id)
    return {
        **vars(content_of(session, update)),
        "update_id": update.id,
        "group_id": group.id,
        "group_title": group.title,
        "theme_slug": groups.theme_of(session, group).slug,
        "institution_id": institution.id,
        "institution_name": institution.name,
        "institution_acronym": institution.acronym,
        "posted_by": update.posted_by,
        "attachments": facts_of(session, update.id),
        "update_version": update.version,
    }


def subject_of(update: Update) -> str:
    """Return the subject of the update's events."""
    return f"updates/{update.id}"
