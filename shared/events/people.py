"""Events of the people who speak for institutions and coordinate the platform."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import PERSON_NAMED, RegistryEvent

FocalPointRole = Literal["focal_point", "alternate"]


class FocalPointConfirmed(RegistryEvent):
    """A person now speaks for the institution, or does so in another role than before."""

    name: ClassVar[str] = "focal_point.confirmed"
    personal: ClassVar[Mapping[str, str]] = PERSON_NAMED
    person_id: UUID
    institution_id: UUID
    person_name: str
    role: FocalPointRole


class FocalPointRemoved(RegistryEvent):
    """A person no longer speaks for the institution."""

    name: ClassVar[str] = "focal_point.removed"
    person_id: UUID
    institution_id: UUID


class CoordinatorAppointed(RegistryEvent):
    """A person now coordinates the platform."""

    name: ClassVar[str] = "coordinator.appointed"
    personal: ClassVar[Mapping[str, str]] = PERSON_NAMED
    person_id: UUID
    person_name: str


class CoordinatorRemoved(RegistryEvent):
    """A person no longer coordinates the platform."""

    name: ClassVar[str] = "coordinator.removed"
    person_id: UUID


class InstitutionLeftWithoutFocalPoint(RegistryEvent):
    """A coordinator let the last focal point go: nobody speaks for the institution now."""

    name: ClassVar[str] = "institution.left_without_focal_point"
    institution_id: UUID
    institution_name: str


class PersonRenamed(RegistryEvent):
    """A person is called otherwise from now on, in every role."""

    name: ClassVar[str] = "person.renamed"
    personal: ClassVar[Mapping[str, str]] = PERSON_NAMED
    person_id: UUID
    person_name: str


class PersonReachable(RegistryEvent):
    """How to reach a person who has a role: the confirmed address, or what changed of it.

    For the notifier, which writes to them; the address is emptied once the person is erased.
    """

    name: ClassVar[str] = "person.reachable"
    personal: ClassVar[Mapping[str, str]] = MappingProxyType({"email": "person_id"})
    person_id: UUID
    email: str
    language: str = Field(description="BCP 47.", examples=["pt-BR"])
    time_zone: str = Field(description="IANA time zone.", examples=["Asia/Bangkok"])
    contact_version: int = Field(
        description="Grows with each change; an older one must be ignored."
    )


class PersonUnreachable(RegistryEvent):
    """A person has no role any more: whoever keeps their address forgets it."""

    name: ClassVar[str] = "person.unreachable"
    person_id: UUID


class PersonErased(RegistryEvent):
    """A person was erased: whoever keeps something of them forgets it.

    The name is gone from the events of before, too; a reader that kept copies empties them.
    """

    name: ClassVar[str] = "person.erased"
    person_id: UUID
