"""Themes: the vocabulary under which groups follow up, changed, retired and merged."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, String, cast
from sqlmodel import Session, col, select

from services.workgroups import groups
from services.workgroups.group_lifecycle import Actor
from services.workgroups.insertion import add_unique
from services.workgroups.tables import Group, Theme
from shared.columns import utc_now
from shared.events.catalogue import ThemeCreated, ThemeMerged, ThemeUpdated
from shared.outbox import publish
from shared.problems import CONFLICT, INVALID, NOT_ALLOWED_NOW, NOT_FOUND, FieldError, Problem


def create(session: Session, *, slug: str, title: str, **other: Any) -> Theme:
    """Make a theme; a Problem (409) when its slug is taken."""
    theme = Theme(slug=slug, title=title, **other)
    add_unique(
        session,
        theme,
        Problem(CONFLICT, f"There is a theme “{slug}” already. Use it, or choose another slug."),
    )
    publish(
        session,
        ThemeCreated(
            theme_id=theme.id,
            slug=theme.slug,
            title=theme.title,
            goals=theme.goals,
            sectors=theme.sectors,
        ),
        subject=f"themes/{theme.id}",
    )
    return theme


def change(session: Session, theme: Theme, changes: Mapping[str, Any]) -> None:
    """Give the theme other values; what is equal already changes nothing and is told to nobody.

    A retired theme keeps its groups and takes no new ones. Raises a Problem (409) when the theme
    is merged.
    """
    require_unmerged(theme)
    changed = {name: value for name, value in changes.items() if getattr(theme, name) != value}
    if not changed:
        return
    for name, value in changed.items():
        setattr(theme, name, value)
    _changed(session, theme)
    publish(
        session,
        ThemeUpdated(
            theme_id=theme.id,
            slug=theme.slug,
            title=theme.title,
            retired=theme.retired,
            goals=theme.goals,
            sectors=theme.sectors,
        ),
        subject=f"themes/{theme.id}",
    )


def merge(session: Session, theme: Theme, into_slug: str, by: Actor, reason: str) -> Theme:
    """Let another theme go on with the groups of this one, and return that.

    Raises a Problem: 409 when this one is merged already; 422 when the other isn't there, is this
    one, is retired, or is merged itself: then the two would lead to each other in a circle.
    """
    require_unmerged(theme)
    into = session.exec(select(Theme).where(Theme.slug == into_slug).with_for_update()).first()
    if into is None:
        raise _bad_survivor("There is no theme of that slug: choose one of GET /themes.")
    if into.id == theme.id:
        raise _bad_survivor("A theme can't be merged into itself: name another.")
    if into.merged_into is not None:
        survivor = survivor_of(session, into)
        if survivor.id == theme.id:
            raise _bad_survivor("That theme is part of this one: merging back makes a circle.")
        raise _bad_survivor(f"That theme is part of “{survivor.slug}”: name that one.")
    if into.retired:
        raise _bad_survivor("That theme is retired: name one that takes groups.")
    for group in session.exec(
        select(Group).where(Group.theme_id == theme.id).order_by(Group.id).with_for_update()  # type: ignore[arg-type]
    ).all():
        groups.move_to_theme(session, group, into, by, reason)
    theme.merged_into = into.id
    _changed(session, theme)
    publish(
        session,
        ThemeMerged(
            theme_id=theme.id,
            slug=theme.slug,
            into_id=into.id,
            into_slug=into.slug,
            into_title=into.title,
        ),
        subject=f"themes/{theme.id}",
    )
    return into


def by_slug(session: Session, slug: str) -> Theme:
    """Return the theme; a Problem (404) when there is none of that slug."""
    return _found(session.exec(select(Theme).where(Theme.slug == slug)).first())


def lock(session: Session, slug: str) -> Theme:
    """Return the theme, held until the transaction ends; a Problem (404) when there is none."""
    # All in one order: two merges in opposite directions wait instead of meeting.
    session.exec(select(Theme.id).order_by(Theme.id).with_for_update()).all()  # type: ignore[arg-type]
    return _found(session.exec(select(Theme).where(Theme.slug == slug).with_for_update()).first())


def linked(*, goal: str | None, sector: str | None) -> list[ColumnElement[bool]]:
    """Return the conditions on `Theme` that it is linked to the goal, and to the sector.

    A sector includes its purposes: 220 finds what is linked to 22040.
    """
    # The lists are JSON, in which a code stands between quotes.
    conditions = []
    if goal is not None:
        conditions.append(cast(col(Theme.goals), String).contains(f'"{goal}"', autoescape=True))
    if sector is not None:
        conditions.append(cast(col(Theme.sectors), String).contains(f'"{sector}', autoescape=True))
    return conditions


def survivor_of(session: Session, theme: Theme) -> Theme:
    """Return the theme that goes on with this one; itself when it is not merged."""
    while theme.merged_into is not None:
        theme = session.get_one(Theme, theme.merged_into)
    return theme


def require_unmerged(theme: Theme) -> None:
    """Raise a Problem (409) when the theme is part of another."""
    if theme.merged_into is not None:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"The theme “{theme.slug}” is part of another: GET /themes/{theme.slug} leads there.",
        )


def _changed(session: Session, theme: Theme) -> None:
    theme.version += 1
    theme.updated_at = utc_now()
    session.add(theme)
    session.flush()


def _found(theme: Theme | None) -> Theme:
    if theme is None:
        raise Problem(NOT_FOUND, "There is no theme of that slug. GET /themes lists them all.")
    return theme


def _bad_survivor(detail: str) -> Problem:
    return Problem(INVALID, detail, errors=[FieldError(pointer="/into", detail=detail)])
