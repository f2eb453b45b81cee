"""The files of updates, as other modules show and tell them."""

from collections.abc import Iterable
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups.tables import Attachment
from shared.events.catalogue import AttachmentFacts


def attachments_of(session: Session, update_ids: Iterable[UUID]) -> dict[UUID, list[Attachment]]:
    """Return the files of each update that has any, in the order in which they came."""
    found: dict[UUID, list[Attachment]] = {}
    for attachment in session.exec(
        select(Attachment)
        .where(col(Attachment.update_id).in_(set(update_ids)), col(Attachment.removed_at).is_(None))
        .order_by(col(Attachment.id))
    ):
        found.setdefault(attachment.update_id, []).append(attachment)
    return found


def facts_of(session: Session, update_id: UUID) -> list[AttachmentFacts]:
    """Return what is told of the files of an update."""
    return [
        AttachmentFacts(
            attachment_id=attachment.id,
            name=attachment.name,
            media_type=attachment.media_type,
            size=attachment.size,
        )
        for attachment in attachments_of(session, [update_id]).get(update_id, [])
    ]
