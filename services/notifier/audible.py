"""Audible: what of the digests their readers may still hear, when an e-mail is written."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session

from services.notifier import standing
from services.notifier.sight import Guard, Hidden
from services.notifier.tables import Notice

INSTITUTION = func.coalesce(
    Notice.facts["need"]["institution_id"].as_string(),
    Notice.facts["offer"]["institution_id"].as_string(),
)
"""Whose need or offer a notice tells of."""


@dataclass(frozen=True, slots=True)
class Item:
    """A notice in a digest, with what guards it."""

    digest_id: UUID
    notice_id: UUID
    subscription_id: UUID
    group_id: UUID | None
    targets: list[str]
    institution_id: str | None

    @property
    def guard(self) -> Guard:
        """What its reader must see; nothing, when it is for those whom it concerns alone."""
        if not self.targets:
            return Guard()
        institution = UUID(self.institution_id) if self.institution_id else None
        return Guard(Guard.of_groups(self.group_id, self.targets).groups, institution)


def heard(
    session: Session, items: Collection[Item], people: Mapping[UUID, UUID | None]
) -> list[Item]:
    """Return the items that may be told; ``people`` are the readers of the digests, by digest."""
    guards = {item.notice_id: item.guard for item in items}
    hidden = Hidden.of(session, guards.values())
    closed = {notice_id for notice_id, guard in guards.items() if hidden.hides(guard)}
    if not closed:
        return list(items)
    wanted = {people.get(item.digest_id) for item in items if item.notice_id in closed}
    stands = standing.standings(session, {person for person in wanted if person})

    def lets(item: Item) -> bool:
        person = people.get(item.digest_id)
        stand = stands[person] if person else standing.UNKNOWN
        return hidden.lets(guards[item.notice_id], stand)

    return [item for item in items if item.notice_id not in closed or lets(item)]
