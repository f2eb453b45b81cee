"""Events of themes, follow-up groups and who belongs to them."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import Facts, WorkgroupsEvent

GroupStatus = Literal[
    "proposed", "active", "dormant", "concluded", "replaced", "abandoned", "archived"
]
"""Where a group stands; ``archived`` is what old events call ``concluded``."""

GroupVisibility = Literal["all", "partners", "members"]

GroupAdmission = Literal["open", "on_request", "invitation"]


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
    charter: int = Field(1, description="The number of its charter's version.")
    visibility: GroupVisibility = Field(
        "all",
        description="Who may hear of it: everybody, people of verified institutions, its own.",
    )
    replaced_by: UUID | None = Field(None, description="The group that goes on with its work.")
    admission: GroupAdmission = Field("open", description="How institutions come to belong to it.")


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
    goals: list[str] = Field([], description="Sustainable Development Goals, 1 to 17.")
    sectors: list[str] = Field([], description="Codes of the vocabulary sectors.")


class ThemeUpdated(WorkgroupsEvent):
    """A theme is called otherwise, was retired or takes groups again."""

    name: ClassVar[str] = "theme.updated"
    theme_id: UUID
    slug: str
    title: str
    retired: bool = Field(False, description="Whether it takes no new groups.")
    goals: list[str] = Field([], description="Sustainable Development Goals, 1 to 17.")
    sectors: list[str] = Field([], description="Codes of the vocabulary sectors.")


class ThemeMerged(WorkgroupsEvent):
    """A theme ended in another, which has its groups now; who follows it follows that one."""

    name: ClassVar[str] = "theme.merged"
    theme_id: UUID
    slug: str
    into_id: UUID
    into_slug: str
    into_title: str


class GroupCreated(WorkgroupsEvent):
    """A coordinator opened a follow-up group."""

    name: ClassVar[str] = "group.created"
    group: GroupFacts


class GroupUpdated(WorkgroupsEvent):
    """The charter of a group or where it stands changed."""

    name: ClassVar[str] = "group.updated"
    group: GroupFacts
    action: str | None = Field(
        None, description="The step that was taken, as in the table of transitions."
    )
    reason: str | None = Field(None, description="Why, where a reason was given.")


class GroupReviewDue(WorkgroupsEvent):
    """The day has come on which a group wanted to look at its charter again."""

    name: ClassVar[str] = "group.review_due"
    group_id: UUID
    group_title: str
    theme_slug: str
    charter: int = Field(description="The version of the charter that names the day.")
    review_date: date


class GroupDormancySuggested(WorkgroupsEvent):
    """Nothing happened in an active group for 90 days: who leads it may put it to rest."""

    name: ClassVar[str] = "group.dormancy_suggested"
    group_id: UUID
    group_title: str
    theme_slug: str
    quiet_since: datetime = Field(description="Since then at the latest nothing happened.")


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
    """An institution left a group, or was removed from it."""

    name: ClassVar[str] = "membership.left"
    group_id: UUID
    group_title: str
    theme_slug: str
    institution_id: UUID
    institution_name: str
    institution_acronym: str | None = None
    removed: bool = Field(False, description="Whether the group ended the membership.")
    reason: str | None = Field(None, description="Why, where it was removed.")
