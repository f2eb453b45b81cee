"""The files of updates and of meetings, as other modules show and tell them."""

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
        if attachment.update_id is not None:
            found.setdefault(attachment.update_id, []).append(attachment)
    return found


def documents_of(session: Session, meeting_ids: Iterable[UUID]) -> dict[UUID, list[Attachment]]:
    """Return the files of each meeting that has any, in the order in which they came."""
    found: dict[UUID, list[Attachment]] = {}
    for attachment in session.exec(
        select(Attachment)
        .where(
            col(Attachment.meeting_id).in_(set(meeting_ids)), col(Attachment.removed_at).is_(None)
        )
        .order_by(col(Attachment.id))
    ):
        if attachment.meeting_id is not None:
            found.setdefault(attachment.meeting_id, []).append(attachment)
    return found


def facts_of(session: Session, update_id: UUID) -> list[AttachmentFacts]:
    """Return what is told of the files of an update."""
    return told(attachments_of(session, [update_id]).get(update_id, []))


def told(files: Iterable[Attachment]) -> list[AttachmentFacts]:
    """Return how events describe files."""
    return [
        AttachmentFacts(
            attachment_id=attachment.id,
            name=attachment.name,
            media_type=attachment.media_type,
            size=attachment.size,
        )
        for attachment in files
    ]
