"""How Atom feeds are answered: page by page, and only when they changed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Header, Response

from shared import atom
from shared.columns import utc_now
from shared.pagination import PageParams
from shared.problems import INVALID, NOT_FOUND, UNAUTHENTICATED, responses

KEEP_OPEN = "public, max-age=300"
"""How long what everybody sees may be kept: as long as a feed reader's patience."""
KEEP_OWN = "private, no-cache"
"""What somebody sees by who they are is asked for each time."""

_A_SECOND = timedelta(seconds=1)
# In the second of a change another may follow, which a Last-Modified could not tell from it
# (RFC 9110, 8.8.2.2): until it is over the ETag alone says what the reader has.

FEED_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The feed.",
        "content": {atom.MEDIA_TYPE: {"schema": {"type": "string"}}},
    },
    304: {"description": "It is the one that you have."},
    **responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
}
"""What a feed answers."""


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


def page_address(url: str, asked: Mapping[str, str | int | None]) -> str:
    """Return the address of a page of a feed, without what goes without saying."""
    usual = PageParams()
    unusual = {
        name: value for name, value in asked.items() if value not in (None, getattr(usual, name))
    }
    return url + (f"?{urlencode(unusual)}" if unusual else "")


def answer(document: bytes, changed: datetime | None, known: Known, keep: str) -> Response:
    """Return the feed, or that the reader has it (304); ``keep`` is its Cache-Control.

    Without ``changed`` the ETag alone tells whether it changed.
    """
    tag = f'"{hashlib.sha256(document).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": keep,
        "Vary": "Authorization",
    }
    if changed is not None and utc_now() - changed >= _A_SECOND:
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
