"""Themes: making and listing them."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field
from sqlmodel import col, select

from services.workgroups import themes
from services.workgroups.routes.permitted import Coordinator, ThemeSlug
from services.workgroups.routes.slugs import Slug
from services.workgroups.tables import Theme
from shared.idempotency import Answer, Once
from shared.pagination import Page, PageQuery, paginate
from shared.problems import (
    CONFLICT,
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_FOUND,
    UNAUTHENTICATED,
    responses,
)
from shared.text import Input, Output, Title
from shared.web import Reading, Writing

router = APIRouter(prefix="/themes", tags=["themes"])


class NewTheme(Input):
    """A theme to make."""

    slug: Slug
    title: Title = Field(examples=["Digital transformation"])


class ThemeOut(Output):
    """A theme under which groups follow up."""

    id: UUID
    slug: str = Field(examples=["digital-transformation"])
    title: str = Field(examples=["Digital transformation"])
    created_at: datetime


@router.post(
    "",
    status_code=201,
    summary="Make a theme",
    response_model=ThemeOut,
    responses=responses(UNAUTHENTICATED, FORBIDDEN, CONFLICT, INVALID, IDEMPOTENCY_MISMATCH),
)
def create_theme(body: NewTheme, _caller: Coordinator, once: Once, session: Writing) -> Response:
    """Make a theme; by a coordinator. Its slug names it in addresses and subscriptions."""

    def create() -> Answer:
        theme = themes.create(session, slug=body.slug, title=body.title)
        return Answer(ThemeOut.model_validate(theme), headers={"Location": f"/themes/{theme.slug}"})

    return once.answer(session, create)


@router.get("", summary="List the themes", responses=responses(INVALID))
def list_themes(session: Reading, page: PageQuery) -> Page[ThemeOut]:
    """Return the themes in the order of their slugs; open to everybody."""
    found = paginate(session, select(Theme), col(Theme.slug), page)
    return Page(
        items=[ThemeOut.model_validate(theme) for theme in found.items],
        next_cursor=found.next_cursor,
    )


@router.get("/{slug}", summary="Read a theme", responses=responses(NOT_FOUND))
def read_theme(slug: ThemeSlug, session: Reading) -> ThemeOut:
    """Return a theme; open to everybody."""
    return ThemeOut.model_validate(themes.by_slug(session, slug))
