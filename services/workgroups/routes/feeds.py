"""The Atom feeds of groups and themes."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col

from services.workgroups import sight, themes
from services.workgroups.feed_entries import Reader, changed_at, entries_of
from services.workgroups.routes.own_addresses import (
    AddressOut,
    Person,
    found,
    made,
    no_such_address,
    revoke,
)
from services.workgroups.routes.permitted import GroupId, ThemeSlug, VisibleGroup
from services.workgroups.secret_addresses import Purpose
from services.workgroups.tables import Group, Theme
from shared import atom
from shared.feed_answers import (
    FEED_ANSWERS,
    KEEP_OPEN,
    KEEP_OWN,
    WhatIsKnown,
    answer,
    page_address,
)
from shared.identity import Caller
from shared.pagination import PageParams, PageQuery
from shared.problems import FORBIDDEN, NOT_FOUND, UNAUTHENTICATED, responses
from shared.web import MaybeCaller, Reading, Writing

router = APIRouter(tags=["feeds"])


@router.get(
    "/groups/{group_id}/feed.atom",
    summary="Read the Atom feed of a group",
    response_class=Response,
    responses=FEED_ANSWERS,
)
def read_group_feed(
    *,
    group: VisibleGroup,
    caller: MaybeCaller,
    session: Reading,
    request: Request,
    page: PageQuery,
    known: WhatIsKnown,
) -> Response:
    """Return what a group that the caller sees says, meets about, agrees and becomes, as Atom.

    What changed last comes first; the link `next` leads to what came before (RFC 5005). Ask again
    with the ETag or the Last-Modified of the answer to get it only when it changed.
    """
    url = f"{request.app.state.settings.public_url}/groups/{group.id}"
    document, changed = _document(
        session,
        caller,
        col(Group.id) == group.id,
        group,
        subtitle=group.purpose,
        url=url,
        public_url=request.app.state.settings.public_url,
        page=page,
    )
    return answer(document, changed, known, KEEP_OPEN if caller is None else KEEP_OWN)


@router.get(
    "/themes/{slug}/feed.atom",
    summary="Read the Atom feed of a theme",
    response_class=Response,
    responses=FEED_ANSWERS,
)
def read_theme_feed(
    *,
    slug: ThemeSlug,
    caller: MaybeCaller,
    session: Reading,
    request: Request,
    page: PageQuery,
    known: WhatIsKnown,
) -> Response:
    """Return what the groups of a theme say and do, of those that the caller sees, as Atom.

    As the feed of a group; open to everybody, who then reads of the groups that all see.
    """
    theme = themes.by_slug(session, slug)
    document, changed = _document(
        session,
        caller,
        and_(col(Group.theme_id) == theme.id, sight.in_sight(session, caller)),
        theme,
        subtitle=None,
        url=f"{request.app.state.settings.public_url}/themes/{theme.slug}",
        public_url=request.app.state.settings.public_url,
        page=page,
    )
    return answer(document, changed, known, KEEP_OPEN if caller is None else KEEP_OWN)


@router.post(
    "/groups/{group_id}/feed-address",
    status_code=201,
    summary="Make an address for a group's feed",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND),
)
def make_feed_address(
    group_id: GroupId, caller: Person, session: Writing, request: Request
) -> AddressOut:
    """Return a secret address at which a feed reader, which can't sign in, reads the group's feed.

    It is shown once, and the one before ends. It is yours, and reads nothing once you don't see the
    group any more. Whoever knows it reads what you may read.
    """
    group = sight.group_to_see(session, caller, group_id)
    return made(session, request, caller, Purpose.FEED, group.id)


@router.delete(
    "/groups/{group_id}/feed-address",
    status_code=204,
    summary="Revoke the address for a group's feed",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND),
)
def revoke_feed_address(group_id: GroupId, caller: Person, session: Writing) -> None:
    """End your secret address of the group's feed: nothing is read at it any more."""
    revoke(session, caller, Purpose.FEED, group_id)


@router.get(
    "/feeds/{secret}.atom",
    summary="Read a feed at its secret address",
    response_class=Response,
    responses=FEED_ANSWERS,
)
def read_secret_feed(
    *,
    secret: Annotated[str, Path(max_length=200, description="The secret of the address.")],
    session: Reading,
    request: Request,
    page: PageQuery,
    known: WhatIsKnown,
) -> Response:
    """Return the feed of a group as the person of the address sees it now, hidden groups as well.

    As the feed of a group otherwise.
    """
    address, caller = found(session, secret, Purpose.FEED)
    group = session.get(Group, address.group_id)
    if group is None or not sight.is_seen(session, caller, group.id):
        raise no_such_address()
    public_url = request.app.state.settings.public_url
    document, changed = _document(
        session,
        caller,
        col(Group.id) == group.id,
        group,
        subtitle=group.purpose,
        url=f"{public_url}/groups/{group.id}",
        feed_url=f"{public_url}/feeds/{secret}.atom",
        public_url=public_url,
        page=page,
    )
    return answer(document, changed, known, KEEP_OWN)


def _document(
    session: Session,
    caller: Caller | None,
    groups: ColumnElement[bool],
    of: Group | Theme,
    *,
    subtitle: str | None,
    url: str,
    public_url: str,
    page: PageParams,
    feed_url: str | None = None,
) -> tuple[bytes, datetime]:
    reader = Reader(groups, public_url, is_signed_in=caller is not None)
    part = entries_of(session, reader, page)
    changed = changed_at(session, reader) or of.created_at
    asked = {"cursor": page.cursor, "limit": page.limit}
    feed_url = feed_url or f"{url}/feed.atom"
    feed = atom.Feed(
        id=of.id,
        title=of.title,
        subtitle=subtitle,
        updated=changed,
        entries=part.items,
        link=url,
        self_link=page_address(feed_url, asked),
        first_link=page_address(feed_url, {**asked, "cursor": None}),
        next_link=page_address(feed_url, {**asked, "cursor": part.next_cursor})
        if part.next_cursor
        else None,
    )
    return atom.document_of(feed), changed
