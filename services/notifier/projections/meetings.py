"""Meetings and who is invited, and the news of them."""

from datetime import UTC, datetime
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import delete
from sqlmodel import Session, col

from services.notifier import audiences, targets
from services.notifier.projections.telling import tell
from services.notifier.tables import Invitation, Meeting, MeetingGroup
from services.notifier.vocabulary import NoticeKind
from shared.events.catalogue import (
    AgreedPointRecorded,
    GroupRef,
    MeetingCancelled,
    MeetingDocumentsChanged,
    MeetingFacts,
    MeetingHeld,
    MeetingInvited,
    MeetingRecorded,
    MeetingReplied,
    MeetingRescheduled,
    MeetingScheduled,
    MeetingSeatGiven,
    MeetingUninvited,
    MeetingUpdated,
    MinutesAgreed,
)
from shared.events.envelope import Event

MeetingChange = MeetingUpdated | MeetingHeld | MeetingSeatGiven | MeetingDocumentsChanged

_NEWS = {
    MeetingScheduled: NoticeKind.MEETING_SCHEDULED,
    MeetingRescheduled: NoticeKind.MEETING_RESCHEDULED,
    MeetingCancelled: NoticeKind.MEETING_CANCELLED,
}


def meeting_recorded(session: Session, event: Event, data: MeetingRecorded) -> None:
    """Tell the readers of each of its groups of the meeting; the convenor's readers too.

    The notice names all its groups, so only they hear who see each.
    """
    tell_groups(session, event, NoticeKind.MEETING_RECORDED, data.groups, data.convenor_id)


def minutes_agreed(session: Session, event: Event, data: MinutesAgreed) -> None:
    """Tell the readers of its groups that minutes can be read."""
    tell_groups(session, event, NoticeKind.MINUTES_AGREED, data.groups)


def meeting_called(
    session: Session, event: Event, data: MeetingScheduled | MeetingRescheduled | MeetingCancelled
) -> None:
    """Keep the meeting and tell the readers of its groups of its time, or that it is cancelled."""
    keep(session, data.meeting, event.time)
    meeting = data.meeting
    tell_groups(session, event, _NEWS[type(data)], meeting.groups, meeting.convenor_id)


def meeting_known(session: Session, event: Event, data: MeetingChange) -> None:
    """Keep the meeting."""
    keep(session, data.meeting, event.time)


def meeting_invited(session: Session, event: Event, data: MeetingInvited) -> None:
    """Keep the meeting and the invitation to it, and tell the invited at once."""
    keep(session, data.meeting, event.time)
    invited = (data.meeting.meeting_id, data.person_id, data.institution_id)
    keep_invitation(session, *invited, at=event.time, stands=True)
    tell_invited(session, event, data.person_id, data.institution_id)


def meeting_uninvited(session: Session, event: Event, data: MeetingUninvited) -> None:
    """Keep the meeting and that the invitation was taken back."""
    keep(session, data.meeting, event.time)
    invited = (data.meeting.meeting_id, data.person_id, data.institution_id)
    keep_invitation(session, *invited, at=event.time, stands=False)


def meeting_replied(session: Session, event: Event, data: MeetingReplied) -> None:
    """Keep the reply to the invitation."""
    invited = (data.meeting_id, data.person_id, data.institution_id)
    keep_reply(session, *invited, reply=data.reply, at=event.time)


def tell_groups(
    session: Session,
    event: Event,
    kind: NoticeKind,
    groups: list[GroupRef] | tuple[GroupRef, ...],
    convenor_id: UUID | None = None,
) -> None:
    """Tell the readers of all of these groups, who see each of them."""
    themes = {group.theme_slug for group in groups}
    only = groups[0] if len(groups) == 1 else None
    tell(
        session,
        event,
        kind,
        targets=(
            *(targets.theme(slug) for slug in sorted(themes)),
            *(targets.group(group.group_id) for group in groups),
            *([targets.institution(convenor_id)] if convenor_id else []),
        ),
        theme_slug=themes.pop() if len(themes) == 1 else None,
        group_id=only.group_id if only else None,
        group_title=only.title if only else None,
    )


def tell_invited(
    session: Session, event: Event, person_id: UUID | None, institution_id: UUID | None
) -> None:
    """Tell the invited person, or those who speak for the invited institution, at once."""
    invited = (
        *([audiences.person(person_id)] if person_id else []),
        *([audiences.speakers(institution_id)] if institution_id else []),
    )
    kind = NoticeKind.MEETING_INVITED
    tell(session, event, kind, targets=(), concerns=invited, at_once=True)


def keep(session: Session, facts: MeetingFacts, at: datetime) -> None:
    """Keep the meeting unless it is known in this version or a newer one."""
    kept = session.get(Meeting, facts.meeting_id)
    if kept is not None and kept.version >= facts.version:
        return
    is_moved = kept is None or facts.sequence > kept.sequence
    begins = facts.occurrence
    session.merge(
        Meeting(
            id=facts.meeting_id,
            title=facts.title,
            status=facts.status,
            begins_at=facts.begins_at,
            ends_at=facts.ends_at,
            time_zone=facts.time_zone,
            mode=facts.mode,
            place=facts.place,
            link=facts.link,
            convenor_id=facts.convenor_id,
            sequence=facts.sequence,
            moved_at=at if is_moved or kept is None else kept.moved_at,
            told_at=at,
            version=facts.version,
            series_id=facts.series_id,
            occurrence=at_clock(begins, facts.time_zone) if begins else None,
        )
    )
    keep_groups(session, facts.meeting_id, facts.groups)


def keep_groups(session: Session, meeting_id: UUID, groups: list[GroupRef]) -> None:
    """Keep to which groups the meeting belongs."""
    session.execute(delete(MeetingGroup).where(col(MeetingGroup.meeting_id) == meeting_id))
    session.add_all(
        MeetingGroup(meeting_id=meeting_id, group_id=group_id)
        for group_id in dict.fromkeys(group.group_id for group in groups)
    )


def keep_invitation(
    session: Session,
    meeting_id: UUID,
    person_id: UUID | None,
    institution_id: UUID | None,
    *,
    at: datetime,
    stands: bool,
) -> None:
    """Keep that somebody is invited, or is no more; what is older changes nothing."""
    invitation_id = _invitation_id(meeting_id, person_id, institution_id)
    kept = session.get(Invitation, invitation_id)
    if kept is None:
        kept = Invitation(
            id=invitation_id,
            meeting_id=meeting_id,
            person_id=person_id,
            institution_id=institution_id,
            stands=stands,
            stood_at=at,
        )
    elif kept.stood_at <= at:
        kept.stands, kept.stood_at = stands, at
    session.add(kept)


def keep_reply(
    session: Session,
    meeting_id: UUID,
    person_id: UUID | None,
    institution_id: UUID | None,
    *,
    reply: str,
    at: datetime,
) -> None:
    """Keep what the invited replied; what is older changes nothing."""
    kept = session.get(Invitation, _invitation_id(meeting_id, person_id, institution_id))
    if kept is None or (kept.replied_at is not None and kept.replied_at > at):
        return
    kept.reply, kept.replied_at = reply, at
    session.add(kept)


def at_clock(shown: datetime, time_zone: str) -> datetime:
    """Return the moment at which clocks of the zone show that time."""
    return shown.replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def _invitation_id(meeting_id: UUID, person_id: UUID | None, institution_id: UUID | None) -> UUID:
    """Return a key of who is invited to what: an invitation to a series names no ids."""
    return uuid5(meeting_id, str(person_id or institution_id))


def agreed_point_recorded(session: Session, event: Event, data: AgreedPointRecorded) -> None:
    """Tell the readers of its groups what was agreed."""
    tell_groups(session, event, NoticeKind.AGREED_POINT_RECORDED, data.point.groups)
