"""Writing: the texts of an announcement, in one language or several."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.notifier import notices
from services.notifier.announcements import readers, record
from services.notifier.mail.announcement_messages import is_too_long
from services.notifier.mail.headers import SUBJECT_LENGTH
from services.notifier.tables import Announcement
from services.notifier.vocabulary import AnnouncementAct
from shared.etags import require_version
from shared.problems import incorrect

SUBJECT_CHARACTERS = SUBJECT_LENGTH
TEXT_CHARACTERS = 20_000
SUBJECT = "announcements"
LATEST = timedelta(days=366)
"""How long beforehand one may schedule."""


@dataclass(frozen=True)
class Text:
    """What an announcement says in one language: a subject line, and Markdown."""

    subject: str
    text: str


@dataclass(frozen=True)
class Content:
    """What is announced, to which group and when; ``language`` is for readers of other ones."""

    group_id: UUID
    texts: Mapping[str, Text]
    language: str
    send_at: datetime | None = None


def subject_of(announcement_id: UUID) -> str:
    """Return by what e-mails and notices about the announcement are found."""
    return f"{SUBJECT}/{announcement_id}"


def draft(session: Session, content: Content, author_id: UUID, now: datetime) -> Announcement:
    """Return a new announcement, which goes to nobody yet; raise ``Problem`` (422) for a bad one.

    Whether the author may announce something to the group is asked before.
    """
    _check(content, now)
    announcement = Announcement(
        group_id=content.group_id,
        author_id=author_id,
        texts=_kept(content),
        language=content.language,
        send_at=content.send_at,
        recipients=readers.number(session, content.group_id, now),
        created_at=now,
        progressed_at=now,
    )
    record.note(session, announcement, AnnouncementAct.DRAFTED, author_id, now)
    return announcement


def change(
    session: Session,
    announcement: Announcement,
    changes: Mapping[str, Any],
    version: int,
    *,
    by: UUID,
    now: datetime,
) -> None:
    """Change what ``changes`` names, as long as nothing goes out; it is a draft then.

    An approval is taken back. Raises ``Problem``: 409 when it goes out or is over, 412 when it is
    not at ``version`` any more, 422 for a bad one. The announcement must be locked.
    """
    require_version(announcement.version, version)
    record.require(announcement, AnnouncementAct.CHANGED)
    content = replace(content_of(announcement), **changes)
    _check(content, now)
    announcement.group_id = content.group_id
    announcement.texts = _kept(content)
    announcement.language = content.language
    announcement.send_at = content.send_at
    announcement.approved_by = None
    announcement.recipients = readers.number(session, content.group_id, now)
    record.go(session, announcement, AnnouncementAct.CHANGED, by, now)
    notices.take_back(session, subject_of(announcement.id), now)


def content_of(announcement: Announcement) -> Content:
    """Return what the announcement says."""
    return Content(
        group_id=announcement.group_id,
        texts={language: Text(**said) for language, said in announcement.texts.items()},
        language=announcement.language,
        send_at=announcement.send_at,
    )


def _kept(content: Content) -> dict[str, dict[str, str]]:
    return {
        language: {"subject": said.subject, "text": said.text}
        for language, said in content.texts.items()
    }


def _check(content: Content, now: datetime) -> None:
    if content.language not in content.texts:
        raise incorrect(
            "/language", "Choose a language that you wrote it in: readers of others get that text."
        )
    for language, said in content.texts.items():
        if is_too_long(said.subject, said.text, language):
            raise incorrect(
                f"/texts/{language}/text",
                "This is too long for an e-mail that every mail program shows whole: shorten it.",
            )
    # Compared before it is changed to UTC, where the first and last days have no place.
    if content.send_at is not None and not now < content.send_at <= now + LATEST:
        raise incorrect("/send_at", "Name a time to come, within a year, or leave it out.")
