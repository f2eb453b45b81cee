"""Answers: did this person get an announcement, and if there was no e-mail, why."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from services.notifier import suppressions
from services.notifier.announcements import readers
from services.notifier.announcements.writing import SUBJECT
from services.notifier.tables import Announcement, Subscriber
from services.notifier.vocabulary import AnnouncementReader, AnnouncementState

_NOT_OUT = {
    AnnouncementState.DRAFT: "it is a draft",
    AnnouncementState.WAITING: "it waits for approval",
    AnnouncementState.SCHEDULED: "it is scheduled",
    AnnouncementState.REFUSED: "it was refused",
}

_REASONS: Mapping[AnnouncementReader | None, str] = {
    None: "the person neither belongs to the group nor follows it",
    AnnouncementReader.ENDED: "the person ended e-mails of the group",
    AnnouncementReader.CHOSE_NEVER: "the person chose never to get e-mails of the group",
    AnnouncementReader.PAUSED: "the person paused e-mails of the group",
    AnnouncementReader.MAY_NOT_SEE: "the group is hidden from this person",
}


def asked_about(session: Session, about: str) -> Announcement | None:
    """Return the announcement that a subject names: ``announcements/<id>``."""
    kind, _, number = about.partition("/")
    if kind != SUBJECT:
        return None
    try:
        return session.get(Announcement, UUID(number))
    except ValueError:
        return None


def subjects(session: Session, announcement_ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Return the subject line of each, in its language for readers of other ones."""
    if not announcement_ids:
        return {}
    return {
        each.id: each.texts[each.language]["subject"]
        for each in session.exec(
            select(Announcement).where(col(Announcement.id).in_(announcement_ids))
        )
    }


def why_not(
    session: Session, reader: Subscriber | None, announcement: Announcement, now: datetime
) -> str:
    """Return in a sentence why there is no e-mail of the announcement to the reader."""
    not_out = _NOT_OUT.get(announcement.state)
    if not_out is not None:
        return f"No e-mail yet: {not_out}."
    if reader is None:
        return "No e-mail, because the person follows nothing."
    found = readers.places(session, announcement.group_id, now, among=[reader.id])
    why = found[0].why if found else None
    if why is AnnouncementReader.SUPPRESSED:
        reasons = suppressions.among(session, [reader.email])
        return f"No e-mail, because {suppressions.in_words(reasons[reader.email])}."
    if why is not None and why.gets_it:
        return _came_late(announcement)
    return f"No e-mail, because {_REASONS[why]}."


def _came_late(announcement: Announcement) -> str:
    if announcement.state is AnnouncementState.SENDING and not announcement.all_made:
        return "No e-mail yet: it is going out."
    if announcement.state is AnnouncementState.CANCELLED:
        return "No e-mail, because the announcement was cancelled before there was one."
    return "No e-mail, because the person came to the group, or to follow it, after it went out."
