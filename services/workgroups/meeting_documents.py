"""Documents of meetings: attachments that whoever sees the meeting may fetch.

What they take is counted among the files of the meeting's first group.
"""

from uuid import UUID

from sqlmodel import Session

from services.workgroups import attached_files, groups, meeting_plans, meetings
from services.workgroups.attachment_store import AttachmentStore, digest_of, hold
from services.workgroups.attachments import File, no_such_attachment, require_room, too_many
from services.workgroups.settings import Settings
from services.workgroups.tables import Attachment, Meeting
from shared.columns import utc_now
from shared.events.catalogue import MeetingDocumentsChanged
from shared.outbox import publish

PER_MEETING = 20
"""How many documents a meeting has at most."""


def attach(
    session: Session,
    store: AttachmentStore,
    settings: Settings,
    meeting: Meeting,
    file: File,
    *,
    by: UUID,
) -> tuple[Attachment, bool]:
    """Add a document to a meeting that is held with its first group locked; tell whether it is new.

    What is there already stays as it is. Raises a Problem: 409 when there is no room left, 503 when
    the store doesn't take the file.
    """
    there = attached_files.documents_of(session, [meeting.id]).get(meeting.id, [])
    for attachment in there:
        if attachment.digest == digest_of(file.content):
            return attachment, False
    if len(there) >= PER_MEETING:
        raise too_many("meeting", PER_MEETING)
    group = meetings.groups_of(session, [meeting.id])[meeting.id][0]
    require_room(session, settings, group, len(file.content))
    hold(session, digest_of(file.content))
    attachment = Attachment(
        meeting_id=meeting.id,
        group_id=group.id,
        name=file.name,
        media_type=file.media_type,
        size=len(file.content),
        digest=store.put(file.content),
        added_by=by,
    )
    session.add(attachment)
    session.flush()
    _tell(session, meeting, [each.name for each in there], by)
    return attachment, True


def remove(session: Session, meeting: Meeting, attachment: Attachment, by: UUID) -> None:
    """Take a document from a meeting that is held; a Problem (404) when it is gone already."""
    session.refresh(attachment)
    if attachment.removed_at is not None:
        raise no_such_attachment()
    there = attached_files.documents_of(session, [meeting.id])[meeting.id]
    attachment.removed_at = utc_now()
    attachment.removed_by = by
    session.add(attachment)
    session.flush()
    _tell(session, meeting, [each.name for each in there], by)


def lock_first_group(session: Session, meeting_id: UUID) -> None:
    """Let nobody else count the files of the meeting's first group until the transaction ends."""
    # Before any group is held: two that hold it would wait for each other to let go.
    groups.lock(session, meetings.group_ids_of(session, meeting_id)[0])


def _tell(session: Session, meeting: Meeting, before: list[str], by: UUID) -> None:
    meeting_plans.keep_documents(session, meeting, before=before, by=by)
    there = attached_files.documents_of(session, [meeting.id]).get(meeting.id, [])
    publish(
        session,
        MeetingDocumentsChanged(
            meeting=meetings.facts_of(session, meeting), documents=attached_files.told(there)
        ),
        subject=meetings.subject_of(meeting),
    )
