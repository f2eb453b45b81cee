"""Events of updates."""

from typing import ClassVar, Literal
from uuid import UUID

from shared.events.base import WorkgroupsEvent

UpdateKind = Literal["initiative", "opportunity", "challenge", "resource", "decision", "news"]


class UpdatePosted(WorkgroupsEvent):
    """A member institution told its group something."""

    name: ClassVar[str] = "update.posted"
    update_id: UUID
    group_id: UUID
    group_title: str
    theme_slug: str
    institution_id: UUID
    institution_name: str
    institution_acronym: str | None = None
    kind: UpdateKind
    title: str
    text: str
