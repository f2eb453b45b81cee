"""Updates: what member institutions tell their group.

A draft is its institution's alone and leaves no trace when it is discarded. From its publication on
each change is a version that stays, and an event.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import groups, membership
from services.workgroups.institutions import require_verified
from services.workgroups.tables import Group, Institution, Update
from services.workgroups.update_content import (
    Content,
    content_of,
    forget_content,
    keep_content,
    require_sayable,
)
from services.workgroups.update_records import facts, record, subject_of
from shared.columns import utc_now
from shared.events.catalogue import (
    UpdateChanged,
    UpdatePosted,
    UpdateWithdrawn,
)
from shared.identity import Caller
from shared.ids import new_id
from shared.outbox import publish as publish_event
from shared.problems import INVALID, NOT_ALLOWED_NOW, FieldError, Problem

AHEAD = timedelta(days=366)
"""How far ahead an update can be scheduled."""
AT_A_TIME = 50
"""How many scheduled updates are published in one transaction."""


def draft(
    session: Session,
    group_id: UUID,
    institution: Institution,
    said: Content,
    caller: Caller,
    *,
    publish_at: datetime | None = None,
) -> Update:
    """Write an update for the group that nobody else sees yet.

    With ``publish_at`` the calendar publishes it then. Raises a Problem: 404 without such a group,
    409 when the group is closed or the institution no verified member, 422 for what it links to,
    whom it mentions, or a time that isn't ahead.
    """
    group = groups.hold(session, group_id)
    _require_allowed(session, group, institution)
    require_sayable(session, caller, group.id, said)
    update = Update(
        group_id=group.id,
        institution_id=institution.id,
        posted_by=caller.id,
        kind=said.kind,
        title=said.title,
        text=said.text,
        publish_at=_ahead(publish_at),
    )
    keep_content(session, update, said)
    return update


def post(
    session: Session, group_id: UUID, institution: Institution, said: Content, caller: Caller
) -> Update:
    """Publish an update at once; otherwise as `draft`."""
    update = draft(session, group_id, institution, said, caller)
    _publish(session, update, utc_now(), by=caller.id)
    return update


def publish(session: Session, update: Update, by: UUID) -> None:
    """Show a draft to who sees the group.

    Raises a Problem (409) when it is no draft, the group is closed, or its institution no verified
    member any more.
    """
    if update.state != "draft":
        raise Problem(
            NOT_ALLOWED_NOW, f"This update is {update.state} already; only a draft is published."
        )
    group = groups.hold(session, update.group_id)
    _require_allowed(session, group, _institution(session, update))
    update.version += 1
    _publish(session, update, utc_now(), by=by)


def change(session: Session, update: Update, changes: dict[str, Any], caller: Caller) -> None:
    """Change what an update says, or when a draft is published.

    What is equal already makes no new version. Raises a Problem: 409 when it is withdrawn, the
    group is closed or the institution no verified member, 422 for what doesn't fit.
    """
    if update.state == "withdrawn":
        raise Problem(NOT_ALLOWED_NOW, "This update is withdrawn: post a new one instead.")
    group = groups.hold(session, update.group_id)
    _require_allowed(session, group, _institution(session, update))
    before = content_of(session, update)
    time_changed = _change_time(update, changes)
    said = Content(**{**vars(before), **changes})
    changed = before.changed(_sorted(said))
    if not changed and not time_changed:
        return
    require_sayable(session, caller, group.id, said, before)
    keep_content(session, update, said)
    update.version += 1
    if update.state == "published":
        update.edited_at = utc_now()
        record(session, update, "edit", caller.id)
        told = UpdateChanged(**facts(session, update), changed=changed)
        publish_event(session, told, subject=subject_of(update))


def withdraw(session: Session, update: Update, by: UUID, reason: str, *, by_group: bool) -> None:
    """Take a published update back; what stays is that it was there, and why it went.

    Raises a Problem (409) when it isn't published or the group is closed.
    """
    if update.state != "published":
        raise Problem(
            NOT_ALLOWED_NOW,
            "Only a published update is withdrawn. A draft is discarded with DELETE.",
        )
    groups.require_active(groups.hold(session, update.group_id))
    update.state = "withdrawn"
    update.withdrawn_at = utc_now()
    update.withdrawn_by_group = by_group
    update.withdrawal_reason = reason
    update.pinned_at = None
    update.version += 1
    session.add(update)
    record(session, update, "withdraw", by, reason)
    publish_event(
        session,
        UpdateWithdrawn(
            update_id=update.id,
            group_id=update.group_id,
            institution_id=update.institution_id,
            by_group=by_group,
            reason=reason,
            update_version=update.version,
        ),
        subject=subject_of(update),
    )


def discard(session: Session, update: Update) -> None:
    """Delete a draft; a Problem (409) when it is published, for then others have seen it."""
    if update.state != "draft":
        raise Problem(
            NOT_ALLOWED_NOW,
            f"This update is {update.state}; only a draft is deleted. "
            f"Take it back with POST /updates/{update.id}/withdraw.",
        )
    forget_content(session, update)
    session.delete(update)
    session.flush()


def publish_due(session: Session, now: datetime) -> int:
    """Publish some of the drafts whose time has come; return how many were taken.

    One that may not be published any more stays a draft and says why.
    """
    due = session.exec(
        select(Update.id, Update.group_id)
        .where(Update.state == "draft", col(Update.publish_at) <= now)
        .order_by(col(Update.publish_at), col(Update.id))
        .limit(AT_A_TIME)
    ).all()
    taken = 0
    for update_id, group_id in due:
        group = groups.hold(session, group_id)
        update = session.exec(
            select(Update)
            .where(Update.id == update_id, Update.state == "draft", col(Update.publish_at) <= now)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        ).first()
        if update is None:
            continue
        taken += 1
        update.version += 1
        try:
            _require_allowed(session, group, _institution(session, update))
        except Problem as problem:
            update.publish_at = None
            update.held_back = problem.detail
            session.add(update)
        else:
            _publish(session, update, now, by=None)
    session.flush()
    return taken


def _institution(session: Session, update: Update) -> Institution:
    institution = session.get(Institution, update.institution_id)
    if institution is None:
        raise Problem(
            NOT_ALLOWED_NOW,
            "The institution of this update is not known here now. Try again in a moment.",
        )
    return institution


def _require_allowed(session: Session, group: Group, institution: Institution) -> None:
    groups.require_active(group)
    require_verified(institution)
    membership.require_member(session, group, institution)


def _publish(session: Session, update: Update, now: datetime, by: UUID | None) -> None:
    update.state = "published"
    update.place = new_id()
    update.posted_at = now
    update.publish_at = None
    update.held_back = None
    session.add(update)
    record(session, update, "publish", by)
    publish_event(session, UpdatePosted(**facts(session, update)), subject=subject_of(update))


def _change_time(update: Update, changes: dict[str, Any]) -> bool:
    if "publish_at" not in changes:
        return False
    publish_at = changes.pop("publish_at")
    if update.state != "draft" and publish_at is not None:
        raise Problem(
            NOT_ALLOWED_NOW, "This update is published already; leave publish_at out of the body."
        )
    if publish_at == update.publish_at:
        return False
    update.publish_at = _ahead(publish_at)
    update.held_back = None
    return True


def _ahead(publish_at: datetime | None) -> datetime | None:
    now = utc_now()
    if publish_at is None or now < publish_at <= now + AHEAD:
        return publish_at
    raise Problem(
        INVALID,
        f"Set publish_at to a moment within the next {AHEAD.days} days, or leave it out.",
        errors=[FieldError(pointer="/publish_at", detail="Not a moment ahead, within a year.")],
    )


def _sorted(said: Content) -> Content:
    return replace(
        said,
        needs=tuple(sorted(said.needs)),
        offers=tuple(sorted(said.offers)),
        mentioned_people=tuple(sorted(said.mentioned_people)),
        mentioned_institutions=tuple(sorted(said.mentioned_institutions)),
    )
