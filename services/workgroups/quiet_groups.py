"""Groups in which nothing happens: after 90 days it is suggested to let them rest.

Nothing is decided: who leads the group puts it to rest or goes on. Any activity takes the
suggestion back.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import Session, col, select

from services.workgroups.group_lifecycle import Status
from services.workgroups.tables import (
    ActionItem,
    Comment,
    Group,
    GroupHistory,
    Meeting,
    MeetingGroup,
    Membership,
    Participant,
    Theme,
    Update,
)
from shared.events.catalogue import GroupDormancySuggested
from shared.outbox import publish

QUIET = timedelta(days=90)
AT_ONCE = 100


def active_since(moment: datetime) -> ColumnElement[bool]:
    """Return the condition on `Group` that something happened in it after ``moment``.

    That is a step of the group, an update or a comment, a meeting, a change of an action item, or
    somebody who came or went.
    """
    return or_(
        _some(GroupHistory, GroupHistory.at, moment),
        _some(Update, Update.posted_at, moment),
        _some(Update, Update.edited_at, moment),
        exists().where(
            col(Update.group_id) == col(Group.id),
            col(Comment.update_id) == col(Update.id),
            col(Comment.posted_at) > moment,
        ),
        exists().where(
            col(MeetingGroup.group_id) == col(Group.id),
            col(Meeting.id) == col(MeetingGroup.meeting_id),
            or_(col(Meeting.updated_at) > moment, col(Meeting.begins_at) > moment),
        ),
        _some(ActionItem, ActionItem.updated_at, moment),
        _some(Membership, Membership.joined_at, moment),
        _some(Membership, Membership.left_at, moment),
        _some(Participant, Participant.since, moment),
        _some(Participant, Participant.ended_at, moment),
    )


def suggested() -> ColumnElement[bool]:
    """Return the condition on `Group` that it is suggested to let it rest."""
    return (
        col(Group.rest_suggested_at).is_not(None)
        & (col(Group.status) == Status.ACTIVE)
        & ~active_since_suggestion()
    )


def active_since_suggestion() -> ColumnElement[bool]:
    """Return the condition on `Group` that something happened since the suggestion."""
    return active_since(col(Group.rest_suggested_at))  # type: ignore[arg-type]


def suggest_rest(session: Session, now: datetime) -> int:
    """Suggest once to let active groups rest in which nothing happened for 90 days."""
    quiet_since = now - QUIET
    groups = session.exec(
        select(Group)
        .where(
            Group.status == Status.ACTIVE,
            col(Group.rest_suggested_at).is_(None),
            col(Group.created_at) <= quiet_since,
            ~active_since(quiet_since),
        )
        .order_by(col(Group.id))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for group in groups:
        group.rest_suggested_at = now
        session.add(group)
        publish(
            session,
            GroupDormancySuggested(
                group_id=group.id,
                group_title=group.title,
                theme_slug=session.get_one(Theme, group.theme_id).slug,
                quiet_since=quiet_since,
            ),
            subject=f"groups/{group.id}",
        )
    return len(groups)


def take_suggestions_back(session: Session, _now: datetime) -> int:
    """Take the suggestion back from groups in which something happened since, or that closed."""
    groups = session.exec(
        select(Group)
        .where(
            col(Group.rest_suggested_at).is_not(None),
            or_(col(Group.status) != Status.ACTIVE, active_since_suggestion()),
        )
        .order_by(col(Group.id))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for group in groups:
        group.rest_suggested_at = None
        session.add(group)
    session.flush()
    return len(groups)


def _some(table: type[Any], when: Any, moment: datetime) -> ColumnElement[bool]:
    return exists().where(col(table.group_id) == col(Group.id), col(when) > moment)
