"""What a person changes of themselves: name, language, time zone, address."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import field_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from services.registry import outgoing_letters
from services.registry.people import Language, address_key
from services.registry.tables import (
    Coordinator,
    FocalPoint,
    OutgoingLetter,
    OwnCode,
    Person,
    SignIn,
)
from shared import outbox
from shared.events.catalogue import PersonRenamed
from shared.identity import unauthenticated
from shared.problems import CONFLICT, FieldError, Problem
from shared.text import Input, Name
from shared.time_zones import TimeZone


class PersonChange(Input):
    """What shall change; what is absent stays (RFC 7396)."""

    name: Name | None = None
    language: Language | None = None
    time_zone: TimeZone | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _not_emptied(cls, value: Any) -> Any:
        if value is None:
            raise PydanticCustomError("required", "This can be changed, but not left empty.")
        return value


def present(session: Session, person_id: UUID) -> Person:
    """Return the person, locked; a Problem (401) when they were erased meanwhile."""
    person = session.exec(select(Person).where(Person.id == person_id).with_for_update()).first()
    if person is None or person.erased_at is not None:
        raise unauthenticated("You were erased, so nobody can act as you any more.")
    return person


def change(session: Session, person: Person, wanted: PersonChange) -> None:
    """Change the person's facts; what is as it was makes no new version.

    A new name is told to whoever shows it.
    """
    changes = {
        name: value
        for name, value in wanted.model_dump(exclude_unset=True).items()
        if getattr(person, name) != value
    }
    for name, value in changes.items():
        setattr(person, name, value)
    if not changes:
        return
    person.version += 1
    session.add(person)
    if "name" in changes and _has_role(session, person.id):
        outbox.publish(
            session,
            PersonRenamed(person_id=person.id, person_name=person.name),
            subject=f"people/{person.id}",
        )


def change_address(
    session: Session, person: Person, code: OwnCode, now: datetime
) -> OutgoingLetter:
    """Let the address that the used code confirmed be the person's; return the old one's letter.

    Codes that were sent to the old address are worthless from now on. Raises a Problem (409) when
    the address belongs to somebody else; only its reader, who has the code, learns that.
    """
    assert code.email is not None  # noqa: S101
    letter = outgoing_letters.to_person(session, "address_changed", person, {}, now)
    try:
        with session.begin_nested():
            person.email = code.email
            person.email_key = address_key(code.email)
            person.confirmed_at = now
            person.version += 1
            session.add(person)
    except IntegrityError:
        raise Problem(
            CONFLICT,
            "Somebody else is known by this address. Sign in with it, or choose another.",
            errors=[FieldError(pointer="/email", detail="Choose an address of your own.")],
        ) from None
    session.execute(
        delete(SignIn).where(col(SignIn.person_id) == person.id, col(SignIn.confirmed_at).is_(None))
    )
    session.execute(
        delete(OwnCode).where(col(OwnCode.person_id) == person.id, col(OwnCode.used_at).is_(None))
    )
    return letter


def _has_role(session: Session, person_id: UUID) -> bool:
    if session.get(Coordinator, person_id) is not None:
        return True
    role = select(FocalPoint.institution_id).where(
        FocalPoint.person_id == person_id, col(FocalPoint.confirmed_at).is_not(None)
    )
    return session.exec(role.limit(1)).first() is not None
