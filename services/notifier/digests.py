"""Digests: what one reader is told at once, and why."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy import String, cast, func
from sqlmodel import Session, col, select

from services.notifier import audible, sight, standing
from services.notifier.audible import Guards
from services.notifier.tables import (
    Digest,
    DigestItem,
    Notice,
    Person,
    Subscriber,
    Subscription,
)
from services.notifier.targets import Target
from services.notifier.vocabulary import Frequency, TargetKind
from shared.columns import is_one_of


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a digest is for, and how and when this reader reads."""

    id: UUID
    email: str
    language: str
    time_zone: str
    hour: int
    weekday: int
    person_id: UUID | None = None
    """Whom the registry knows by the address."""


@dataclass(frozen=True, slots=True)
class DigestContent:
    """A digest with what it tells and why its reader gets it."""

    id: UUID
    run_id: UUID | None
    frequency: Frequency
    window_end: datetime
    reader: Reader
    notices: Sequence[tuple[UUID, Target]]
    """Each notice with what its reader follows that brought it."""
    followed: Sequence[Target]
    """What the reader follows that brought these notices, each once, the eldest first."""


def contents(
    session: Session, digest_ids: Collection[UUID], guards: Guards
) -> dict[UUID, DigestContent]:
    """Return the digests that there are, by id, asking a few questions for all of them.

    What a reader may not hear any more, or was taken back, is not in them. ``guards`` holds what
    the caller keeps of notices from batch to batch.
    """
    if not digest_ids:
        return {}
    digests = session.exec(
        select(  # type: ignore[call-overload]
            Digest.id,
            Digest.run_id,
            Digest.frequency,
            Digest.window_end,
            Subscriber.id,
            Subscriber.email,
            Subscriber.language,
            Subscriber.time_zone,
            Subscriber.hour,
            Subscriber.weekday,
            standing.PERSON,
        )
        .join(Subscriber, col(Subscriber.id) == col(Digest.subscriber_id))
        .outerjoin(Person, col(Person.email) == col(Subscriber.email))
        .where(is_one_of(session, Digest.id, digest_ids))
    ).all()
    # One row for each subscription that brought items: a row for each item takes longer to read
    # than the items take to be written.
    rows = session.exec(
        select(
            DigestItem.digest_id,
            DigestItem.subscription_id,
            func.aggregate_strings(cast(DigestItem.notice_id, String), ","),
        )
        .join(Notice, col(Notice.id) == col(DigestItem.notice_id))
        .where(
            is_one_of(session, DigestItem.digest_id, digest_ids),
            col(Notice.taken_back_at).is_(None),
        )
        .group_by(col(DigestItem.digest_id), col(DigestItem.subscription_id))
    ).all()
    brought = [
        audible.Brought(digest_id, subscription_id, [_id(each) for each in ids.split(",")])
        for digest_id, subscription_id, ids in rows
        if digest_id is not None
    ]
    people = {digest[0]: digest[-1] for digest in digests}
    heard = audible.heard(session, brought, people, guards)
    asked = {
        subscription_id: Target(TargetKind(kind), target_id)
        for subscription_id, kind, target_id in session.exec(
            select(Subscription.id, Subscription.target_kind, Subscription.target_id).where(
                is_one_of(session, Subscription.id, {each.subscription_id for each in heard})
            )
        )
    }
    by_digest: dict[UUID, list[audible.Brought]] = {}
    for each in heard:
        by_digest.setdefault(each.digest_id, []).append(each)
    return {
        digest_id: DigestContent(
            digest_id,
            run_id,
            frequency,
            window_end,
            Reader(*reader),
            *_told(by_digest.get(digest_id, ()), asked),
        )
        for digest_id, run_id, frequency, window_end, *reader in digests
    }


def _told(
    brought: Collection[audible.Brought], asked: Mapping[UUID, Target]
) -> tuple[list[tuple[UUID, Target]], list[Target]]:
    """Return the notices, each with what brought it, and what brought any, the eldest first."""
    by_age = sorted(brought, key=attrgetter("subscription_id"))
    targets = [asked[each.subscription_id] for each in by_age]
    notices = [
        (notice_id, target)
        for each, target in zip(by_age, targets, strict=True)
        for notice_id in each.notice_ids
    ]
    return notices, list(dict.fromkeys(targets))


# Readers share most notices, so an id is made once; dictionaries find the same object at once.
_id = lru_cache(16_384)(UUID)


def still_heard(session: Session, content: DigestContent) -> DigestContent:
    """Return the digest without what its reader may not hear of any more."""
    notices = session.exec(
        select(Notice).where(col(Notice.id).in_([notice_id for notice_id, _ in content.notices]))
    ).all()
    let = {notice.id for notice in sight.heard(session, notices, content.reader.id)}
    left = [(notice_id, target) for notice_id, target in content.notices if notice_id in let]
    brought = {target for _, target in left}
    return replace(
        content, notices=left, followed=[each for each in content.followed if each in brought]
    )


class Happened(Protocol):
    """What of a notice tells whether another of the same subject came after it."""

    id: UUID
    subject: str
    occurred_at: datetime


H = TypeVar("H", bound=Happened)

_order = attrgetter("occurred_at", "id")


def latest(notices: Iterable[H]) -> list[H]:
    """Return the last notice of each subject, in the order they happened.

    Five changes of one action item are one notice, the last of them.
    """
    return sorted({each.subject: each for each in sorted(notices, key=_order)}.values(), key=_order)
