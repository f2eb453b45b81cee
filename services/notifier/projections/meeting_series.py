"""Series of meetings: what is told of many meetings at once, kept for each of them."""

from sqlmodel import Session

from services.notifier.projections.meetings import (
    at_clock,
    keep_groups,
    keep_invitation,
    keep_reply,
    tell_groups,
    tell_invited,
)
from services.notifier.tables import Meeting
from services.notifier.vocabulary import NoticeKind
from shared.events.catalogue import (
    MeetingSeriesEnded,
    MeetingSeriesInvited,
    MeetingSeriesReplied,
    MeetingSeriesRescheduled,
    MeetingSeriesScheduled,
    MeetingSeriesUninvited,
    MeetingSeriesUpdated,
)
from shared.events.envelope import Event
from shared.events.meeting_series import OccurrenceFacts, SeriesEvent

_NEWS = {
    MeetingSeriesScheduled: NoticeKind.MEETING_SCHEDULED,
    MeetingSeriesRescheduled: NoticeKind.MEETING_RESCHEDULED,
    MeetingSeriesEnded: NoticeKind.MEETING_CANCELLED,
}


def series_called(
    session: Session,
    event: Event,
    data: MeetingSeriesScheduled | MeetingSeriesRescheduled | MeetingSeriesEnded,
) -> None:
    """Keep the meetings and tell the readers of their groups of all of them in one notice."""
    _keep_all(session, event, data)
    groups, convenor_id = data.series.groups, data.series.convenor_id
    tell_groups(session, event, _NEWS[type(data)], groups, convenor_id)


def series_updated(session: Session, event: Event, data: MeetingSeriesUpdated) -> None:
    """Keep the meetings."""
    _keep_all(session, event, data)


def series_invited(session: Session, event: Event, data: MeetingSeriesInvited) -> None:
    """Keep the meetings and the invitations to them, and tell the invited at once."""
    _keep_all(session, event, data)
    for one in data.occurrences:
        invited = (one.meeting_id, data.person_id, data.institution_id)
        keep_invitation(session, *invited, at=event.time, stands=True)
    tell_invited(session, event, data.person_id, data.institution_id)


def series_uninvited(session: Session, event: Event, data: MeetingSeriesUninvited) -> None:
    """Keep that the invitations were taken back."""
    for one in data.occurrences:
        invited = (one.meeting_id, data.person_id, data.institution_id)
        keep_invitation(session, *invited, at=event.time, stands=False)


def series_replied(session: Session, event: Event, data: MeetingSeriesReplied) -> None:
    """Keep the reply to all of the meetings."""
    for one in data.occurrences:
        invited = (one.meeting_id, data.person_id, data.institution_id)
        keep_reply(session, *invited, reply=data.reply, at=event.time)


def _keep_all(session: Session, event: Event, data: SeriesEvent) -> None:
    for one in data.occurrences:
        _keep(session, event, data, one)


def _keep(session: Session, event: Event, data: SeriesEvent, one: OccurrenceFacts) -> None:
    kept = session.get(Meeting, one.meeting_id)
    # A series has no versions of its meetings, so what was told later counts.
    if kept is not None and kept.told_at >= event.time:
        return
    series = data.series
    is_moved = kept is None or one.sequence > kept.sequence
    session.merge(
        Meeting(
            id=one.meeting_id,
            title=series.title,
            status=one.status,
            begins_at=one.begins_at,
            ends_at=one.ends_at,
            time_zone=series.time_zone,
            mode=series.mode,
            place=series.place,
            link=series.link,
            convenor_id=series.convenor_id,
            sequence=one.sequence,
            moved_at=event.time if is_moved or kept is None else kept.moved_at,
            told_at=event.time,
            version=kept.version if kept is not None else 0,
            series_id=series.series_id,
            occurrence=at_clock(one.occurrence, series.time_zone),
        )
    )
    keep_groups(session, one.meeting_id, series.groups)
