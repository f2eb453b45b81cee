"""Everything that somebody owes, in one order: late things, answers, what is due soon, the rest.

Light rows of all of it are sorted here, since what is overdue depends on each group's time zone;
only those of one page are read in full.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import meetings, minutes_waiting, waiting
from services.workgroups.due_dates import SOON_DAYS, day_in
from services.workgroups.group_lifecycle import OPEN
from services.workgroups.permissions import institutions_of
from services.workgroups.reassignments import State as ReassignmentState
from services.workgroups.tables import (
    ActionItem,
    ActionItemPerson,
    Group,
    Participant,
    Reassignment,
)
from services.workgroups.transitions import UNFINISHED
from shared.identity import Caller


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
    def place(self) -> tuple[int, int, str, str]:
        """Where it stands in the list; no two stand at one place."""
        return RANKS[self.kind], 0 if self.own else 1, self.by, str(self.id)


def owed_by(session: Session, caller: Caller, now: datetime) -> list[Entry]:
    """Return all that the caller owes, in the order of the list; nothing for a system."""
    if not caller.acts:
        return []
    own = institutions_of(session, caller)
    entries = [
        *_action_items(session, caller, own, now),
        *_reassignments(session, own),
        *_waiting(session, caller),
        *_meetings(session, caller, now),
        *_minutes(session, caller),
    ]
    return sorted(entries, key=lambda entry: entry.place)


def _action_items(session: Session, caller: Caller, own: list[UUID], now: datetime) -> list[Entry]:
    through = set(
        session.exec(
            select(Participant.group_id, Participant.institution_id).where(
                Participant.person_id == caller.id,
                Participant.state == "active",
                col(Participant.ended_at).is_(None),
            )
        )
    )
    light = (
        select(  # type: ignore[call-overload]
            ActionItem.id,
            ActionItem.title,
            ActionItem.group_id,
            ActionItem.institution_id,
            ActionItem.due_date,
            Group.time_zone,
        )
        .join(Group, col(Group.id) == col(ActionItem.group_id))
        .where(col(ActionItem.state).in_(UNFINISHED), col(Group.status).in_(OPEN))
    )
    # Two questions, each with an index of its own: joined by "or" they read all that is unfinished.
    theirs = session.exec(light.where(col(ActionItem.institution_id).in_(own))).all()
    given = session.exec(
        light.join(
            ActionItemPerson, col(ActionItemPerson.action_item_id) == col(ActionItem.id)
        ).where(ActionItemPerson.person_id == caller.id)
    ).all()
    named = {row[0] for row in given}
    rows = [*given, *(row for row in theirs if row[0] not in named)]
    days = {zone: day_in(zone, now) for zone in {row[5] for row in rows}}
    entries = []
    for item_id, title, group_id, institution_id, due, zone in rows:
        if institution_id not in own and (group_id, institution_id) not in through:
            continue
        left = (due - days[zone]).days
        kind = Owed.OVERDUE if left < 0 else Owed.DUE_SOON if left <= SOON_DAYS else Owed.LATER
        entries.append(
            Entry(
                kind,
                item_id,
                title,
                group_id,
                institution_id,
                item_id in named,
                due.isoformat(),
                "PATCH",
                f"/action-items/{item_id}",
            )
        )
    return entries


def _reassignments(session: Session, own: list[UUID]) -> list[Entry]:
    rows = session.exec(
        select(Reassignment, ActionItem)
        .join(ActionItem, col(ActionItem.id) == col(Reassignment.action_item_id))
        .join(Group, col(Group.id) == col(ActionItem.group_id))
        .where(
            col(Reassignment.to_institution_id).in_(own),
            Reassignment.state == ReassignmentState.PROPOSED,
            col(Group.status).in_(OPEN),
        )
    )
    return [
        Entry(
            Owed.REASSIGNMENT,
            found.id,
            item.title,
            item.group_id,
            found.to_institution_id,
            False,
            found.proposed_at.isoformat(),
            "POST",
            f"/reassignments/{found.id}/accept",
        )
        for found, item in rows
    ]


def _waiting(session: Session, caller: Caller) -> list[Entry]:
    paths = {
        waiting.Wait.REQUEST: "/admissions/{id}/approve",
        waiting.Wait.INVITATION: "/admissions/{id}/accept",
        waiting.Wait.MEMBERSHIP: "/groups/{group}/members/{institution}/confirm",
        waiting.Wait.ROLE: "/groups/{group}/roles/{id}/confirm",
    }
    return [
        Entry(
            Owed(found.kind.value),
            found.id,
            found.group_title,
            found.group_id,
            found.institution_id,
            False,
            found.since.isoformat(),
            "POST",
            paths[found.kind].format(
                id=found.id, group=found.group_id, institution=found.institution_id
            ),
        )
        for found in waiting.waiting_for(session, caller)
    ]


def _meetings(session: Session, caller: Caller, now: datetime) -> list[Entry]:
    waits: dict[tuple[UUID, UUID | None], list[meetings.Waiting]] = {}
    for found in meetings.waiting_for(session, caller, now):
        # A series is answered at once: fifty entries of it would bury the rest.
        about = found.meeting.series_id or found.meeting.id
        waits.setdefault((about, found.institution_id), []).append(found)
    return [
        Entry(
            Owed.MEETING,
            next_one.invitation_id,
            next_one.meeting.title,
            None,
            next_one.institution_id,
            next_one.institution_id is None,
            next_one.meeting.begins_at.isoformat() if next_one.meeting.begins_at else "",
            "PUT",
            f"/meeting-series/{about}/reply"
            if others
            else f"/meetings/{next_one.meeting.id}/reply",
        )
        for (about, _), (next_one, *others) in waits.items()
    ]


def _minutes(session: Session, caller: Caller) -> list[Entry]:
    return [
        Entry(
            Owed.MINUTES,
            found.meeting.id,
            found.meeting.title,
            found.group_id,
            None,
            False,
            found.since.isoformat(),
            "POST",
            f"/meetings/{found.meeting.id}/minutes/agree",
        )
        for found in minutes_waiting.waiting_for(session, caller)
    ]
