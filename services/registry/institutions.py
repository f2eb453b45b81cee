"""Institutions: what is known of them, how they register and how their profile changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError, to_jsonable_python
from sqlmodel import Session, col, select

from services.registry import lifecycle, profiles
from services.registry.domains import EmailDomain
from services.registry.duplicates import make_search_keys
from services.registry.people import PersonDraft, person_named
from services.registry.permissions import is_coordinator_id, visible_to_person
from services.registry.profile_checks import (
    faults_of,
    verification_faults,
    with_kept_identifiers,
    without_shown_names,
)
from services.registry.profile_fields import (
    Acronym,
    Code,
    Description,
    Identifier,
    OtherName,
    ShownName,
    Visibility,
    Website,
)
from services.registry.profiles import Document
from services.registry.relations import Kind, relation_faults
from services.registry.tables import FocalPoint, Institution, Person
from services.registry.transitions import Action, Status, require_possible
from shared.languages import LanguageTag
from shared.problems import INVALID, Problem
from shared.text import Input


class Profile(Input):
    """What an institution says of itself."""

    name: ShownName = Field(
        description="The official name that is shown.",
        examples=["Centre on Integrated Rural Development for Asia and the Pacific"],
    )
    name_language: LanguageTag | None = Field(None, examples=["en"])
    acronym: Acronym | None = None
    names: Annotated[list[OtherName], Field(max_length=50)] = Field(
        default_factory=list,
        description="Its other names: official in other languages, aliases, acronyms, former "
        "ones. One that repeats `name` or `acronym` is left out.",
    )
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
    countries: Annotated[list[Code], Field(max_length=249)] = Field(
        default_factory=list,
        description="ISO 3166-1 alpha-2 codes of where it is present.",
        examples=[["BD", "TH"]],
    )
    regions: Annotated[list[Code], Field(max_length=40)] = Field(
        default_factory=list, description="UN M49 codes of its regions.", examples=[["034", "035"]]
    )
    themes: Annotated[list[Code], Field(max_length=50)] = Field(
        default_factory=list,
        description="Codes of GET /vocabularies/themes.",
        examples=[["rural-development"]],
    )
    sdgs: Annotated[list[Code], Field(max_length=17)] = Field(
        default_factory=list,
        description="Sustainable Development Goals, 1 to 17.",
        examples=[["1", "17"]],
    )
    languages: Annotated[list[LanguageTag], Field(max_length=50)] = Field(
        default_factory=list, description="The languages it works in.", examples=[["en", "bn"]]
    )
    website: Website | None = None
    email_domains: Annotated[list[EmailDomain], Field(max_length=20)] = Field(
        default_factory=list, description="The domains of its own e-mail addresses."
    )
    identifiers: Annotated[list[Identifier], Field(max_length=30)] = Field(
        default_factory=list, description="What registers outside call it."
    )
    parent: UUID | None = Field(
        None, description="The institution that it is a part of, one that you can see."
    )
    predecessors: Annotated[list[UUID], Field(max_length=20)] = Field(
        default_factory=list, description="The institutions that it follows, that you can see."
    )
    descriptions: dict[LanguageTag, Description] = Field(
        default_factory=dict,
        description="What it does, by language; of 30 languages at most.",
        examples=[{"en": "Promotes integrated rural development."}],
    )
    visibility: Visibility = Field(
        "public",
        description="Who may see it once it is verified: everybody, people of verified "
        "institutions (partners), or its own people alone (private); coordinators always.",
    )


class ProfileChange(Input):
    """What shall change; what is absent stays, ``null`` empties an optional field (RFC 7396).

    A list is replaced as a whole; of the descriptions each language is changed by itself.
    """

    name: ShownName | None = None
    name_language: LanguageTag | None = None
    acronym: Acronym | None = None
    names: Annotated[list[OtherName], Field(max_length=50)] | None = None
    organisation_type: Code | None = None
    subtype: Code | None = None
    country: Code | None = None
    countries: Annotated[list[Code], Field(max_length=249)] | None = None
    regions: Annotated[list[Code], Field(max_length=40)] | None = None
    themes: Annotated[list[Code], Field(max_length=50)] | None = None
    sdgs: Annotated[list[Code], Field(max_length=17)] | None = None
    languages: Annotated[list[LanguageTag], Field(max_length=50)] | None = None
    website: Website | None = None
    email_domains: Annotated[list[EmailDomain], Field(max_length=20)] | None = None
    identifiers: Annotated[list[Identifier], Field(max_length=30)] | None = None
    parent: UUID | None = None
    predecessors: Annotated[list[UUID], Field(max_length=20)] | None = None
    descriptions: dict[LanguageTag, Description | None] | None = None
    visibility: Visibility | None = None

    @field_validator("name", "organisation_type", "visibility", mode="before")
    @classmethod
    def _not_emptied(cls, value: Any) -> Any:
        if value is None:
            raise PydanticCustomError("required", "This can be changed, but not left empty.")
        return value


def register(
    session: Session,
    profile: Profile,
    focal_point: PersonDraft,
    now: datetime,
    by: UUID | None = None,
) -> tuple[Institution, Person]:
    """Store a registration, not yet confirmed by its focal point.

    ``by`` is who registers it, if they are signed in. Raises a Problem (422) for what doesn't fit
    together, such as a code that its vocabulary doesn't have.
    """
    draft = drafted(session, profile, now, by)
    institution = draft.institution
    person = person_named(session, focal_point)
    lifecycle.begin(session, institution, now)
    profiles.keep(session, institution, profiles.NOTHING, draft.document)
    session.add(FocalPoint(person_id=person.id, institution_id=institution.id, named_at=now))
    session.flush()
    return institution, person


@dataclass(frozen=True)
class Draft:
    """A new institution, not stored yet, and its profile."""

    institution: Institution
    document: Document


def drafted(session: Session, profile: Profile, now: datetime, by: UUID | None) -> Draft:
    """Return a new institution of that profile, not stored yet.

    Raises a Problem (422) for what doesn't fit together.
    """
    document = _checked(
        session,
        None,
        before=profiles.NOTHING,
        after=profile.model_dump(),
        sent=profile.identifiers,
        by=by,
    )
    row = {field: document[field] for field in profiles.OF_THE_ROW}
    institution = Institution(
        **row, **profiles.keys_of(document), status="", registered_at=now, updated_at=now
    )
    return Draft(institution, document)


def bring_in(
    session: Session, drafts: Sequence[tuple[Draft, str]], *, by: UUID, now: datetime
) -> None:
    """Store institutions that a coordinator knows, submitted, each with where it was taken from.

    All at once, because one by one takes several times as long.
    """
    lifecycle.bring_in(session, [(draft.institution, reason) for draft, reason in drafts], by, now)
    for draft, _ in drafts:
        session.add_all(profiles.rows_of(draft.institution, draft.document))
    make_search_keys(session, [draft.institution.id for draft, _ in drafts])


def changes_of(
    session: Session, institution: Institution, before: Document, change: ProfileChange, by: UUID
) -> dict[str, list[Any]]:
    """Return what a change would change in a profile: the values before and after, by field.

    Raises a Problem (422) for what doesn't fit together.
    """
    after = _after(session, institution, before, change, by)
    return {name: [before[name], after[name]] for name in before if before[name] != after[name]}


def update(session: Session, institution: Institution, change: ProfileChange, by: UUID) -> None:
    """Change the profile; a change that changes nothing makes no new version.

    Raises a Problem: 409 in a state in which nothing may change, 422 for what doesn't fit together.
    """
    require_possible(institution, Action.UPDATE)
    before = profiles.profile_of(session, institution)
    after = _after(session, institution, before, change, by)
    changes = {name: [before[name], after[name]] for name in before if before[name] != after[name]}
    if changes:
        profiles.keep(session, institution, before, after)
        lifecycle.record_update(session, institution, by, changes)


def awaiting_confirmation(session: Session, person_id: UUID, until: datetime) -> list[Institution]:
    """Return the registrations made until then that wait for this person's confirmation."""
    return list(
        session.exec(
            select(Institution)
            .join(FocalPoint, col(FocalPoint.institution_id) == col(Institution.id))
            .where(
                FocalPoint.person_id == person_id,
                Institution.status == Status.UNCONFIRMED,
                Institution.registered_at <= until,
            )
            .order_by(col(Institution.id))
        )
    )


def _after(
    session: Session, institution: Institution, before: Document, change: ProfileChange, by: UUID
) -> Document:
    return _checked(
        session,
        institution.id,
        before=before,
        after=_merged(before, change),
        sent=change.identifiers or [],
        by=by,
    )


def _merged(before: Document, change: ProfileChange) -> Document:
    """The profile after a JSON Merge Patch (RFC 7396)."""
    merged = dict(before)
    sent = change.model_dump(mode="json", include=change.model_fields_set)
    for field, value in sent.items():
        if field == "descriptions" and value is not None:
            texts = {**before[field], **value}
            merged[field] = {tag: text for tag, text in texts.items() if text is not None}
        else:
            merged[field] = profiles.NOTHING.get(field) if value is None else value
    return merged


def _checked(
    session: Session,
    institution_id: UUID | None,
    *,
    before: Document,
    after: Document,
    sent: Sequence[Identifier],
    by: UUID | None,
) -> Document:
    """The profile as it will be read back; a Problem (422) that names every fault otherwise."""
    dated = {place for place, each in enumerate(sent) if "verified_at" in each.model_fields_set}
    document = with_kept_identifiers(to_jsonable_python(after), before, dated)
    faults = faults_of(document)
    if by is None or not is_coordinator_id(session, by):
        faults += verification_faults(before, document)
    faults += relation_faults(
        session,
        institution_id,
        _new_relations(before, document),
        visible_to_person(session, by),
    )
    if faults:
        raise Problem(
            INVALID, "Some of this doesn't fit; each fault is named with what to do.", errors=faults
        )
    return profiles.in_order(without_shown_names(document))


def _new_relations(before: Document, after: Document) -> Iterator[tuple[Kind, UUID, str]]:
    if after["parent"] is not None and after["parent"] != before["parent"]:
        yield "parent", UUID(after["parent"]), "/parent"
    for place, other in enumerate(after["predecessors"]):
        if other not in before["predecessors"]:
            yield "predecessor", UUID(other), f"/predecessors/{place}"
