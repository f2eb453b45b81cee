"""Events of comments on updates."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import WorkgroupsEvent


class CommentEvent(WorkgroupsEvent):
    """An event that tells the whole comment."""

    comment_id: UUID
    parent_id: UUID | None = Field(None, description="The comment that it replies to.")
    update_id: UUID
    update_title: str
    group_id: UUID
    group_title: str
    theme_slug: str
    institution_id: UUID | None = Field(None, description="In whose name it is said, if in one.")
    institution_name: str | None = None
    institution_acronym: str | None = None
    posted_by: UUID = Field(description="The person.")
    text: str = Field(description="Markdown (CommonMark).")
    language: str | None = Field(None, description="BCP 47, if it was said.")
    mentioned_people: list[UUID] = Field(default=[], description="People who have a role there.")
    mentioned_institutions: list[UUID] = Field(default=[], description="Of the registry.")
    comment_version: int = Field(description="Grows with each change.")


class CommentPosted(CommentEvent):
    """Somebody of the group commented on an update."""

    name: ClassVar[str] = "comment.posted"


class CommentChanged(CommentEvent):
    """The author edited a comment."""

    name: ClassVar[str] = "comment.changed"


class CommentWithdrawn(WorkgroupsEvent):
    """A comment was taken back: its text must not be shown any more."""

    name: ClassVar[str] = "comment.withdrawn"
    comment_id: UUID
    update_id: UUID
    group_id: UUID
    by_group: bool = Field(description="By who leads the group, not by its author.")
    reason: str
    comment_version: int
