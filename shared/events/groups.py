"""Events of themes, follow-up groups and who belongs to them."""

from typing import ClassVar, Literal
from uuid import UUID

from shared.events.base import Facts, WorkgroupsEvent

GroupStatus = Literal["active", "archived"]


class GroupFacts(Facts):
    """A follow-up group."""

    group_id: UUID
    slug: str
    title: str
    purpose: str
    theme_slug: str
    theme_title: str
    status: GroupStatus = "active"
    version: int


class GroupRef(Facts):
    """A group that a meeting belongs to."""

    group_id: UUID
    title: str
    theme_slug: str


class ThemeCreated(WorkgroupsEvent):
    """A theme under which groups follow up."""

    name: ClassVar[str] = "theme.created"
    theme_id: UUID
    slug: str
    title: str


class GroupCreated(WorkgroupsEvent):
    """A coordinator opened a follow-up group."""

    name: ClassVar[str] = "group.created"
    group: GroupFacts


class GroupUpdated(WorkgroupsEvent):
    """The charter of a group changed."""

    name: ClassVar[str] = "group.updated"
    group: GroupFacts


class MembershipJoined(WorkgroupsEvent):
    """An institution joined a group."""

    name: ClassVar[str] = "membership.joined"
    group_id: UUID
    group_title: str
    theme_slug: str
    institution_id: UUID
    institution_name: str
    institution_acronym: str | None = None


class MembershipLeft(WorkgroupsEvent):
    """An institution left a group."""

    name: ClassVar[str] = "membership.left"
    group_id: UUID
    group_title: str
    theme_slug: str
    institution_id: UUID
    institution_name: str
    institution_acronym: str | None = None
