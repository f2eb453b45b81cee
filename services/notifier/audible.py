"""Audible: what of the digests their readers may still hear, when an e-mail is written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from services.notifier import standing
from services.notifier.sight import Guard, Hidden
from services.notifier.tables import Notice

_INSTITUTION = func.coalesce(
    Notice.facts["need"]["institution_id"].as_string(),
    Notice.facts["offer"]["institution_id"].as_string(),
)
"""Whose need or offer a notice tells of."""


GUARD_SIZE = 500
"""Bytes that a guard takes, about."""


class Guards(Protocol):
    """What is kept of notices from batch to batch: what guards each never changes."""

    def get(self, key: UUID) -> Guard | None:
        """Return what guards the notice, if that is kept."""

    def keep(self, key: UUID, kept: Guard, size: int) -> None:
        """Keep what guards the notice."""


@dataclass(frozen=True, slots=True)
class Brought:
    """The notices that one subscription brought into a digest."""

    digest_id: UUID
    subscription_id: UUID
    notice_ids: Sequence[UUID]


def heard(
    session: Session,
    brought: Sequence[Brought],
    people: Mapping[UUID, UUID | None],
    guards: Guards,
) -> list[Brought]:
    """Return what of it may be told; ``people`` are the readers of the digests, by digest."""
    notices = {notice_id for each in brought for notice_id in each.notice_ids}
    guarded = {notice_id: guard for notice_id in notices if (guard := guards.get(notice_id))}
    guarded |= _read(session, notices - guarded.keys(), guards)
    hidden = Hidden.of(session, set(guarded.values()))
    closed_by = {guard for guard in set(guarded.values()) if hidden.hides(guard)}
    free = {notice_id for notice_id, guard in guarded.items() if guard not in closed_by}
    closed = [each for each in brought if not free.issuperset(each.notice_ids)]
    if not closed:
        return list(brought)
    wanted = {people.get(each.digest_id) for each in closed}
    stands = standing.standings(session, {person for person in wanted if person})

    def let(each: Brought) -> Brought:
        person = people.get(each.digest_id)
        stand = stands[person] if person else standing.UNKNOWN
        told = [
            notice_id
            for notice_id in each.notice_ids
            if notice_id in free
            or (notice_id in guarded and hidden.lets(guarded[notice_id], stand))
        ]
        return replace(each, notice_ids=told)

    lets = (each if free.issuperset(each.notice_ids) else let(each) for each in brought)
    return [each for each in lets if each.notice_ids]


def _read(session: Session, notice_ids: Collection[UUID], guards: Guards) -> dict[UUID, Guard]:
    """Return what guards the notices, and keep it.

    What is for those whom it concerns alone has no guard.
    """
    if not notice_ids:
        return {}
    rows = session.exec(
        select(Notice.id, Notice.group_id, Notice.targets, _INSTITUTION).where(
            col(Notice.id).in_(notice_ids)
        )
    )
    found = {}
    for notice_id, group_id, targets, institution in rows:
        guard = Guard()
        if targets:
            groups = Guard.of_groups(group_id, targets).groups
            guard = Guard(groups, UUID(institution) if institution else None)
        found[notice_id] = guard
        guards.keep(notice_id, guard, GUARD_SIZE)
    return found
