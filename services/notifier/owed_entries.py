"""Entries of what people owe: their kinds, and what counts as waiting."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

SOON = timedelta(days=3)
"""How long before its last day something counts as due soon, as workgroups has it."""

UNFINISHED = frozenset({"open", "in_progress", "blocked"})
TO_COME = frozenset({"scheduled", "rescheduled"})
CLOSED = frozenset({"concluded", "replaced", "abandoned", "archived"})


class Kind(StrEnum):
    """What somebody owes, the weightiest first."""

    OVERDUE = "overdue"
    REASSIGNMENT = "reassignment"
    REQUEST = "request"
    INVITATION = "invitation"
    INTRODUCTION = "introduction"
    MEETING = "meeting"
    MEMBERSHIP = "membership"
    ROLE = "role"
    DUE_SOON = "due_soon"


RANKS = {kind: rank for rank, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Owed:
    """One thing that somebody owes: ``since`` when, and ``until`` which day or moment."""

    kind: Kind
    id: UUID
    title: str
    since: datetime
    group: str | None = None
    by: str | None = None
    """The institution that answers for it, or asks."""
    due: date | None = None
    at: datetime | None = None
    time_zone: str | None = None
