"""What every event type builds on: the sources, the values inside, who a name belongs to."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from shared.events.envelope import EventData

REGISTRY = "/registry"

WORKGROUPS = "/workgroups"


class Facts(BaseModel):
    """Base of the values inside events."""

    model_config = ConfigDict(frozen=True, extra="ignore", from_attributes=True)


class RegistryEvent(EventData):
    """An event of the registry."""

    source: ClassVar[str] = REGISTRY


class WorkgroupsEvent(EventData):
    """An event of workgroups."""

    source: ClassVar[str] = WORKGROUPS


PERSON_NAMED: Mapping[str, str] = MappingProxyType({"person_name": "person_id"})
"""The name of a person, emptied once that person is erased."""
