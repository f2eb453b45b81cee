"""Themes: making, listing, changing and merging them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse
from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, select

from services.workgroups import permissions, themes
from services.workgroups.routes.permitted import Coordinator, ThemeSlug
from services.workgroups.routes.slugs import Slug
from services.workgroups.tables import Theme
from shared.etags import IfMatch, etag, require_version
from shared.idempotency import Answer, Once
from shared.languages import LanguageTag
from shared.pagination import Page, PageQuery, paginate
from shared.problems import (
    CONFLICT,
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
    responses,
)
from shared.text import Input, Output, Prose, Reason, Title
from shared.vocabularies import vocabulary
from shared.web import Reading, Writing

router = APIRouter(prefix="/themes", tags=["themes"])


def _goal(code: str) -> str:
    if vocabulary("sdgs").term(code) is None:
        raise PydanticCustomError("goal", "Use the number of a goal, from 1 to 17.")
    return code


def _goals(codes: list[str]) -> list[str]:
    known = vocabulary("sdgs")
    if any(known.term(code) is None for code in codes) or len(set(codes)) < len(codes):
        raise PydanticCustomError("goals", "Use each goal once, by its number from 1 to 17.")
    return codes


Goal = Annotated[str, AfterValidator(_goal)]


Goals = Annotated[
    list[str],
    Field(max_length=17, description="Sustainable Development Goals.", examples=[["9", "17"]]),
    AfterValidator(_goals),
]


def _sector(code: str) -> str:
    if vocabulary("sectors").term(code) is None:
        raise PydanticCustomError(
            "sector", "Use a code that the registry lists at GET /vocabularies/sectors."
        )
    return code


def _each_once(codes: list[str]) -> list[str]:
    if len(set(codes)) < len(codes):
        raise PydanticCustomError("repeated", "Name each sector once.")
    return codes


Sector = Annotated[str, AfterValidator(_sector)]
Sectors = Annotated[
    list[Sector],
    Field(
        max_length=30,
        description="Sectors and purposes of the OECD DAC, codes of three and five digits.",
        examples=[["220", "43081"]],
    ),
    AfterValidator(_each_once),
]


class Translation(Input):
    """A theme in another language."""

    title: Title = Field(examples=["Transformation numérique"])
    description: Prose | None = None


Translations = Annotated[
    dict[LanguageTag, Translation],
    Field(
        max_length=50,
        description="Title and description by language (BCP 47).",
        examples=[{"fr": {"title": "Transformation numérique"}}],
    ),
]


class NewTheme(Input):
    """A theme to make."""

    slug: Slug
    title: Title = Field(examples=["Digital transformation"])
    description: Prose | None = Field(None, description="What belongs to it.")
    translations: Translations = Field(default_factory=dict)
    goals: Goals = Field(default_factory=list)
    sectors: Sectors = Field(default_factory=list)


class ThemeChange(Input):
    """What shall change; a field that is left out stays as it is."""

    title: Title | None = Field(None, examples=["Digital transformation"])
    description: Prose | None = Field(None, description="Null takes it away.")
    translations: Translations | None = Field(None, description="All of them, anew.")
    goals: Goals | None = Field(None, description="All of them, anew.")
    sectors: Sectors | None = Field(None, description="All of them, anew.")
    retired: bool | None = Field(None, description="A retired theme takes no new groups.")

    @model_validator(mode="after")
    def _something(self) -> "ThemeChange":
        if not self.model_fields_set:
            raise PydanticCustomError("nothing", "Name at least one field to change.")
        for name in self.model_fields_set - {"description"}:
            if getattr(self, name) is None:
                raise PydanticCustomError(
                    "null", "{name} can't be null: leave it out to keep it.", {"name": name}
                )
        return self


class ThemeMerge(Input):
    """The theme that goes on, and why."""

    into: Slug = Field(description="The slug of the theme that goes on with the groups.")
    reason: Reason = Field(examples=["Both mean the same."])


class ThemeOut(Output):
    """A theme under which groups follow up."""

    id: UUID
    slug: str = Field(examples=["digital-transformation"])
    title: str = Field(examples=["Digital transformation"])
    description: str | None
    translations: dict[str, dict[str, str | None]]
    goals: list[str]
    sectors: list[str]
    retired: bool = Field(description="Whether it takes no new groups.")
    merged_into: UUID | None = Field(description="The theme that goes on with its groups.")
    version: int = Field(description="Grows with each change; the ETag of this theme.")
    created_at: datetime
    updated_at: datetime


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
        theme = themes.create(session, **body.model_dump())
        return Answer(
            ThemeOut.model_validate(theme),
            headers={"Location": f"/themes/{theme.slug}", "ETag": etag(theme.version)},
        )

    return once.answer(session, create)


@router.get("", summary="List the themes", responses=responses(INVALID))
def list_themes(
    session: Reading,
    page: PageQuery,
    goal: Annotated[
        Goal | None, Query(description="Only those that are linked to this goal.", examples=["9"])
    ] = None,
    sector: Annotated[
        Sector | None,
        Query(description="Only those that are linked to this sector or a purpose in it."),
    ] = None,
) -> Page[ThemeOut]:
    """Return the themes in the order of their slugs; open to everybody.

    What was merged into another is left out; retired ones are there.
    """
    statement = select(Theme).where(
        col(Theme.merged_into).is_(None), *themes.linked(goal=goal, sector=sector)
    )
    found = paginate(session, statement, col(Theme.slug), page)
    return Page(
        items=[ThemeOut.model_validate(theme) for theme in found.items],
        next_cursor=found.next_cursor,
    )


@router.get(
    "/{slug}",
    summary="Read a theme",
    response_model=ThemeOut,
    responses={**responses(NOT_FOUND), 308: {"description": "It is part of another theme."}},
)
def read_theme(slug: ThemeSlug, session: Reading, response: Response) -> Response | ThemeOut:
    """Return a theme; open to everybody. One that was merged leads to the one that goes on."""
    theme = themes.by_slug(session, slug)
    if theme.merged_into is not None:
        return RedirectResponse(themes.survivor_of(session, theme).slug, status_code=308)
    return _answered(theme, response)


@router.patch(
    "/{slug}",
    summary="Change or retire a theme",
    responses=responses(
        UNAUTHENTICATED,
        FORBIDDEN,
        NOT_FOUND,
        NOT_ALLOWED_NOW,
        VERSION_CONFLICT,
        INVALID,
        VERSION_REQUIRED,
    ),
)
def change_theme(
    slug: ThemeSlug,
    body: ThemeChange,
    _caller: Coordinator,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> ThemeOut:
    """Change what a theme is called and linked to, or retire it; by a coordinator."""
    theme = _held(session, slug, expected)
    themes.change(session, theme, body.model_dump(exclude_unset=True))
    return _answered(theme, response)


@router.post(
    "/{slug}/merge",
    summary="Merge a theme into another",
    responses=responses(
        UNAUTHENTICATED,
        FORBIDDEN,
        NOT_FOUND,
        NOT_ALLOWED_NOW,
        VERSION_CONFLICT,
        INVALID,
        VERSION_REQUIRED,
    ),
)
def merge_theme(  # noqa: PLR0917
    slug: ThemeSlug,
    body: ThemeMerge,
    caller: Coordinator,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> ThemeOut:
    """Let another theme go on with the groups and subscribers of this one; by a coordinator.

    The answer is the theme that goes on. This can't be undone.
    """
    theme = _held(session, slug, expected)
    by = permissions.actor_in_platform(session, caller)
    return _answered(themes.merge(session, theme, body.into, by, body.reason), response)


def _held(session: Session, slug: str, expected: int) -> Theme:
    theme = themes.lock(session, slug)
    require_version(theme.version, expected)
    return theme


def _answered(theme: Theme, response: Response) -> ThemeOut:
    response.headers["ETag"] = etag(theme.version)
    return ThemeOut.model_validate(theme)
