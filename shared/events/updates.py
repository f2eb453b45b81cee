"""Events of updates and of what is said to them."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import Facts, WorkgroupsEvent

UpdateKind = Literal["initiative", "opportunity", "challenge", "resource", "decision", "news"]


class AttachmentFacts(Facts):
    """A file of an update or a meeting, read from workgroups by who sees the group."""

    attachment_id: UUID
    name: str
    media_type: str
    size: int = Field(description="Bytes.")


class UpdateEvent(WorkgroupsEvent):
    """An event that tells the whole update."""

    update_id: UUID
    group_id: UUID
    group_title: str
    theme_slug: str
    institution_id: UUID
    institution_name: str
    institution_acronym: str | None = None
    kind: UpdateKind
    title: str
    text: str = Field(description="Markdown (CommonMark).")
    language: str | None = Field(None, description="Of title and text (BCP 47), if it was said.")
    posted_by: UUID | None = Field(None, description="The person.")
    needs: list[UUID] = Field(default=[], description="Of the registry: what it is about.")
    offers: list[UUID] = Field(default=[], description="Of the registry: what it is about.")
    mentioned_people: list[UUID] = Field(default=[], description="People who have a role there.")
    mentioned_institutions: list[UUID] = Field(default=[], description="Of the registry.")
    attachments: list[AttachmentFacts] = Field(default=[], description="Its files.")
    update_version: int = Field(
        1, description="Grows with each change; an older one must be ignored."
    )


class UpdatePosted(UpdateEvent):
    """A member institution told its group something: the update is published."""

    name: ClassVar[str] = "update.posted"


class UpdateChanged(UpdateEvent):
    """A published update was edited."""

    name: ClassVar[str] = "update.changed"
    changed: list[str] = Field(description="The fields that changed.", examples=[["title"]])


class UpdatePinned(WorkgroupsEvent):
    """Who leads the group pinned an update, or took it down from there."""

    name: ClassVar[str] = "update.pinned"
    update_id: UUID
    group_id: UUID
    pinned: bool
    update_version: int


class UpdateWithdrawn(WorkgroupsEvent):
    """An update was taken back: its text must not be shown any more."""

    name: ClassVar[str] = "update.withdrawn"
    update_id: UUID
    group_id: UUID
    institution_id: UUID
    by_group: bool = Field(description="By who leads the group, not by its institution.")
    reason: str
    update_version: int
