"""The news of updates and of what is said to them."""

from uuid import UUID

from sqlmodel import Session

from services.notifier import audiences, notices, targets
from services.notifier.audiences import Audience
from services.notifier.projections.telling import tell
from services.notifier.vocabulary import NoticeKind
from shared.columns import utc_now
from shared.events.catalogue import (
    CommentPosted,
    CommentWithdrawn,
    UpdatePosted,
    UpdateWithdrawn,
)
from shared.events.envelope import Event


def update_posted(session: Session, event: Event, data: UpdatePosted) -> None:
    """Tell readers of the update, and who is mentioned in it at once."""
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
        concerns=_mentioned(data.mentioned_people, data.mentioned_institutions),
        at_once=True,
    )


def update_withdrawn(session: Session, event: Event, _data: UpdateWithdrawn) -> None:
    """Tell nobody of the update, or of what was said to it, who was not told yet."""
    notices.take_back(session, event.subject, utc_now())


def comment_posted(session: Session, event: Event, data: CommentPosted) -> None:
    """Tell the readers of the group of the comment, and who is mentioned in it at once."""
    tell(
        session,
        event,
        NoticeKind.COMMENT_POSTED,
        subject=_subject(data.update_id, data.comment_id),
        targets=(targets.group(data.group_id),),
        theme_slug=data.theme_slug,
        group_id=data.group_id,
        group_title=data.group_title,
        concerns=_mentioned(data.mentioned_people, data.mentioned_institutions),
        at_once=True,
    )


def comment_withdrawn(session: Session, _event: Event, data: CommentWithdrawn) -> None:
    """Tell nobody of the comment who was not told yet."""
    notices.take_back(session, _subject(data.update_id, data.comment_id), utc_now())


def _mentioned(people: list[UUID], institutions: list[UUID]) -> tuple[Audience, ...]:
    return (*map(audiences.person, people), *map(audiences.speakers, institutions))


def _subject(update_id: UUID, comment_id: UUID) -> str:
    """Return the place of a comment below its update, with which it is taken back."""
    return f"updates/{update_id}/comments/{comment_id}"
