"""Events of who asks to belong to a group, whose place waits, and the roles of people.

Joining and leaving are told with the groups.
"""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import WorkgroupsEvent

GroupRoleName = Literal[
    "coordinator",
    "co_chair",
    "rapporteur",
    "focal_point",
    "alternate",
    "member",
    "observer",
    "adviser",
]

AdmissionKind = Literal["request", "invitation"]


class AdmissionEvent(WorkgroupsEvent):
    """Base of the events of requests and invitations."""

    admission_id: UUID
    kind: AdmissionKind
    group_id: UUID
    group_title: str
    theme_slug: str
    institution_id: UUID
    institution_name: str
    institution_acronym: str | None = None


class MembershipRequested(AdmissionEvent):
    """An institution asks to join a group; who leads it decides."""

    name: ClassVar[str] = "membership.requested"


class MembershipInvited(AdmissionEvent):
    """A group asks an institution to join; who speaks for it decides."""

    name: ClassVar[str] = "membership.invited"


class MembershipDeclined(AdmissionEvent):
    """A request or an invitation was declined."""

    name: ClassVar[str] = "membership.declined"
    reason: str


class MembershipAskedNoMore(AdmissionEvent):
    """A request or an invitation was withdrawn by who made it."""

    name: ClassVar[str] = "membership.asked_no_more"


class MembershipStandingEvent(WorkgroupsEvent):
    """Base of the events of what became of a place in a group."""

    group_id: UUID
    group_title: str
    theme_slug: str
    institution_id: UUID
    institution_name: str
    institution_acronym: str | None = None


class MembershipSuspended(MembershipStandingEvent):
    """A membership waits to be confirmed: something changed at the registry."""

    name: ClassVar[str] = "membership.suspended"
    reason: str


class MembershipConfirmed(MembershipStandingEvent):
    """A suspended membership goes on."""

    name: ClassVar[str] = "membership.confirmed"


class MembershipMoved(WorkgroupsEvent):
    """A place in a group went to another institution, after a merge at the registry or its end."""

    name: ClassVar[str] = "membership.moved"
    group_id: UUID
    group_title: str
    theme_slug: str
    institution_id: UUID = Field(description="Who had the place.")
    into_id: UUID = Field(description="Who has it now.")


class RoleEvent(WorkgroupsEvent):
    """Base of the events of people's roles in a group."""

    participant_id: UUID
    group_id: UUID
    group_title: str
    theme_slug: str
    person_id: UUID
    institution_id: UUID | None = Field(None, description="Through which the person takes part.")
    role: GroupRoleName


class RoleGiven(RoleEvent):
    """A person has a role in a group."""

    name: ClassVar[str] = "role.given"


class RoleEnded(RoleEvent):
    """A person has a role in a group no more."""

    name: ClassVar[str] = "role.ended"
    reason: str | None = None


class RoleSuspended(RoleEvent):
    """A role waits to be confirmed: something changed at the registry."""

    name: ClassVar[str] = "role.suspended"
    reason: str


class RoleConfirmed(RoleEvent):
    """A suspended role goes on."""

    name: ClassVar[str] = "role.confirmed"


class GroupLeftWithoutCoordinator(WorkgroupsEvent):
    """The last coordinator of a group is gone or suspended: the platform's coordinators lead it."""

    name: ClassVar[str] = "group.left_without_coordinator"
    group_id: UUID
    group_title: str
    theme_slug: str
