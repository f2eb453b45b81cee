"""The person who calls."""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field
from sqlmodel import Session

from services.registry.people import roles_in_institutions
from services.registry.permissions import is_coordinator_id
from services.registry.routes.permitted import CurrentPerson
from services.registry.tables import Person
from services.registry.transitions import Status
from shared.etags import etag
from shared.identity import unauthenticated
from shared.problems import FORBIDDEN, UNAUTHENTICATED, responses
from shared.text import Output
from shared.web import Reading

router = APIRouter(tags=["people"])


class RoleOut(Output):
    """An institution for which a person speaks."""

    id: UUID
    name: str
    acronym: str | None
    status: Status
    role: Literal["focal_point", "alternate"]


class PersonOut(Output):
    """A person, with their roles."""

    id: UUID
    name: str = Field(examples=["Ana Souza"])
    email: str = Field(examples=["ana.souza@example.org"])
    language: str = Field(examples=["en"])
    time_zone: str = Field(examples=["Asia/Bangkok"])
    roles: list[Literal["coordinator"]] = Field(description="Roles on the platform.")
    institutions: list[RoleOut] = Field(description="Roles in institutions.")
    version: int = Field(description="Grows with each change; the ETag of the person.")


def described(session: Session, person: Person) -> PersonOut:
    """Return the person with their roles as of now."""
    return PersonOut(
        **person.model_dump(include={"id", "name", "email", "language", "time_zone", "version"}),
        roles=["coordinator"] if is_coordinator_id(session, person.id) else [],
        institutions=[
            RoleOut.model_validate({**institution.model_dump(), "role": role.role})
            for institution, role in roles_in_institutions(session, person.id)
        ],
    )


@router.get(
    "/me",
    summary="Who am I?",
    response_model=PersonOut,
    responses=responses(UNAUTHENTICATED, FORBIDDEN),
)
def read_me(caller: CurrentPerson, session: Reading, response: Response) -> PersonOut:
    """Return the person who calls, with their roles and their ETag."""
    person = session.get_one(Person, caller.id)
    if person.erased_at is not None:
        raise unauthenticated("You were erased, so nobody can act as you any more.")
    response.headers["ETag"] = etag(person.version)
    return described(session, person)
