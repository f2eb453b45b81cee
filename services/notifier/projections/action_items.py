"""The news of action items."""

from sqlmodel import Session

from services.notifier import targets
from services.notifier.projections.telling import tell
from services.notifier.vocabulary import NoticeKind
from shared.events.catalogue import (
    ActionFacts,
    ActionItemAssigned,
    ActionItemChanged,
)
from shared.events.envelope import Event


def action_item_assigned(session: Session, event: Event, data: ActionItemAssigned) -> None:
    """Tell readers who answers for what."""
    _tell_of_action(session, event, NoticeKind.ACTION_ITEM_ASSIGNED, data.action)


def action_item_changed(session: Session, event: Event, data: ActionItemChanged) -> None:
    """Tell readers how an action item stands."""
    _tell_of_action(session, event, NoticeKind.ACTION_ITEM_CHANGED, data.action)


def _tell_of_action(session: Session, event: Event, kind: NoticeKind, action: ActionFacts) -> None:
    tell(
        session,
        event,
        kind,
        targets=(
            targets.theme(action.theme_slug),
            targets.group(action.group_id),
            targets.institution(action.institution_id),
        ),
        theme_slug=action.theme_slug,
        group_id=action.group_id,
        group_title=action.group_title,
    )
