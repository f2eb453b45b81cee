"""Institutions: what is known of them, how they register and how their profile changes."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, Field, field_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, false, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from services.registry import lifecycle
from services.registry.duplicates import comparison_key
from services.registry.names import keep_shown_names
from services.registry.people import PersonDraft, person_named
from services.registry.tables import FocalPoint, Institution, Person
from services.registry.vocabularies import profile_faults
from shared.problems import INVALID, Problem
from shared.text import Input, Line, Name


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    else:
        if parts.scheme not in {"http", "https"} or "@" in parts.netloc or " " in value:
            host = ""
    if "." not in host:
        raise PydanticCustomError(
            "website", "Give a whole web address, such as https://www.example.org/."
        )
    return value


Website = Annotated[
    str,
    Line(500),
    AfterValidator(_web_address),
    Field(description="Web address (http or https).", examples=["https://www.cirdap.org/"]),
]
Acronym = Annotated[str, Line(40), Field(examples=["CIRDAP"])]
Code = Annotated[str, Line(40)]


class Profile(Input):
    """What an institution says of itself."""

    name: Name = Field(examples=["Centre on Integrated Rural Development for Asia and the Pacific"])
    acronym: Acronym | None = None
    organisation_type: Code = Field(description="IATI OrganisationType code.", examples=["40"])
    subtype: Code | None = Field(
        None,
        description="Required where the type has subtypes (10 and 40), absent elsewhere.",
        examples=["intergovernmental"],
    )
    country: Code | None = Field(
        None,
        description="ISO 3166-1 alpha-2 code of its seat; required for a government body.",
        examples=["BD"],
    )
    website: Website | None = None


class ProfileChange(Input):
    """What shall change; what is absent stays, ``null`` empties an optional field (RFC 7396)."""

    name: Name | None = None
    acronym: Acronym | None = None
    organisation_type: Code | None = None
    subtype: Code | None = None
    country: Code | None = None
    website: Website | None = None

    @field_validator("name", "organisation_type", mode="before")
    @classmethod
    def _not_emptied(cls, value: Any) -> Any:
        if value is None:
            raise PydanticCustomError("required", "This can be changed, but not left empty.")
        return value


def register(
    session: Session, profile: Profile, focal_point: PersonDraft, now: datetime
) -> tuple[Institution, Person]:
    """Store a registration, not yet confirmed by its focal point.

    Raises a Problem (422) for a code that its vocabulary doesn't have.
    """
    institution = Institution(
        **_checked(profile.model_dump()), status="", registered_at=now, updated_at=now
    )
    person = person_named(session, focal_point)
    lifecycle.begin(session, institution, now)
    keep_shown_names(session, institution)
    session.add(FocalPoint(person_id=person.id, institution_id=institution.id, named_at=now))
    session.flush()
    return institution, person


def update(session: Session, institution: Institution, change: ProfileChange, by: UUID) -> None:
    """Change the profile; a change that changes nothing makes no new version.

    Raises a Problem: 409 in a state in which nothing may change, 422 for an unknown code.
    """
    lifecycle.require_possible(institution, lifecycle.Action.UPDATE)
    before = {name: getattr(institution, name) for name in Profile.model_fields}
    after = _checked({**before, **change.model_dump(exclude_unset=True)})
    changes = {name: [before[name], after[name]] for name in before if before[name] != after[name]}
    if changes:
        for name, value in after.items():
            setattr(institution, name, value)
        keep_shown_names(session, institution)
        lifecycle.record_update(session, institution, by, changes)


def matching(
    statement: SelectOfScalar[Institution], words: str | None
) -> SelectOfScalar[Institution]:
    """Narrow a selection to the institutions whose name or acronym contains ``words``."""
    if words is None:
        return statement
    key = comparison_key(words)
    if not key:
        return statement.where(false())
    return statement.where(
        or_(
            col(Institution.name_key).contains(key, autoescape=True),
            col(Institution.acronym_key).contains(key, autoescape=True),
        )
    )


def awaiting_confirmation(session: Session, person_id: UUID, until: datetime) -> list[Institution]:
    """Return the registrations made until then that wait for this person's confirmation."""
    return list(
        session.exec(
            select(Institution)
            .join(FocalPoint, col(FocalPoint.institution_id) == col(Institution.id))
            .where(
                FocalPoint.person_id == person_id,
                Institution.status == lifecycle.Status.UNCONFIRMED,
                Institution.registered_at <= until,
            )
            .order_by(col(Institution.id))
        )
    )


def _checked(profile: dict[str, Any]) -> dict[str, Any]:
    faults = profile_faults(profile["organisation_type"], profile["subtype"], profile["country"])
    if faults:
        raise Problem(
            INVALID, "Some codes don't fit; each is named with what to do.", errors=faults
        )
    acronym = profile["acronym"]
    return {
        **profile,
        "name_key": comparison_key(profile["name"]),
        "acronym_key": (comparison_key(acronym) or None) if acronym else None,
    }
