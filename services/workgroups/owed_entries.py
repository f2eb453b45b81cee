"""What somebody may owe, what to do about each, and where it stands in the list."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

Place = tuple[int, int, str, str]
"""Where something stands: its kind, whether it is somebody's own, its date and its id."""


class Owed(StrEnum):
    """What somebody owes, in the order of the list."""

    OVERDUE = "action_item_overdue"
    REASSIGNMENT = "reassignment_to_answer"
    REQUEST = "request_to_answer"
    INVITATION = "invitation_to_answer"
    MEMBERSHIP = "membership_to_confirm"
    ROLE = "role_to_confirm"
    MEETING = "meeting_to_answer"
    MINUTES = "minutes_to_agree"
    DUE_SOON = "action_item_due_soon"
    LATER = "action_item_later"


RANKS = {kind: rank for rank, kind in enumerate(Owed)}

DO = {
    Owed.OVERDUE: "Finish it, or say what blocks it: its last day is over.",
    Owed.DUE_SOON: "Finish it: it is due within three days.",
    Owed.LATER: "See to it until its due date.",
    Owed.REASSIGNMENT: "Accept or decline to answer for the action item.",
    Owed.REQUEST: "Admit the institution to the group, or decline.",
    Owed.INVITATION: "Accept or decline to join the group.",
    Owed.MEMBERSHIP: "Confirm the suspended member, or remove it.",
    Owed.ROLE: "Confirm the suspended role, or end it.",
    Owed.MEETING: "Say who takes part in the meeting.",
    Owed.MINUTES: "Agree the minutes that were circulated, or write them anew.",
}
"""What to do about each, in words."""


@dataclass(frozen=True)
class Entry:
    """One thing that somebody owes."""

    kind: Owed
    id: UUID
    title: str
    group_id: UUID | None
    institution_id: UUID | None
    own: bool
    """Whether the person owes it, not only the institution."""
    by: str
    """Until or since when: a day or a moment, as ISO 8601 writes it."""
    method: str
    path: str
    """The request that does it."""

    @property
    def place(self) -> Place:
        """Where it stands in the list; no two stand at one place."""
        return RANKS[self.kind], 0 if self.own else 1, self.by, str(self.id)
