"""The Atom feed of each subscription, at a secret address."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from services.notifier import feeds, subscribers, targets
from services.notifier.languages import written
from services.notifier.permissions import Person
from services.notifier.routes.own_subscriptions import SubscriptionId, own_subscription
from services.notifier.targets import Target
from services.notifier.wording import wording
from shared import atom
from shared.columns import utc_now
from shared.feed_answers import FEED_ANSWERS, KEEP_OWN, WhatIsKnown, answer, page_address
from shared.pagination import PageQuery
from shared.problems import (
    FORBIDDEN,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    Problem,
    responses,
)
from shared.text import Output
from shared.web import Reading, Writing

router = APIRouter(tags=["feeds"])


class FeedAddressOut(Output):
    """A secret address; it is shown this once."""

    url: str


@router.post(
    "/me/subscriptions/{subscription_id}/feed-address",
    status_code=201,
    summary="Make an address for the feed of something that you follow",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID, NOT_ALLOWED_NOW),
)
def make_feed_address(
    subscription_id: SubscriptionId, caller: Person, session: Writing, request: Request
) -> FeedAddressOut:
    """Return a secret address at which a feed reader, which can't sign in, reads the feed.

    It is shown once, and the one before ends. Whoever knows it reads what you may read. With the
    frequency `never` the feed comes instead of e-mails.
    """
    reader, subscription = own_subscription(session, caller.id, subscription_id)
    subscribers.lock(session, reader.id)
    secret = feeds.make_address(session, subscription)
    return FeedAddressOut(url=feeds.url(request.app.state.settings.public_url, secret))


@router.delete(
    "/me/subscriptions/{subscription_id}/feed-address",
    status_code=204,
    summary="Revoke the address of a feed",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID),
)
def revoke_feed_address(subscription_id: SubscriptionId, caller: Person, session: Writing) -> None:
    """End the secret address of the feed: nothing is read at it any more."""
    reader, subscription = own_subscription(session, caller.id, subscription_id)
    subscribers.lock(session, reader.id)
    if not feeds.revoke_address(session, subscription):
        raise _no_such_address()


@router.get(
    "/feeds/{secret}.atom",
    summary="Read the feed of a subscription at its secret address",
    response_class=Response,
    responses=FEED_ANSWERS,
)
def read_feed(
    *,
    secret: Annotated[str, Path(max_length=200, description="The secret of the address.")],
    session: Reading,
    request: Request,
    page: PageQuery,
    known: WhatIsKnown,
) -> Response:
    """Return what the subscription is about and its reader may hear of now, as Atom.

    What came last comes first, of the last 90 days; the link `next` leads to what came before
    (RFC 5005). Ask again with the ETag of the answer to get it only when it changed.
    """
    subscription = feeds.find(session, secret)
    reader = subscribers.find(session, subscription.subscriber_id) if subscription else None
    if subscription is None or reader is None:
        raise _no_such_address()
    part = feeds.entries(session, reader, subscription, page, utc_now())
    target = Target(subscription.target_kind, subscription.target_id)
    language = written(reader.language)
    title = wording(language).target(target.kind, targets.titles(session, [target]).get(target))
    url = feeds.url(request.app.state.settings.public_url, secret)
    asked = {"cursor": page.cursor, "limit": page.limit}
    feed = atom.Feed(
        id=subscription.id,
        title=title,
        subtitle=None,
        updated=max([subscription.confirmed_at, *(entry.updated for entry in part.items)]),
        entries=part.items,
        link=f"{request.app.state.settings.public_url}/me/subscriptions/{subscription.id}",
        self_link=page_address(url, asked),
        first_link=page_address(url, {**asked, "cursor": None}),
        next_link=page_address(url, {**asked, "cursor": part.next_cursor})
        if part.next_cursor
        else None,
        language=language,
    )
    return answer(atom.document_of(feed), None, known, KEEP_OWN)


def _no_such_address() -> Problem:
    return Problem(
        NOT_FOUND,
        "There is no such address, or it has ended. Make a new one when signed in, or on the page "
        "of what you get, to which your e-mails link.",
    )
