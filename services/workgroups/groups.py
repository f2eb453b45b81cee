"""Follow-up groups and their charter."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from services.workgroups import charters
from services.workgroups.group_lifecycle import (
    CLOSED,
    Action,
    Actor,
    Status,
    begin,
    require_possible,
    require_role,
    step,
    way_back,
)
from services.workgroups.insertion import add_unique
from services.workgroups.tables import Group, Theme
from shared.events.catalogue import GroupCreated, GroupFacts, GroupRef, GroupUpdated
from shared.outbox import publish
from shared.problems import CONFLICT, INVALID, NOT_ALLOWED_NOW, NOT_FOUND, FieldError, Problem


def create(
    session: Session,
    *,
    slug: str,
    title: str,
    purpose: str,
    theme_slug: str,
    scope: str | None = None,
    results: str | None = None,
    review_date: date | None = None,
    time_zone: str = "UTC",
    visibility: str = "all",
    admission: str = "open",
    status: Status = Status.ACTIVE,
    by: Actor,
) -> Group:
    """Open a group under a theme, or propose it.

    Raises a Problem: 403 unless by a coordinator of the platform, 422 when there is no such theme,
    409 when the slug is taken.
    """
    theme = session.exec(
        select(Theme).where(Theme.slug == theme_slug).with_for_update(read=True)
    ).first()
    if theme is None or theme.retired or theme.merged_into is not None:
        raise Problem(
            INVALID,
            f"No theme “{theme_slug}” takes groups. Choose one of GET /themes, or make it first.",
            errors=[FieldError(pointer="/theme_slug", detail="Not a theme that takes groups.")],
        )
    group = Group(
        slug=slug,
        title=title,
        purpose=purpose,
        scope=scope,
        results=results,
        review_date=review_date,
        theme_id=theme.id,
        time_zone=time_zone,
        visibility=visibility,
        admission=admission,
        status=status,
    )
    add_unique(
        session,
        group,
        Problem(CONFLICT, f"There is a group “{slug}” already. Choose another slug."),
    )
    charters.write(session, group, by.id, None)
    begin(session, group, Action.PROPOSE if status == Status.PROPOSED else Action.OPEN, by)
    publish(session, GroupCreated(group=facts(session, group)), subject=f"groups/{group.id}")
    return group


def change(
    session: Session, group: Group, changes: dict[str, Any], by: Actor, reason: str | None = None
) -> None:
    """Give the group other values; what is equal already changes nothing and is told to nobody.

    ``changes`` holds columns of the group. Its title or purpose may not become null. Raises a
    Problem (409) when the group is closed, unless only who sees it changes.
    """
    changed = _changed(group, changes)
    if not changed:
        return
    action = Action.SHOW if changed.keys() == {"visibility"} else Action.CHANGE
    _take(session, group, action, by, reason=reason, changed=changed)


def move(session: Session, group: Group, action: Action, by: Actor, reason: str | None) -> None:
    """Take a step of the group's life that needs nothing but a reason: adopt, rest and so on.

    Raises a Problem: 403 when another must do it, 409 when it can't follow the group's state, 422
    without the reason that it needs.
    """
    _take(session, group, action, by, reason=reason)


def replace(session: Session, group: Group, successor_id: UUID, by: Actor, reason: str) -> None:
    """End the group in another that goes on with its work.

    Raises a Problem: 403 or 409 as `move`, 422 when the successor is no other group that is open.
    """
    require_role(Action.REPLACE, by.roles)
    require_possible(group, Action.REPLACE)
    # The successor may not end in this one at the same time.
    successor = session.exec(
        select(Group).where(Group.id == successor_id).with_for_update(read=True)
    ).first()
    if successor is None or successor.id == group.id or successor.status in CLOSED:
        raise Problem(
            INVALID,
            "The group that goes on must be another one that is not closed. GET /groups lists "
            "them.",
            errors=[FieldError(pointer="/replaced_by", detail="Not another group that is open.")],
        )
    _take(session, group, Action.REPLACE, by, reason=reason, changed={"replaced_by": successor.id})


def move_to_theme(session: Session, group: Group, theme: Theme, by: Actor, reason: str) -> None:
    """Put a held group under another theme, whatever its state."""
    _take(session, group, Action.RETHEME, by, reason=reason, changed={"theme_id": theme.id})


def recharter(
    session: Session, group: Group, charter: dict[str, Any], by: Actor, reason: str
) -> None:
    """Let a closed group return with a new charter.

    Raises a Problem: 403 or 409 as `move`, 422 when the charter is the one that it had.
    """
    require_role(Action.RECHARTER, by.roles)
    require_possible(group, Action.RECHARTER)
    changed = _changed(group, charter)
    if changed.keys().isdisjoint(("purpose", "scope", "results")):
        raise Problem(
            INVALID,
            "This is the charter that the group had. Say what it is for now, what it "
            "covers, or what it shall bring.",
            errors=[FieldError(pointer="/purpose", detail="The same as before.")],
        )
    _take(session, group, Action.RECHARTER, by, reason=reason, changed=changed)


def read(session: Session, group_id: UUID) -> Group:
    """Return the group; a Problem (404) when there is none of that id."""
    return _found(session.get(Group, group_id))


def lock(session: Session, group_id: UUID) -> Group:
    """Return the group, held until the transaction ends, so that its changes come one by one.

    Numbers of action items, membership and the charter are decided under it.
    """
    return _found(
        session.exec(
            select(Group).where(Group.id == group_id).with_for_update(key_share=True)
        ).first()
    )


def hold(session: Session, group_id: UUID) -> Group:
    """Return the group, whose status and members stay as they are until the transaction ends.

    Several requests may hold it at once; `lock` waits for all of them.
    """
    return _found(
        session.exec(select(Group).where(Group.id == group_id).with_for_update(read=True)).first()
    )


def require_active(group: Group) -> None:
    """Raise a Problem (409) unless the group is active: any other takes nothing new."""
    if group.status != Status.ACTIVE:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"The group “{group.title}” is {group.status} and takes nothing new. {way_back(group)}",
        )


def require_open(group: Group) -> None:
    """Raise a Problem (409) when the group is closed: nobody comes to belong to it any more."""
    if group.status in CLOSED:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"The group “{group.title}” is {group.status} and takes nothing new. {way_back(group)}",
        )


def no_such_group() -> Problem:
    """Return the Problem (404) for a group that is unknown or hidden from the caller."""
    return Problem(NOT_FOUND, "There is no group of that id. GET /groups lists those you see.")


def theme_of(session: Session, group: Group) -> Theme:
    """Return the theme of the group."""
    return session.get_one(Theme, group.theme_id)


def reference(session: Session, group: Group) -> GroupRef:
    """Return how events name the group."""
    return GroupRef(group_id=group.id, title=group.title, theme_slug=theme_of(session, group).slug)


def _changed(group: Group, wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if getattr(group, name) != value}


def _take(
    session: Session,
    group: Group,
    action: Action,
    by: Actor,
    *,
    reason: str | None,
    changed: dict[str, Any] | None = None,
) -> None:
    changed = changed or {}
    changes = {name: [_told(getattr(group, name)), _told(value)] for name, value in changed.items()}
    charter_changed = not changed.keys().isdisjoint(charters.FIELDS)
    with session.no_autoflush:
        for name, value in changed.items():
            setattr(group, name, value)
        if charter_changed:
            group.charter += 1
        if "review_date" in changed:
            group.review_told = False
        step(session, group, action, by, reason=reason, changes=changes)
    if charter_changed:
        charters.write(session, group, by.id, reason)
    publish(
        session,
        GroupUpdated(group=facts(session, group), action=action, reason=reason),
        subject=f"groups/{group.id}",
    )


def _told(value: Any) -> Any:
    return value if value is None or isinstance(value, int | str) else str(value)


def _found(group: Group | None) -> Group:
    if group is None:
        raise no_such_group()
    return group


def facts(session: Session, group: Group) -> GroupFacts:
    """Return what other services are told of a group."""
    theme = theme_of(session, group)
    return GroupFacts.model_validate(
        {
            **group.model_dump(),
            "group_id": group.id,
            "theme_slug": theme.slug,
            "theme_title": theme.title,
        }
    )
