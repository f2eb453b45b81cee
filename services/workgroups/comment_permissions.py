"""Who sees a comment, who may change it, and who may take it back."""

from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from services.workgroups import groups
from services.workgroups.permissions import may_steer
from services.workgroups.tables import Comment, Update
from services.workgroups.update_permissions import may_look_back, update_to_see
from shared.identity import Caller
from shared.problems import NOT_FOUND, Problem


def in_sight(session: Session, caller: Caller | None, update: Update) -> ColumnElement[bool]:
    """Return the condition on the comments of an update that the caller sees.

    With a withdrawn update its comments go out of sight, save for its institution and who leads
    the group.
    """
    of_update = col(Comment.update_id) == update.id
    if update.state == "published" or may_look_back(session, caller, update):
        return of_update
    return of_update & col(Comment.id).is_(None)


def comment_to_see(
    session: Session, caller: Caller | None, comment_id: UUID
) -> tuple[Comment, Update]:
    """Return the comment and its update; a Problem (404) when the caller doesn't see it."""
    comment = session.get(Comment, comment_id)
    if comment is None:
        raise _no_such_comment()
    try:
        update = update_to_see(session, caller, comment.update_id)
    except Problem:
        raise _no_such_comment() from None
    if update.state != "published" and not may_look_back(session, caller, update):
        raise _no_such_comment()
    return comment, update


def comment_to_change(session: Session, caller: Caller, comment_id: UUID) -> Comment:
    """Return the caller's own comment, locked; a Problem (404) otherwise."""
    comment = _locked(session, caller, comment_id)
    if comment.posted_by != caller.id:
        raise _no_such_comment()
    return comment


def comment_to_withdraw(session: Session, caller: Caller, comment_id: UUID) -> tuple[Comment, bool]:
    """Return the comment, locked, and whether the caller takes it back for the group.

    Raises a Problem (404) unless it is the caller's own or the caller leads the group.
    """
    comment = _locked(session, caller, comment_id)
    if comment.posted_by == caller.id:
        return comment, False
    if not may_steer(session, caller, session.get_one(Update, comment.update_id).group_id):
        raise _no_such_comment()
    return comment, True


def may_read_withdrawn(session: Session, caller: Caller | None, comment: Comment) -> bool:
    """Tell whether the caller sees what a withdrawn comment said."""
    if caller is None:
        return False
    group_id = session.get_one(Update, comment.update_id).group_id
    return comment.posted_by == caller.id or may_steer(session, caller, group_id)


def _locked(session: Session, caller: Caller, comment_id: UUID) -> Comment:
    _, update = comment_to_see(session, caller, comment_id)
    groups.hold(session, update.group_id)
    session.refresh(update)
    return session.exec(
        select(Comment)
        .where(Comment.id == comment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _no_such_comment() -> Problem:
    return Problem(
        NOT_FOUND,
        "There is no comment of that id that you may see or change. Its author may change it, and "
        "who leads the group may withdraw it.",
    )
