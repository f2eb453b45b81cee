"""Readers: who gets what is announced to a group, and why others who might expect it don't.

Everybody who belongs to the group reads of it by a subscription that the role brings, and others by
one that they asked for. So whoever subscribes to the group is asked about, once, and what that
subscription says counts: a pause or ``never`` holds for announcements too.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from services.notifier import sight, standing, suppressions
from services.notifier.standing import STEERING, UNKNOWN
from services.notifier.tables import (
    FocalPoint,
    GroupMember,
    Participant,
    RoleNews,
    Subscriber,
    Subscription,
)
from services.notifier.vocabulary import AnnouncementReader, EndedBy, Frequency, TargetKind

BATCH = 500
"""Readers looked at together."""


@dataclass(frozen=True, slots=True)
class Place:
    """A reader, and why they get the announcement or not."""

    subscriber_id: UUID
    why: AnnouncementReader


def places(
    session: Session,
    group_id: UUID,
    now: datetime,
    *,
    after: UUID | None = None,
    among: Collection[UUID] | None = None,
    limit: int = BATCH,
) -> list[Place]:
    """Return the next readers ``after`` one, by their ids; ``among`` asks about these alone.

    Who belonged by a role that has ended is in none of them.
    """
    statement = (
        select(Subscriber.id, Subscriber.email, Subscription)
        .join(Subscription, col(Subscription.subscriber_id) == col(Subscriber.id))
        .where(
            Subscription.target_kind == TargetKind.GROUP,
            Subscription.target_id == str(group_id),
            col(Subscriber.joined_into).is_(None),
            or_(
                col(Subscription.ended_at).is_(None),
                col(Subscription.ended_by) == EndedBy.READER,
            ),
        )
        .order_by(col(Subscriber.id))
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(col(Subscriber.id) > after)
    if among is not None:
        statement = statement.where(col(Subscriber.id).in_(among))
    rows = session.exec(statement).all()
    if not rows:
        return []
    suppressed = suppressions.among(session, [email for _, email, _ in rows])
    belongs = _belonging(session, group_id, [reader for reader, _, _ in rows])
    return [
        Place(
            reader,
            _declined(subscription, now)
            or (AnnouncementReader.SUPPRESSED if email in suppressed else belongs[reader]),
        )
        for reader, email, subscription in rows
    ]


def everybody(session: Session, group_id: UUID, now: datetime) -> Iterator[Place]:
    """Yield the place of each reader of the group, in the order of their ids."""
    after: UUID | None = None
    while batch := places(session, group_id, now, after=after):
        yield from batch
        after = batch[-1].subscriber_id


def counts(session: Session, group_id: UUID, now: datetime) -> Counter[AnnouncementReader]:
    """Return how many readers there are for each reason."""
    return Counter(place.why for place in everybody(session, group_id, now))


def number(session: Session, group_id: UUID, now: datetime) -> int:
    """Return how many get what is announced to the group now."""
    return sum(place.why.gets_it for place in everybody(session, group_id, now))


def are_news(session: Session, group_id: UUID, now: datetime) -> bool:
    """Tell whether somebody of the group has a role that brings no subscription yet."""
    pending = select(RoleNews.person_id).where(
        col(RoleNews.due_at) <= now,
        or_(*(col(RoleNews.person_id).in_(people) for people in sight.belonging(group_id))),
    )
    return session.exec(pending.limit(1)).first() is not None


def _declined(subscription: Subscription, now: datetime) -> AnnouncementReader | None:
    if subscription.ended_at is not None:
        return AnnouncementReader.ENDED
    if subscription.frequency is Frequency.NEVER:
        return AnnouncementReader.CHOSE_NEVER
    if subscription.paused_until is not None and now < subscription.paused_until:
        return AnnouncementReader.PAUSED
    return None


def _belonging(
    session: Session, group_id: UUID, readers: Collection[UUID]
) -> Mapping[UUID, AnnouncementReader]:
    """Return what each reader is to the group, asking a few questions for all of them."""
    people = standing.of_subscribers(session, readers)
    stands = standing.standings(session, set(people.values()))
    guard = sight.Guard(frozenset({group_id}))
    hidden = sight.Hidden.of(session, [guard])
    by_role = _by_role(session, group_id, set(people.values()))
    found = {}
    for reader in readers:
        person = people.get(reader)
        if not hidden.lets(guard, stands[person] if person else UNKNOWN):
            found[reader] = AnnouncementReader.MAY_NOT_SEE
        else:
            found[reader] = (by_role.get(person) if person else None) or AnnouncementReader.FOLLOWS
    return found


def _by_role(
    session: Session, group_id: UUID, people: Collection[UUID]
) -> dict[UUID, AnnouncementReader]:
    speaking = session.exec(
        select(FocalPoint.person_id)
        .join(GroupMember, col(GroupMember.institution_id) == col(FocalPoint.institution_id))
        .where(
            col(FocalPoint.person_id).in_(people),
            col(GroupMember.group_id) == group_id,
            col(GroupMember.suspended).is_(False),
        )
    )
    taking_part = session.exec(
        select(Participant.person_id, Participant.role).where(
            col(Participant.person_id).in_(people),
            col(Participant.group_id) == group_id,
            col(Participant.suspended).is_(False),
        )
    ).all()
    found = dict.fromkeys(speaking, AnnouncementReader.SPEAKS_FOR_A_MEMBER)
    found |= {person: AnnouncementReader.TAKES_PART for person, _ in taking_part}
    found |= {person: AnnouncementReader.LEADS for person, role in taking_part if role in STEERING}
    return found
