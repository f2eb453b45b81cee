"""People: who they are, and who of them coordinates the platform."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from services.registry.tables import Coordinator, FocalPoint, Institution, Person
from shared import outbox
from shared.columns import utc_now
from shared.events.catalogue import CoordinatorAppointed, CoordinatorRemoved
from shared.problems import CONFLICT, NOT_FOUND, Problem
from shared.text import EmailAddress, Input, Name
from shared.time_zones import TimeZone

Language = Annotated[
    str,
    Field(
        max_length=35,
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="Language tag (BCP 47).",
        examples=["en"],
    ),
]


class PersonDraft(Input):
    """A person as somebody names them in a registration."""

    name: Name = Field(examples=["Ana Souza"])
    email: EmailAddress = Field(examples=["ana.souza@example.org"])
    language: Language = "en"
    time_zone: TimeZone = "UTC"


def address_key(email: str) -> str:
    """Return what two spellings of one address share.

    RFC 5321 lets the part before the @ differ by case, but no two people of one house do.
    """
    return email.casefold()


def person_with(session: Session, email: str) -> Person | None:
    """Return the person of that address, if there is one."""
    return session.exec(select(Person).where(Person.email_key == address_key(email))).first()


def person_named(session: Session, draft: PersonDraft) -> Person:
    """Return the person of the drafted address, made now if there is none.

    Anybody can name an address, so the facts of somebody who has confirmed theirs stay as they are.
    """
    person = person_with(session, draft.email)
    if person is None:
        return _add(session, draft)
    if person.confirmed_at is None:
        person.name = draft.name
        person.language = draft.language
        person.time_zone = draft.time_zone
        session.add(person)
    return person


def confirm_address(session: Session, person: Person, now: datetime) -> None:
    """Note that the person reads mail at their address."""
    if person.confirmed_at is None:
        person.confirmed_at = now
        session.add(person)


def appoint_coordinator(session: Session, email: str, name: str) -> tuple[Person, bool]:
    """Make the person of that address a coordinator.

    Returns the person, and whether they were appointed just now: doing it again changes nothing.
    """
    person = person_named(session, PersonDraft(name=name, email=email))
    if session.get(Coordinator, person.id) is not None:
        return person, False
    session.add(Coordinator(person_id=person.id, appointed_at=utc_now()))
    outbox.publish(
        session,
        CoordinatorAppointed(person_id=person.id, person_name=person.name),
        subject=f"people/{person.id}",
    )
    return person, True


def remove_coordinator(session: Session, email: str) -> Person:
    """Take the role of coordinator from the person of that address, and return them.

    Raises a Problem: 404 when they are no coordinator, 409 when they are the last one.
    """
    person = person_with(session, email)
    coordinators = session.exec(
        select(Coordinator).order_by(col(Coordinator.person_id)).with_for_update()
    ).all()
    role = next((c for c in coordinators if person and c.person_id == person.id), None)
    if person is None or role is None:
        raise Problem(NOT_FOUND, "No coordinator has that address. Check its spelling.")
    if len(coordinators) == 1:
        raise Problem(
            CONFLICT,
            "This is the last coordinator. Make another first, so that somebody can verify.",
        )
    session.delete(role)
    outbox.publish(session, CoordinatorRemoved(person_id=person.id), subject=f"people/{person.id}")
    return person


def roles_in_institutions(
    session: Session, person_id: UUID
) -> list[tuple[Institution, FocalPoint]]:
    """Return the institutions for which the person speaks, oldest first."""
    return [
        (institution, role)
        for institution, role in session.exec(
            select(Institution, FocalPoint)
            .where(
                col(FocalPoint.institution_id) == col(Institution.id),
                col(FocalPoint.person_id) == person_id,
                col(FocalPoint.confirmed_at).is_not(None),
            )
            .order_by(col(Institution.id))
        )
    ]


def _add(session: Session, draft: PersonDraft) -> Person:
    person = Person(
        name=draft.name,
        email=draft.email,
        email_key=address_key(draft.email),
        language=draft.language,
        time_zone=draft.time_zone,
    )
    try:
        with session.begin_nested():
            session.add(person)
    except IntegrityError:
        # Another transaction named the same address a moment ago.
        found = person_with(session, draft.email)
        if found is None:
            raise
        return found
    return person
