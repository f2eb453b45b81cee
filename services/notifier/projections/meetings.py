"""The news of meetings."""

from sqlmodel import Session

from services.notifier import targets
from services.notifier.projections.telling import is_open, tell
from services.notifier.vocabulary import NoticeKind
from shared.events.catalogue import (
    MeetingRecorded,
)
from shared.events.envelope import Event


def meeting_recorded(session: Session, event: Event, data: MeetingRecorded) -> None:
    """Tell the readers of each of its groups of the meeting; the convenor's readers too.

    Not when one of its groups is hidden: the notice names them all.
    """
    if not all(is_open(session, group.group_id) for group in data.groups):
        return
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
