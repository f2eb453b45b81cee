"""Standing: which reader is which person of the registry, and where a person belongs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.notifier.tables import (
    Coordinator,
    FocalPoint,
    GroupMember,
    Institution,
    Participant,
    Person,
    Subscriber,
)
from shared.columns import is_one_of

VERIFIED = "verified"

STEERING = frozenset({"coordinator", "co_chair"})
"""The roles of those who lead a group."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one person stands; one whom the registry doesn't know stands nowhere."""

    is_coordinator: bool = False
    """Of the platform."""
    is_partner: bool = False
    """Whether a verified institution speaks through this person."""
    institutions: frozenset[UUID] = frozenset()
    """Those that the person speaks for."""
    groups: frozenset[UUID] = frozenset()
    """Those that the person belongs to, through an institution or by a role."""


UNKNOWN = Standing()

PERSON = func.coalesce(Subscriber.person_id, Person.id)
"""Who a `Subscriber` is, joined with the `Person` of the same address."""


def of_subscribers(session: Session, subscriber_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return which person each reader is, of those whom the registry knows, by subscriber."""
    if not subscriber_ids:
        return {}
    return _who_they_are(session, is_one_of(session, Subscriber.id, subscriber_ids))


def subscribers_of(
    session: Session, people: SelectOfScalar[UUID] | Collection[UUID]
) -> dict[UUID, UUID]:
    """Return the readers who are one of the people, each with who it is."""
    return _who_they_are(session, PERSON.in_(people))


def standings(session: Session, person_ids: Collection[UUID]) -> dict[UUID, Standing]:
    """Return where each person stands, asking four questions for all of them."""
    if not person_ids:
        return {}
    coordinators = set(
        session.exec(
            select(Coordinator.person_id).where(
                is_one_of(session, Coordinator.person_id, person_ids)
            )
        )
    )
    institutions: dict[UUID, set[UUID]] = {}
    partners: set[UUID] = set()
    for person_id, institution_id, status in session.exec(
        select(FocalPoint.person_id, FocalPoint.institution_id, Institution.status)
        .outerjoin(Institution, col(Institution.id) == col(FocalPoint.institution_id))
        .where(is_one_of(session, FocalPoint.person_id, person_ids))
    ):
        institutions.setdefault(person_id, set()).add(institution_id)
        if status == VERIFIED:
            partners.add(person_id)
    joined: dict[UUID, set[UUID]] = {}
    spoken_for = {each for own in institutions.values() for each in own}
    for institution_id, group_id in session.exec(
        select(GroupMember.institution_id, GroupMember.group_id).where(
            is_one_of(session, GroupMember.institution_id, spoken_for),
            col(GroupMember.suspended).is_(False),
        )
    ):
        joined.setdefault(institution_id, set()).add(group_id)
    groups: dict[UUID, set[UUID]] = {
        person_id: {group_id for each in own for group_id in joined.get(each, ())}
        for person_id, own in institutions.items()
    }
    for person_id, group_id in session.exec(
        select(Participant.person_id, Participant.group_id).where(
            is_one_of(session, Participant.person_id, person_ids),
            col(Participant.suspended).is_(False),
        )
    ):
        groups.setdefault(person_id, set()).add(group_id)
    return {
        person_id: Standing(
            is_coordinator=person_id in coordinators,
            is_partner=person_id in partners,
            institutions=frozenset(institutions.get(person_id, ())),
            groups=frozenset(groups.get(person_id, ())),
        )
        for person_id in person_ids
    }


def speakers(stands: Mapping[UUID, Standing]) -> dict[UUID, list[UUID]]:
    """Return by institution who of these people speaks for it."""
    found: dict[UUID, list[UUID]] = {}
    for person_id, stand in stands.items():
        for institution_id in stand.institutions:
            found.setdefault(institution_id, []).append(person_id)
    return found


def _who_they_are(session: Session, which: ColumnElement[bool]) -> dict[UUID, UUID]:
    rows = session.exec(
        select(Subscriber.id, PERSON)
        .outerjoin(Person, col(Person.email) == col(Subscriber.email))
        .where(which, PERSON.is_not(None))
    )
    return dict(rows.all())
