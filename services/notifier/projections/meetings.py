"""Meetings and who is invited, and the news of them."""

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col

from services.notifier import targets
from services.notifier.projections.telling import tell
from services.notifier.tables import Invitation, Meeting, MeetingGroup
from services.notifier.vocabulary import NoticeKind
from shared.events.catalogue import (
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
)
from shared.events.envelope import Event

MeetingEvent = (
    MeetingScheduled
    | MeetingUpdated
    | MeetingRescheduled
    | MeetingCancelled
    | MeetingHeld
    | MeetingSeatGiven
    | MeetingDocumentsChanged
)


def meeting_recorded(session: Session, event: Event, data: MeetingRecorded) -> None:
    """Tell the readers of each of its groups of the meeting; the convenor's readers too.

    The notice names all its groups, so only they hear who see each.
    """
    themes = {group.theme_slug for group in data.groups}
    only = data.groups[0] if len(data.groups) == 1 else None
    tell(
        session,
        event,
        NoticeKind.MEETING_RECORDED,
        targets=(
            *(targets.theme(slug) for slug in sorted(themes)),
            *(targets.group(group.group_id) for group in data.groups),
            *([targets.institution(data.convenor_id)] if data.convenor_id else []),
        ),
        theme_slug=themes.pop() if len(themes) == 1 else None,
        group_id=only.group_id if only else None,
        group_title=only.title if only else None,
    )


def meeting_known(session: Session, event: Event, data: MeetingEvent) -> None:
    """Keep the meeting."""
    _keep(session, data.meeting, event.time)


def meeting_invited(session: Session, event: Event, data: MeetingInvited) -> None:
    """Keep the meeting and the invitation to it."""
    _keep(session, data.meeting, event.time)
    _keep_invitation(session, data, event.time, stands=True)


def meeting_uninvited(session: Session, event: Event, data: MeetingUninvited) -> None:
    """Keep the meeting and that the invitation was taken back."""
    _keep(session, data.meeting, event.time)
    _keep_invitation(session, data, event.time, stands=False)


def meeting_replied(session: Session, event: Event, data: MeetingReplied) -> None:
    """Keep the reply to the invitation."""
    kept = session.get(Invitation, data.invitation_id)
    if kept is None or (kept.replied_at is not None and kept.replied_at > event.time):
        return
    kept.reply, kept.replied_at = data.reply, event.time
    session.add(kept)


def _keep(session: Session, facts: MeetingFacts, at: datetime) -> None:
    kept = session.get(Meeting, facts.meeting_id)
    if kept is not None and kept.version >= facts.version:
        return
    is_moved = kept is None or facts.sequence > kept.sequence
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
        )
    )
    of_meeting = col(MeetingGroup.meeting_id) == facts.meeting_id
    session.execute(delete(MeetingGroup).where(of_meeting))
    session.add_all(
        MeetingGroup(meeting_id=facts.meeting_id, group_id=group_id)
        for group_id in dict.fromkeys(group.group_id for group in facts.groups)
    )


def _keep_invitation(
    session: Session, data: MeetingInvited | MeetingUninvited, at: datetime, *, stands: bool
) -> None:
    kept = session.get(Invitation, data.invitation_id)
    if kept is None:
        kept = Invitation(
            id=data.invitation_id,
            meeting_id=data.meeting.meeting_id,
            person_id=data.person_id,
            institution_id=data.institution_id,
            stands=stands,
            stood_at=at,
        )
    elif kept.stood_at <= at:
        kept.stands, kept.stood_at = stands, at
    session.add(kept)
