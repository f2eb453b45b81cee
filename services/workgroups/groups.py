"""Follow-up groups and their charter."""

from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from services.workgroups.insertion import add_unique
from services.workgroups.tables import Group, Theme
from shared.columns import utc_now
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
    results: str | None = None,
    time_zone: str = "UTC",
    visibility: str = "all",
) -> Group:
    """Open a group under a theme.

    Raises a Problem: 422 when there is no such theme, 409 when the slug is taken.
    """
    theme = session.exec(select(Theme).where(Theme.slug == theme_slug)).first()
    if theme is None:
        raise Problem(
            INVALID,
            f"There is no theme “{theme_slug}”. Choose one of GET /themes, or make it first.",
            errors=[FieldError(pointer="/theme_slug", detail="Not the slug of a theme.")],
        )
    group = Group(
        slug=slug,
        title=title,
        purpose=purpose,
        results=results,
        theme_id=theme.id,
        time_zone=time_zone,
        visibility=visibility,
    )
    add_unique(
        session,
        group,
        Problem(CONFLICT, f"There is a group “{slug}” already. Choose another slug."),
    )
    publish(session, GroupCreated(group=_facts(session, group)), subject=f"groups/{group.id}")
    return group


def change(session: Session, group: Group, changes: dict[str, Any]) -> None:
    """Give the charter other values; what is equal already changes nothing and is told to nobody.

    ``changes`` holds columns of the group. Its title, purpose or status may not become null.
    """
    changed = {name: value for name, value in changes.items() if getattr(group, name) != value}
    if not changed:
        return
    for name, value in changed.items():
        setattr(group, name, value)
    group.version += 1
    group.updated_at = utc_now()
    session.add(group)
    session.flush()
    publish(session, GroupUpdated(group=_facts(session, group)), subject=f"groups/{group.id}")


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
    """Raise a Problem (409) when the group is archived: it is kept, and not written to."""
    if group.status != "active":
        raise Problem(
            NOT_ALLOWED_NOW,
            f"The group “{group.title}” is archived and takes nothing new. A coordinator can make "
            "it active again.",
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


def _found(group: Group | None) -> Group:
    if group is None:
        raise no_such_group()
    return group


def _facts(session: Session, group: Group) -> GroupFacts:
    theme = theme_of(session, group)
    return GroupFacts.model_validate(
        {
            **group.model_dump(include={"slug", "title", "purpose", "status", "version"}),
            "group_id": group.id,
            "theme_slug": theme.slug,
            "theme_title": theme.title,
        }
    )
