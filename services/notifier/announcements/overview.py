"""Overview: what lists say of an announcement, on the command line and in answers."""

from typing import Any

from sqlmodel import Session

from services.notifier.announcements import going_out
from services.notifier.tables import Announcement, Group


def facts_of(session: Session, announcement: Announcement) -> dict[str, Any]:
    """Return what lists show of an announcement, with what became of its e-mails."""
    group = session.get(Group, announcement.group_id)
    return {
        "id": announcement.id,
        "group_id": announcement.group_id,
        "group_title": group.title if group else None,
        "author_id": announcement.author_id,
        "state": announcement.state,
        "subject": announcement.texts[announcement.language]["subject"],
        "languages": sorted(announcement.texts),
        "send_at": announcement.send_at,
        "recipients": announcement.recipients,
        "approved_by": announcement.approved_by,
        "deliveries": going_out.tally(session, announcement.id),
        "in_doubt": going_out.in_doubt(session, announcement.id),
        "version": announcement.version,
        "created_at": announcement.created_at,
        "finished_at": announcement.finished_at,
    }
