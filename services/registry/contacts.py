"""How to reach the people who have a role: told to whoever writes to them, and taken back.

The calendar tells it, a minute late at most, so that no step that gives or takes a role has to
think of it, and nobody who had a role before is forgotten.
"""

from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, exists, or_, select

from services.registry.tables import Coordinator, FocalPoint, Person
from shared import outbox
from shared.events.catalogue import PersonReachable, PersonUnreachable

_AT_ONCE = 200


def tell(session: Session, _now: datetime) -> int:
    """Tell of some people with a role whose address, language or zone is news; return how many."""
    people = session.exec(
        select(Person)
        .where(
            col(Person.confirmed_at).is_not(None),
            or_(col(Person.contact_told).is_(None), col(Person.contact_told) < col(Person.version)),
            _has_role(),
        )
        .order_by(col(Person.id))
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for person in people:
        person.contact_told = person.version
        session.add(person)
        outbox.publish(
            session,
            PersonReachable(
                person_id=person.id,
                email=person.email,
                language=person.language,
                time_zone=person.time_zone,
                contact_version=person.version,
            ),
            subject=f"people/{person.id}",
        )
    return len(people)


def take_back(session: Session, _now: datetime) -> int:
    """Take back how to reach some people who have no role any more; return how many."""
    people = session.exec(
        select(Person)
        .where(col(Person.contact_told).is_not(None), ~_has_role())
        .order_by(col(Person.id))
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for person in people:
        person.contact_told = None
        session.add(person)
        outbox.publish(
            session, PersonUnreachable(person_id=person.id), subject=f"people/{person.id}"
        )
    return len(people)


def _has_role() -> ColumnElement[bool]:
    return or_(
        exists().where(col(Coordinator.person_id) == col(Person.id)),
        exists().where(
            col(FocalPoint.person_id) == col(Person.id), col(FocalPoint.confirmed_at).is_not(None)
        ),
    )
