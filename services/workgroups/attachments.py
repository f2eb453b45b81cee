"""Attachments: files of updates and meetings, whose objects are stored before their rows.

So a row always has its object. What a killed process left without a row, and what nobody refers to
any more, the calendar clears away.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, func, select

from services.workgroups import groups
from services.workgroups.attached_files import attachments_of
from services.workgroups.attachment_names import clean_name
from services.workgroups.attachment_store import AttachmentStore, digest_of, hold
from services.workgroups.attachment_types import TYPES
from services.workgroups.meeting_access import meeting_to_see
from services.workgroups.settings import Settings
from services.workgroups.tables import Attachment, Group, Update
from services.workgroups.update_permissions import may_look_back, update_to_see
from services.workgroups.update_records import tell_of_files
from shared.columns import utc_now
from shared.identity import Caller
from shared.problems import NOT_ALLOWED_NOW, NOT_FOUND, Problem

PER_UPDATE = 10
"""How many files an update has at most."""


@dataclass(frozen=True)
class File:
    """A checked file that is to be attached."""

    name: str
    media_type: str
    content: bytes


def checked(name: str, media_type: str, content: bytes) -> File:
    """Return a file in the form in which it is kept.

    Raises a Problem: 415 for a type that can't be attached, 422 when the content is none of that
    type.
    """
    known = TYPES[media_type]
    return File(clean_name(name, known.extensions), media_type, known.kept(content))


def attach(
    session: Session,
    store: AttachmentStore,
    settings: Settings,
    update: Update,
    file: File,
    *,
    by: UUID,
) -> tuple[Attachment, bool]:
    """Attach a file to an update, locked with its group; return it, and whether it is new.

    What is attached already stays as it is. Raises a Problem: 409 when the update is withdrawn, the
    group closed, or there is no room left, 503 when the store doesn't take the file.
    """
    group = session.get_one(Group, update.group_id)
    groups.require_active(group)
    _require_not_withdrawn(update)
    there = attachments_of(session, [update.id]).get(update.id, [])
    for attachment in there:
        if attachment.digest == digest_of(file.content):
            return attachment, False
    if len(there) >= PER_UPDATE:
        raise too_many("update", PER_UPDATE)
    require_room(session, settings, group, len(file.content))
    hold(session, digest_of(file.content))
    attachment = Attachment(
        update_id=update.id,
        group_id=group.id,
        name=file.name,
        media_type=file.media_type,
        size=len(file.content),
        digest=store.put(file.content),
        added_by=by,
    )
    session.add(attachment)
    session.flush()
    tell_of_files(session, update, by)
    return attachment, True


def remove(session: Session, update: Update, attachment: Attachment, by: UUID) -> None:
    """Take a file from an update of one's institution, which is locked.

    Raises a Problem (409) when the group is closed or the update withdrawn.
    """
    groups.require_active(groups.hold(session, update.group_id))
    _require_not_withdrawn(update)
    attachment.removed_at = utc_now()
    attachment.removed_by = by
    session.add(attachment)
    session.flush()
    tell_of_files(session, update, by)


def attachment_to_see(session: Session, caller: Caller | None, attachment_id: UUID) -> Attachment:
    """Return the attachment; a Problem (404) when there is none that the caller sees."""
    attachment = session.get(Attachment, attachment_id)
    if attachment is None or attachment.removed_at is not None:
        raise no_such_attachment()
    try:
        if attachment.meeting_id is not None:
            meeting_to_see(session, caller, attachment.meeting_id)
        if attachment.update_id is None:
            return attachment
        update = update_to_see(session, caller, attachment.update_id)
    except Problem:
        raise no_such_attachment() from None
    if update.state == "withdrawn" and not may_look_back(session, caller, update):
        raise no_such_attachment()
    return attachment


def no_such_attachment() -> Problem:
    """Return the Problem (404) for an attachment that is unknown or hidden from the caller."""
    return Problem(NOT_FOUND, "There is no attachment of that id that you may see.")


def _require_not_withdrawn(update: Update) -> None:
    if update.state == "withdrawn":
        raise Problem(NOT_ALLOWED_NOW, "This update is withdrawn: its files stay as they are.")


def too_many(kind: str, most: int) -> Problem:
    """Return the Problem (409) for another file where there are as many as may be."""
    return Problem(
        NOT_ALLOWED_NOW, f"This {kind} has {most} files, as many as may be. Remove one first."
    )


def require_room(session: Session, settings: Settings, group: Group, size: int) -> None:
    """Raise a Problem (409) when the files of the group would take too much; it is locked."""
    taken = session.exec(
        select(func.coalesce(func.sum(Attachment.size), 0)).where(
            Attachment.group_id == group.id, col(Attachment.removed_at).is_(None)
        )
    ).one()
    if taken + size > settings.max_attachment_bytes_of_group:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"The files of this group would take over "
            f"{settings.max_attachment_bytes_of_group // 1024 // 1024} MiB. Remove some first.",
        )
