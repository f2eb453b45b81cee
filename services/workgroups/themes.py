"""Themes: the vocabulary under which groups follow up."""

from sqlmodel import Session, select

from services.workgroups.insertion import add_unique
from services.workgroups.tables import Theme
from shared.events.catalogue import ThemeCreated
from shared.outbox import publish
from shared.problems import CONFLICT, NOT_FOUND, Problem


def create(session: Session, *, slug: str, title: str) -> Theme:
    """Make a theme; a Problem (409) when its slug is taken."""
    theme = Theme(slug=slug, title=title)
    add_unique(
        session,
        theme,
        Problem(CONFLICT, f"There is a theme “{slug}” already. Use it, or choose another slug."),
    )
    publish(
        session,
        ThemeCreated(theme_id=theme.id, slug=theme.slug, title=theme.title),
        subject=f"themes/{theme.id}",
    )
    return theme


def by_slug(session: Session, slug: str) -> Theme:
    """Return the theme; a Problem (404) when there is none of that slug."""
    theme = session.exec(select(Theme).where(Theme.slug == slug)).first()
    if theme is None:
        raise Problem(NOT_FOUND, "There is no theme of that slug. GET /themes lists them all.")
    return theme
