"""Audiences: who is concerned by what happened, and hears of it without asking.

An audience is named with a notice, and who belongs to it is looked up when the notice is recorded
and again when an e-mail is written: somebody who left it meanwhile hears nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from uuid import UUID

from sqlmodel import Session, col, select

from services.notifier.standing import STEERING, of_subscribers
from services.notifier.tables import Coordinator, FocalPoint, Notice, Participant


class Circle(StrEnum):
    """Which people around a person, an institution or a group."""

    PERSON = "person"
    SPEAKERS = "speakers"
    LEADERS = "leaders"


@dataclass(frozen=True, slots=True)
class Audience:
    """The people of a circle; the id is of the person, the institution or the group."""

    circle: Circle
    id: UUID

    @property
    def key(self) -> str:
        """The form kept with a notice: ``leaders:018f…``."""
        return f"{self.circle}:{self.id}"

    @classmethod
    def of_key(cls, key: str) -> Self:
        """Return the audience that `key` wrote."""
        circle, _, owner = key.partition(":")
        return cls(Circle(circle), UUID(owner))


def person(person_id: UUID) -> Audience:
    """Return the person alone."""
    return Audience(Circle.PERSON, person_id)


def speakers(institution_id: UUID) -> Audience:
    """Return those who speak for the institution."""
    return Audience(Circle.SPEAKERS, institution_id)


def leaders(group_id: UUID) -> Audience:
    """Return those who lead the group; the platform's coordinators lead one that has none."""
    return Audience(Circle.LEADERS, group_id)


def people(session: Session, audiences: Collection[Audience]) -> dict[Audience, set[UUID]]:
    """Return the people of each audience, asking three questions for all of them."""
    by_circle: dict[Circle, set[UUID]] = {}
    for audience in audiences:
        by_circle.setdefault(audience.circle, set()).add(audience.id)
    found = {person(each): {each} for each in by_circle.get(Circle.PERSON, ())}
    institutions = by_circle.get(Circle.SPEAKERS, set())
    found |= {speakers(each): set() for each in institutions}
    if institutions:
        for institution_id, person_id in session.exec(
            select(FocalPoint.institution_id, FocalPoint.person_id).where(
                col(FocalPoint.institution_id).in_(institutions)
            )
        ):
            found[speakers(institution_id)].add(person_id)
    groups = by_circle.get(Circle.LEADERS, set())
    found |= {leaders(each): set() for each in groups}
    if groups:
        for group_id, person_id in session.exec(
            select(Participant.group_id, Participant.person_id).where(
                col(Participant.group_id).in_(groups),
                col(Participant.role).in_(STEERING),
                col(Participant.suspended).is_(False),
            )
        ):
            found[leaders(group_id)].add(person_id)
        coordinators = set(session.exec(select(Coordinator.person_id)))
        for group_id in groups:
            found[leaders(group_id)] = found[leaders(group_id)] or coordinators
    return found


def concerning(session: Session, notices: Collection[Notice], subscriber_id: UUID) -> set[UUID]:
    """Return the ids of those notices that a reader hears of whatever the reader follows.

    What nobody follows was recorded for those alone whom it concerned: whoever has it is one.
    """
    found = {notice.id for notice in notices if notice.concerns and not notice.targets}
    named = {
        notice.id: [Audience.of_key(key) for key in notice.concerns]
        for notice in notices
        if notice.concerns and notice.targets
    }
    who = of_subscribers(session, [subscriber_id]).get(subscriber_id) if named else None
    if who is None:
        return found
    members = people(session, {each for audiences in named.values() for each in audiences})
    return found | {
        notice_id
        for notice_id, audiences in named.items()
        if any(who in members[each] for each in audiences)
    }
