"""The life of a meeting: which status may follow which, and what it takes.

Each step is taken by somebody who records for every group of the meeting.
"""

from dataclasses import dataclass
from enum import StrEnum

from shared.problems import INVALID, NOT_ALLOWED_NOW, FieldError, Problem


class MeetingStatus(StrEnum):
    """Where a meeting stands."""

    PLANNED = "planned"
    SCHEDULED = "scheduled"
    RESCHEDULED = "rescheduled"
    CANCELLED = "cancelled"
    HELD = "held"


@dataclass(frozen=True)
class Rule:
    """What a transition takes."""

    reason: bool = False
    """Whether it must be said why, because people have relied on what was said before."""


_FREE, _EXPLAINED = Rule(), Rule(reason=True)

TRANSITIONS: dict[MeetingStatus, dict[MeetingStatus, Rule]] = {
    MeetingStatus.PLANNED: {
        MeetingStatus.SCHEDULED: _FREE,
        MeetingStatus.CANCELLED: _EXPLAINED,
        MeetingStatus.HELD: _FREE,
    },
    MeetingStatus.SCHEDULED: {
        MeetingStatus.RESCHEDULED: _EXPLAINED,
        MeetingStatus.CANCELLED: _EXPLAINED,
        MeetingStatus.HELD: _FREE,
    },
    MeetingStatus.RESCHEDULED: {
        MeetingStatus.RESCHEDULED: _EXPLAINED,
        MeetingStatus.CANCELLED: _EXPLAINED,
        MeetingStatus.HELD: _FREE,
    },
    MeetingStatus.CANCELLED: {MeetingStatus.RESCHEDULED: _EXPLAINED},
    MeetingStatus.HELD: {},
}
"""From a status, the statuses that may follow, each with what it takes."""

TO_COME = frozenset({MeetingStatus.SCHEDULED, MeetingStatus.RESCHEDULED})
"""People are asked to come: the time is set and was told."""

AHEAD = TO_COME | {MeetingStatus.PLANNED}
"""The meeting is still to be held."""


def require_transition(before: MeetingStatus, after: MeetingStatus, reason: str | None) -> None:
    """Raise a Problem unless the status may follow: 409 when it can't, 422 without a reason."""
    rule = TRANSITIONS[before].get(after)
    if rule is None:
        possible = ", ".join(TRANSITIONS[before]) or "nothing else"
        raise Problem(
            NOT_ALLOWED_NOW,
            f"A meeting that is {before} can't become {after}. It can become: {possible}.",
        )
    if rule.reason and not reason:
        raise Problem(
            INVALID,
            f"Say in reason why the meeting is {after}: people have relied on it.",
            errors=[FieldError(pointer="/reason", detail="Field required")],
        )
