"""Themes and groups, and the news of them."""

from sqlmodel import Session

from services.notifier import audiences, choices, targets
from services.notifier.projections.telling import tell
from services.notifier.tables import (
    Group,
    Theme,
)
from services.notifier.vocabulary import NoticeKind
from shared.columns import utc_now
from shared.events.catalogue import (
    GroupCreated,
    GroupDormancySuggested,
    GroupFacts,
    GroupLeftWithoutCoordinator,
    GroupReviewDue,
    GroupUpdated,
    ThemeCreated,
    ThemeMerged,
    ThemeUpdated,
)
from shared.events.envelope import Event
from shared.newest import keep_newest

CLOSED = frozenset({"concluded", "replaced", "abandoned", "archived"})
"""The states of a group that has ended, in old events and new ones."""

_WAITS = {
    GroupReviewDue: NoticeKind.GROUP_REVIEW_DUE,
    GroupDormancySuggested: NoticeKind.GROUP_QUIET,
    GroupLeftWithoutCoordinator: NoticeKind.GROUP_WITHOUT_LEAD,
}


def theme_created(session: Session, _event: Event, data: ThemeCreated) -> None:
    """Keep the theme; readers hear of its groups."""
    session.merge(Theme(slug=data.slug, title=data.title))


def theme_updated(session: Session, _event: Event, data: ThemeUpdated) -> None:
    """Call the theme what it is called now."""
    session.merge(Theme(slug=data.slug, title=data.title))


def theme_merged(session: Session, _event: Event, data: ThemeMerged) -> None:
    """Let who follows the theme follow the one that goes on with it."""
    session.merge(Theme(slug=data.into_slug, title=data.into_title))
    kept = session.get(Theme, data.slug)
    if kept is not None:
        session.delete(kept)
    choices.follow_merged(
        session, targets.theme(data.slug), targets.theme(data.into_slug), utc_now()
    )


def group_created(session: Session, event: Event, data: GroupCreated) -> None:
    """Keep the group and tell readers of it, unless it is proposed."""
    _keep_group(session, data.group)
    if data.group.status != "proposed":
        _tell_of_group(session, event, NoticeKind.GROUP_OPENED, data.group)


def group_updated(session: Session, event: Event, data: GroupUpdated) -> None:
    """Keep the group, and tell readers when it was opened, closed or opened again."""
    before = session.get(Group, data.group.group_id)
    status_before = before.status if before else data.group.status
    _keep_group(session, data.group)
    kind = _news_of(status_before, data.group.status)
    if kind is not None:
        _tell_of_group(session, event, kind, data.group)


def group_waits(
    session: Session,
    event: Event,
    data: GroupReviewDue | GroupDormancySuggested | GroupLeftWithoutCoordinator,
) -> None:
    """Tell who leads the group what it waits for."""
    tell(
        session,
        event,
        _WAITS[type(data)],
        targets=(),
        theme_slug=data.theme_slug,
        group_id=data.group_id,
        group_title=data.group_title,
        concerns=(audiences.leaders(data.group_id),),
    )


def _keep_group(session: Session, facts: GroupFacts) -> None:
    keep_newest(
        session,
        Group(
            id=facts.group_id,
            title=facts.title,
            theme_slug=facts.theme_slug,
            status=facts.status,
            visibility=facts.visibility,
            version=facts.version,
        ),
    )


def _news_of(before: str, after: str) -> NoticeKind | None:
    """Return what readers hear when a group goes from one state to another."""
    if (before in CLOSED) != (after in CLOSED):
        return NoticeKind.GROUP_ARCHIVED if after in CLOSED else NoticeKind.GROUP_REOPENED
    return NoticeKind.GROUP_OPENED if (before, after) == ("proposed", "active") else None


def _tell_of_group(session: Session, event: Event, kind: NoticeKind, group: GroupFacts) -> None:
    tell(
        session,
        event,
        kind,
        targets=(targets.theme(group.theme_slug), targets.group(group.group_id)),
        theme_slug=group.theme_slug,
        group_id=group.group_id,
        group_title=group.title,
    )
