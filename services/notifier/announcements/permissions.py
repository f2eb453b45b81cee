"""What people may do with announcements: who writes to a group, and who approves it."""

from uuid import UUID

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.notifier import sight, standing
from services.notifier.permissions import is_coordinator
from services.notifier.standing import STEERING
from services.notifier.tables import Announcement, AnnouncementRecord, Group, Participant
from services.notifier.vocabulary import AnnouncementAct
from shared.problems import FORBIDDEN, NOT_FOUND, Problem, incorrect

WRITING = (AnnouncementAct.DRAFTED, AnnouncementAct.CHANGED, AnnouncementAct.SUBMITTED)
"""Whoever did one of these to an announcement doesn't approve it."""


def require_may_announce(session: Session, person_id: UUID, group_id: UUID) -> Group:
    """Return the group; raise ``Problem`` unless the person coordinates the platform or leads it.

    A group that the person may not see is none (422); in one that is seen and led by others it is
    not allowed (403).
    """
    group = session.get(Group, group_id)
    guard = sight.Guard(frozenset({group_id}))
    stand = standing.standings(session, [person_id])[person_id]
    if group is None or not sight.Hidden.of(session, [guard]).lets(guard, stand):
        raise incorrect("/group_id", "There is no group with this id.")
    if not stand.is_coordinator and group_id not in _led_by(session, person_id):
        raise Problem(
            FORBIDDEN,
            "Only who leads the group, or a coordinator of the platform, announces something to "
            "it: ask one of them.",
        )
    return group


def visible_to(session: Session, person_id: UUID) -> SelectOfScalar[Announcement]:
    """Return the query of the announcements that the person may see: of groups that they lead."""
    statement = select(Announcement)
    if is_coordinator(session, person_id):
        return statement
    return statement.where(col(Announcement.group_id).in_(_led_by(session, person_id)))


def found(
    session: Session, person_id: UUID, announcement_id: UUID, *, lock: bool = False
) -> Announcement:
    """Return the announcement; raise ``Problem`` (404) when the person may not see it."""
    statement = visible_to(session, person_id).where(col(Announcement.id) == announcement_id)
    if lock:
        statement = statement.with_for_update()
    announcement = session.exec(statement).one_or_none()
    if announcement is None:
        raise Problem(NOT_FOUND, "There is no announcement with this id that you may see.")
    return announcement


def require_second_person(session: Session, person_id: UUID, announcement: Announcement) -> None:
    """Raise ``Problem`` (403) unless the person coordinates the platform and wrote none of it."""
    if not is_coordinator(session, person_id):
        raise Problem(FORBIDDEN, "Only a coordinator of the platform decides this: ask one.")
    if person_id in writers(session, announcement):
        raise Problem(
            FORBIDDEN,
            "You wrote or submitted this announcement: ask another coordinator to decide.",
        )


def writers(session: Session, announcement: Announcement) -> set[UUID]:
    """Return everybody who wrote, changed or submitted the announcement."""
    acted = session.exec(
        select(AnnouncementRecord.by).where(
            AnnouncementRecord.announcement_id == announcement.id,
            col(AnnouncementRecord.act).in_(WRITING),
        )
    )
    return {announcement.author_id, *(each for each in acted if each is not None)}


def _led_by(session: Session, person_id: UUID) -> set[UUID]:
    return set(
        session.exec(
            select(Participant.group_id).where(
                Participant.person_id == person_id,
                col(Participant.role).in_(STEERING),
                col(Participant.suspended).is_(False),
            )
        )
    )
