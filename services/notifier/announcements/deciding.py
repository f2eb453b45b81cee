"""Deciding: an announcement goes its way at once, or waits for a second person who lets it go.

Who approves is never who wrote. The readers are counted anew each time, as people come and go.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from services.notifier import notices
from services.notifier.announcements import permissions, readers, record, withdrawing
from services.notifier.announcements.writing import content_of, subject_of
from services.notifier.audiences import person
from services.notifier.notices import Happening
from services.notifier.tables import Announcement, Coordinator, Delivery, Group
from services.notifier.vocabulary import AnnouncementAct, AnnouncementState, NoticeKind
from shared.etags import require_version
from shared.ids import new_id
from shared.problems import NOT_ALLOWED_NOW, Problem


def submit(
    session: Session,
    announcement: Announcement,
    version: int,
    *,
    by: UUID,
    limit: int,
    now: datetime,
) -> list[UUID]:
    """Let a draft go its way; return e-mails to coordinators who are asked to approve it.

    It is scheduled when it reaches ``limit`` readers or fewer, else it waits. Raises ``Problem``:
    412 when it is not at ``version`` any more, 409 when it is no draft or reaches nobody. The
    announcement must be locked.
    """
    require_version(announcement.version, version)
    record.require(announcement, AnnouncementAct.SUBMITTED)
    announcement.recipients = readers.number(session, announcement.group_id, now)
    if not announcement.recipients:
        raise Problem(
            NOT_ALLOWED_NOW,
            "Nobody would get it: GET /announcements/{id}/recipients says why.",
        )
    waits = announcement.recipients > limit
    to = AnnouncementState.WAITING if waits else AnnouncementState.SCHEDULED
    record.go(session, announcement, AnnouncementAct.SUBMITTED, by, now, to=to)
    return ask_for_approval(session, announcement, now) if waits else []


def approve(
    session: Session, announcement: Announcement, version: int, *, by: UUID, now: datetime
) -> None:
    """Let an announcement go that waits for it; raise ``Problem`` for one's own (403).

    412 when it is not at ``version`` any more, 409 when it waits for nothing.
    """
    permissions.require_second_person(session, by, announcement)
    require_version(announcement.version, version)
    record.require(announcement, AnnouncementAct.APPROVED)
    announcement.recipients = readers.number(session, announcement.group_id, now)
    announcement.approved_by = by
    record.go(session, announcement, AnnouncementAct.APPROVED, by, now)
    notices.take_back(session, subject_of(announcement.id), now)


def refuse(
    session: Session,
    announcement: Announcement,
    version: int,
    *,
    by: UUID,
    reason: str,
    now: datetime,
) -> None:
    """Give an announcement back to its author, who may change it; raise ``Problem`` likewise."""
    permissions.require_second_person(session, by, announcement)
    require_version(announcement.version, version)
    record.go(session, announcement, AnnouncementAct.REFUSED, by, now, reason=reason)
    notices.take_back(session, subject_of(announcement.id), now)


def cancel(
    session: Session, announcement: Announcement, *, by: UUID, reason: str | None, now: datetime
) -> None:
    """Stop what has not left yet; doing it again changes nothing.

    What is on the wire at this moment still arrives, and counts as sent. Raises ``Problem`` (409)
    when all of it has gone out. The announcement must be locked.
    """
    if announcement.state is AnnouncementState.CANCELLED:
        return
    announcement.finished_at = now
    record.go(session, announcement, AnnouncementAct.CANCELLED, by, now, reason=reason)
    notices.take_back(session, subject_of(announcement.id), now)
    which = col(Delivery.announcement_id) == announcement.id
    withdrawing.cancel(session, which, withdrawing.CANCELLED, now)


def ask_for_approval(session: Session, announcement: Announcement, now: datetime) -> list[UUID]:
    """Tell the coordinators who may approve the announcement; return their e-mails."""
    wrote = permissions.writers(session, announcement)
    asked = [each for each in session.exec(select(Coordinator.person_id)) if each not in wrote]
    said = content_of(announcement)
    group = session.get(Group, announcement.group_id)
    happening = Happening(
        kind=NoticeKind.ANNOUNCEMENT_WAITING,
        event_id=new_id(),
        subject=subject_of(announcement.id),
        occurred_at=now,
        facts={
            "announcement_id": str(announcement.id),
            "subject": said.texts[said.language].subject,
            "text": said.texts[said.language].text,
            "language": said.language,
            "recipients": announcement.recipients,
        },
        targets=(),
        group_id=announcement.group_id,
        group_title=group.title if group else None,
        concerns=tuple(person(each) for each in sorted(asked)),
        at_once=True,
    )
    return list(notices.record(session, happening, now).deliveries)
