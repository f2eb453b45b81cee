"""Events of the people who speak for institutions and coordinate the platform."""

from collections.abc import Mapping
from typing import ClassVar, Literal
from uuid import UUID

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


class PersonErased(RegistryEvent):
    """A person was erased: whoever keeps something of them forgets it.

    The name is gone from the events of before, too; a reader that kept copies empties them.
    """

    name: ClassVar[str] = "person.erased"
    person_id: UUID
