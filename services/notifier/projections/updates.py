"""The news of updates."""

from sqlmodel import Session

from services.notifier import targets
from services.notifier.projections.telling import tell
from services.notifier.vocabulary import NoticeKind
from shared.events.catalogue import (
    UpdatePosted,
)
from shared.events.envelope import Event


def update_posted(session: Session, event: Event, data: UpdatePosted) -> None:
    """Tell readers of the update."""
    tell(
        session,
        event,
        NoticeKind.UPDATE_POSTED,
        targets=(
            targets.theme(data.theme_slug),
            targets.group(data.group_id),
            targets.institution(data.institution_id),
            targets.update_kind(data.kind),
        ),
        theme_slug=data.theme_slug,
        group_id=data.group_id,
        group_title=data.group_title,
    )
