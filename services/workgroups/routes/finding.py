"""Searching everything that groups say, meet about and owe."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlmodel import Session, col, select

from services.workgroups import finding
from services.workgroups.search_cards import Kind
from services.workgroups.search_documents import READERS, Document
from services.workgroups.tables import Group, Theme
from shared.pagination import Page, PageQuery
from shared.problems import INVALID, UNAUTHENTICATED, responses
from shared.search import finding as search
from shared.search.counts import Count, counted
from shared.search.finding import Question, Sort
from shared.text import Line, Output
from shared.web import MaybeCaller, Reading

router = APIRouter(tags=["search"])

Codes = Annotated[list[Annotated[str, Line(60)]], Query(max_length=100)]

PATHS = {
    Kind.GROUP: "/groups/{}",
    Kind.UPDATE: "/updates/{}",
    Kind.MEETING: "/meetings/{}",
    Kind.AGREED_POINT: "/agreed-points/{}",
    Kind.ACTION_ITEM: "/action-items/{}",
}


class Facets(Output):
    """Counts by field, the most frequent code first.

    Those of a field are what would be found without the filter of that field itself.
    """

    kind: list[Count]
    group: list[Count] = Field(description="Ids of groups.")
    institution: list[Count] = Field(description="Ids of who posted or answers for it.")
    update_kind: list[Count]
    state: list[Count] = Field(description="Of groups, meetings and action items.")
    language: list[Count] = Field(description="BCP 47.")


class Hit(Output):
    """Something that was found."""

    id: UUID
    kind: Kind
    title: str = Field(examples=["Online volunteers for e-learning"])
    excerpt: str = Field(description="The part of its text that fits; plain text.")
    group_ids: list[UUID] = Field(description="The groups that it belongs to.")
    path: str = Field(description="Where to read it.", examples=["/updates/018f4e2a-…"])
    begun: datetime = Field(description="When it was posted, recorded, assigned or opened.")
    changed: datetime


class Hits(Page[Hit]):
    """A page of what was found, with how many there are."""

    total: int = Field(description="How many were found in all.", examples=[42])
    facets: Facets | None = Field(description="Null unless asked for.")


@router.get(
    "/search",
    summary="Search what groups say, meet about and owe",
    response_model=Hits,
    responses=responses(UNAUTHENTICATED, INVALID),
)
def search_everything(
    *,
    request: Request,
    caller: MaybeCaller,
    session: Reading,
    page: PageQuery,
    q: Annotated[
        Annotated[str, Line(200)] | None,
        Query(
            description="Words in any order, or how they begin. Case, accents and punctuation "
            "don't count; one letter may be wrong in a word of four or more, two in one of eight "
            "or more.",
            examples=["e-learning"],
        ),
    ] = None,
    kind: Annotated[
        list[Kind] | None, Query(max_length=10, description="Only of this kind; may be repeated.")
    ] = None,
    group: Annotated[
        list[UUID] | None,
        Query(max_length=100, description="Only of the group of this id; may be repeated."),
    ] = None,
    theme: Annotated[
        Codes | None, Query(description="Only under the theme of this slug; may be repeated.")
    ] = None,
    institution: Annotated[
        list[UUID] | None,
        Query(max_length=100, description="Only of this institution; may be repeated."),
    ] = None,
    update_kind: Annotated[
        Codes | None, Query(description="Only updates of this kind; may be repeated.")
    ] = None,
    state: Annotated[
        Codes | None, Query(description="Only in this state; may be repeated.")
    ] = None,
    language: Annotated[
        Codes | None, Query(description="Only in this language, BCP 47; may be repeated.")
    ] = None,
    sort: Annotated[
        Sort | None,
        Query(
            description="The order: `relevance`, `name`, `oldest`, `newest` or `changed` (the "
            "last change first). Without it `relevance` where there are words, else `newest`."
        ),
    ] = None,
    facets: Annotated[
        bool, Query(description="Count by field how many have each code as well.")
    ] = False,
) -> Hits:
    """Return what you see and what fits all that you ask.

    It looks in charters, updates, meetings and their minutes, agreed points and action items. Of a
    field any of the values given will do; each field given must fit.
    """
    codes = {
        "kind": kind,
        "group": _groups(session, group, theme),
        "institution": institution,
        "update_kind": update_kind,
        "state": state,
        "language": language,
    }
    question = Question(
        words=q,
        codes={name: list(map(str, asked)) for name, asked in codes.items() if asked is not None},
        sort=sort or (Sort.NEWEST if q is None else Sort.RELEVANCE),
    )
    catalogue = request.app.state.catalogue
    found = finding.look_for(session, catalogue, caller, question)
    ids = search.page_of(catalogue, found, page)
    counts = search.facets(catalogue, found) if facets else None
    return Hits(
        items=_hits(session, ids.items, q),
        next_cursor=ids.next_cursor,
        total=search.total(found),
        facets=None if counts is None else Facets.model_validate(counted(counts)),
    )


def _groups(
    session: Session, groups: Sequence[UUID] | None, themes: Sequence[str] | None
) -> list[UUID] | None:
    """Return the groups that are asked for by id and by theme; ``None`` for any."""
    if themes is None:
        return None if groups is None else list(groups)
    of_themes = session.exec(
        select(Group.id)
        .join(Theme, col(Theme.id) == col(Group.theme_id))
        .where(col(Theme.slug).in_(themes))
    ).all()
    fitting = [one for one in of_themes if groups is None or one in groups]
    # An id that nothing has: a theme without groups holds nothing, it doesn't hold everything.
    return fitting or [UUID(int=0)]


def _hits(session: Session, ids: Sequence[UUID], words: str | None) -> list[Hit]:
    kinds = finding.kinds_of(session, ids)
    documents: dict[UUID, tuple[Kind, Document]] = {}
    for kind in Kind:
        of_kind = [one for one in ids if kinds.get(one) == kind]
        if of_kind:
            read = READERS[kind](session, of_kind)
            documents.update({one: (kind, said) for one, said in read.items()})
    return [
        Hit(
            id=one,
            kind=kind,
            title=said.title,
            excerpt=finding.excerpt(said.texts, words),
            group_ids=[UUID(group) for group in said.codes["group"]],
            path=PATHS[kind].format(one),
            begun=said.begun,
            changed=said.changed,
        )
        for one in ids
        if one in documents
        for kind, said in [documents[one]]
    ]
