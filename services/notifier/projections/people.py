"""People with roles as the registry tells of them."""

from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from services.notifier import erasing, roles
from services.notifier.tables import (
    Coordinator,
    FocalPoint,
    Parked,
    Person,
    Subscriber,
)
from shared.columns import utc_now
from shared.events.catalogue import (
    CoordinatorAppointed,
    CoordinatorRemoved,
    FocalPointConfirmed,
    FocalPointRemoved,
    PersonErased,
    PersonReachable,
    PersonRenamed,
    PersonUnreachable,
)
from shared.events.envelope import Event
from shared.newest import keep_newest
from shared.redaction import redact_parked


def focal_point_confirmed(session: Session, _event: Event, data: FocalPointConfirmed) -> None:
    """Keep who speaks for the institution."""
    session.merge(
        FocalPoint(person_id=data.person_id, institution_id=data.institution_id, role=data.role)
    )
    roles.note(session, [data.person_id], utc_now())


def focal_point_removed(session: Session, _event: Event, data: FocalPointRemoved) -> None:
    """Forget who spoke for the institution."""
    _forget(session, FocalPoint, (data.person_id, data.institution_id))
    roles.note(session, [data.person_id], utc_now())


def coordinator_appointed(session: Session, _event: Event, data: CoordinatorAppointed) -> None:
    """Keep who coordinates the platform."""
    session.merge(Coordinator(person_id=data.person_id, name=data.person_name))
    roles.note(session, [data.person_id], utc_now())


def coordinator_removed(session: Session, _event: Event, data: CoordinatorRemoved) -> None:
    """Forget who coordinated the platform."""
    _forget(session, Coordinator, data.person_id)
    roles.note(session, [data.person_id], utc_now())


def person_renamed(session: Session, _event: Event, data: PersonRenamed) -> None:
    """Show the coordinator by the new name; focal points are kept without theirs."""
    kept = session.get(Coordinator, data.person_id)
    if kept is not None:
        kept.name = data.person_name
        session.add(kept)


def person_erased(session: Session, _event: Event, data: PersonErased) -> None:
    """Forget the person, also in events that wait to be put through again.

    What they followed, asked for and got goes with them. Who complained still gets no e-mail: the
    list keeps the fingerprint of the address.
    """
    erasing.erase_person(session, data.person_id, _addresses_of(session, data.person_id))
    _forget(session, Coordinator, data.person_id)
    _forget(session, Person, data.person_id)
    for role in session.exec(select(FocalPoint).where(FocalPoint.person_id == data.person_id)):
        session.delete(role)
    redact_parked(session, Parked, data.person_id)


def person_reachable(session: Session, _event: Event, data: PersonReachable) -> None:
    """Keep how to reach the person; one that was erased since has no address any more."""
    if data.email:
        keep_newest(
            session,
            Person(
                id=data.person_id,
                email=data.email,
                language=data.language,
                time_zone=data.time_zone,
                version=data.contact_version,
            ),
        )
        roles.note(session, [data.person_id], utc_now())


def person_unreachable(session: Session, _event: Event, data: PersonUnreachable) -> None:
    """Forget how to reach the person, who has no role any more."""
    _forget(session, Person, data.person_id)
    roles.note(session, [data.person_id], utc_now())


def _addresses_of(session: Session, person_id: UUID) -> set[str]:
    readers = session.exec(select(Subscriber.email).where(Subscriber.person_id == person_id))
    person = session.get(Person, person_id)
    return {*readers, *([person.email] if person else [])}


def _forget(session: Session, table: type[FocalPoint | Coordinator | Person], key: Any) -> None:
    row = session.get(table, key)
    if row is not None:
        session.delete(row)
