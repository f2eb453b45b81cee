"""The Atom feeds of groups and themes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col

from services.workgroups import atom, sight, themes
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
from shared.columns import utc_now
from shared.identity import Caller
from shared.pagination import PageParams, PageQuery
from shared.problems import FORBIDDEN, INVALID, NOT_FOUND, UNAUTHENTICATED, responses
from shared.web import MaybeCaller, Reading, Writing

router = APIRouter(tags=["feeds"])

KEEP_OPEN = "public, max-age=300"
"""How long what everybody sees may be kept: as long as a feed reader's patience."""
KEEP_OWN = "private, no-cache"
"""What somebody sees by who they are is asked for each time."""

_A_SECOND = timedelta(seconds=1)
# In the second of a change another may follow, which a Last-Modified could not tell from it
# (RFC 9110, 8.8.2.2): until it is over the ETag alone says what the reader has.

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The feed.",
        "content": {atom.MEDIA_TYPE: {"schema": {"type": "string"}}},
    },
    304: {"description": "It is the one that you have."},
    **responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
}


@dataclass(frozen=True)
class Known:
    """What the reader has of the feed already."""

    etag: str | None
    last_modified: str | None


async def _known(
    if_none_match: Annotated[
        str | None, Header(description="The ETag of the feed that you have.")
    ] = None,
    if_modified_since: Annotated[
        str | None, Header(description="The Last-Modified of the feed that you have.")
    ] = None,
) -> Known:
    return Known(if_none_match, if_modified_since)


WhatIsKnown = Annotated[Known, Depends(_known)]


@router.get(
    "/groups/{group_id}/feed.atom",
    summary="Read the Atom feed of a group",
    response_class=Response,
    responses=_ANSWERS,
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
    return _answer(document, changed, caller, known)


@router.get(
    "/themes/{slug}/feed.atom",
    summary="Read the Atom feed of a theme",
    response_class=Response,
    responses=_ANSWERS,
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
    return _answer(document, changed, caller, known)


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
    responses=_ANSWERS,
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
    return _answer(document, changed, caller, known)


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
        self_link=_address(feed_url, asked),
        first_link=_address(feed_url, {**asked, "cursor": None}),
        next_link=_address(feed_url, {**asked, "cursor": part.next_cursor})
        if part.next_cursor
        else None,
    )
    return atom.document_of(feed), changed


def _address(url: str, asked: Mapping[str, str | int | None]) -> str:
    usual = PageParams()
    unusual = {
        name: value for name, value in asked.items() if value not in (None, getattr(usual, name))
    }
    return url + (f"?{urlencode(unusual)}" if unusual else "")


def _answer(
    document: bytes,
    changed: datetime,
    caller: Caller | None,
    known: Known,
) -> Response:
    tag = f'"{hashlib.sha256(document).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": KEEP_OPEN if caller is None else KEEP_OWN,
        "Vary": "Authorization",
    }
    if utc_now() - changed >= _A_SECOND:
        headers["Last-Modified"] = format_datetime(changed.astimezone(UTC), usegmt=True)
    if known.etag is not None:
        tags = {each.strip().removeprefix("W/") for each in known.etag.split(",")}
        fresh = tag in tags or "*" in tags
    else:
        # Only the very moment that we sent: an older one may be of a feed that had more in it.
        moment = headers.get("Last-Modified")
        fresh = moment is not None and moment == known.last_modified
    if fresh:
        return Response(status_code=304, headers=headers)
    return Response(document, media_type=atom.MEDIA_TYPE, headers=headers)
