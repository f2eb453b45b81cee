"""Feeds: what a subscription is about, for feed readers, at an address that is a secret.

The address reads what its reader may hear of at that moment. It is shown once; a digest is kept. It
ends with its subscription, and following the same again doesn't bring it back.
"""

import hashlib
import secrets
from binascii import a2b_qp
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from services.notifier import reach, sight
from services.notifier.languages import N_, written
from services.notifier.mail.told import Teller, TellerShelf
from services.notifier.tables import Notice, NoticeTarget, Subscriber, Subscription
from services.notifier.targets import Target
from shared.atom import Entry
from shared.pagination import PageParams, Slice, paginate_newest_first
from shared.problems import NOT_ALLOWED_NOW, Problem

PREFIX = "sl_address_"

KEPT = timedelta(days=90)
"""What happened longer ago is in no feed, which bounds what is looked through for one."""


def make_address(session: Session, subscription: Subscription) -> str:
    """Return a new secret of the subscription's feed; the one before ends.

    Its subscriber must be locked. Raises ``Problem`` (409) when the subscription has ended.
    """
    session.refresh(subscription)
    if subscription.ended_at is not None:
        raise Problem(NOT_ALLOWED_NOW, N_("This subscription has ended: follow it again first."))
    secret = PREFIX + secrets.token_urlsafe(32)
    subscription.feed_digest = _digest(secret)
    session.add(subscription)
    session.flush()
    return secret


def revoke_address(session: Session, subscription: Subscription) -> bool:
    """End the address of the subscription's feed; tell whether there was one.

    Its subscriber must be locked.
    """
    session.refresh(subscription)
    had_one = subscription.feed_digest is not None
    subscription.feed_digest = None
    session.add(subscription)
    session.flush()
    return had_one


def find(session: Session, secret: str) -> Subscription | None:
    """Return the subscription whose feed has this secret, unless it has ended."""
    return session.exec(
        select(Subscription).where(
            Subscription.feed_digest == _digest(secret), col(Subscription.ended_at).is_(None)
        )
    ).one_or_none()


def url(public_url: str, secret: str) -> str:
    """Return where a feed reader reads the feed with this secret."""
    return f"{public_url.rstrip('/')}/feeds/{secret}.atom"


def entries(
    session: Session,
    reader: Subscriber,
    subscription: Subscription,
    page: PageParams,
    now: datetime,
) -> Slice[Entry]:
    """Return what the subscription is about and its reader may hear of, the newest first.

    A page may hold less than asked for, where the reader may not hear of something.
    """
    target = Target(subscription.target_kind, subscription.target_id)
    named = Target(target.kind).key if target.kind in reach.SUPPORT else target.key
    statement = (
        select(NoticeTarget)
        .join(Notice, col(Notice.id) == col(NoticeTarget.notice_id))
        .where(col(NoticeTarget.target) == named, col(Notice.occurred_at) > now - KEPT)
    )
    found = paginate_newest_first(session, statement, col(NoticeTarget.notice_id), page)
    notices = session.exec(
        select(Notice)
        .where(col(Notice.id).in_([each.notice_id for each in found.items]))
        .order_by(col(Notice.id).desc())
    )
    about = [each for each in notices if reach.follows(each, subscription)]
    heard = sight.heard(session, about, reader.id)
    return Slice(_told(session, heard, written(reader.language), now), found.next_cursor)


def _told(session: Session, notices: Sequence[Notice], language: str, now: datetime) -> list[Entry]:
    teller = Teller(session, TellerShelf())
    teller.prepare({language: [notice.id for notice in notices]})
    told = []
    for notice in notices:
        kept = teller.told(notice.id)
        item = (
            teller.together([kept], language)
            if kept.named
            else teller.fragment(kept, language, now.date(), whole=True)
        )
        told.append(
            Entry(
                # A rebuilt read model has other notices of the same events.
                id=notice.event_id,
                kind=notice.kind,
                title=item.subject,
                html=a2b_qp(item.body.html).decode(),
                authors=[],
                published=notice.occurred_at,
                updated=notice.occurred_at,
                link=None,
            )
        )
    return told


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
