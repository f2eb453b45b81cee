"""Everything that somebody owes, in one order: late things, answers, what is due soon, the rest.

Action items, of which there may be many, come from the database in this order, as far as a page
needs them; what waits for an answer is merged into them.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import meetings, minutes_waiting, owed_action_items, waiting
from services.workgroups.group_lifecycle import OPEN
from services.workgroups.owed_entries import Entry, Owed, Place
from services.workgroups.permissions import institutions_of
from services.workgroups.reassignments import State as ReassignmentState
from services.workgroups.tables import ActionItem, Group, Reassignment
from shared.identity import Caller


@dataclass(frozen=True)
class OwedPage:
    """A page of what somebody owes, how many there are of each kind, and whether more follow."""

    entries: list[Entry]
    counts: Counter[Owed]
    more: bool


def owed_by(
    session: Session, caller: Caller, now: datetime, *, after: Place | None, limit: int
) -> OwedPage:
    """Return a page of what the caller owes, in the order of the list; nothing for a system."""
    if not caller.acts:
        return OwedPage([], Counter(), more=False)
    own = institutions_of(session, caller)
    waits = [
        *_reassignments(session, own),
        *_waiting(session, caller),
        *_meetings(session, caller, now),
        *_minutes(session, caller),
    ]
    given = owed_action_items.Given(session, caller, own, now)
    both = merge(
        given.entries(after, limit + 1),
        sorted((one for one in waits if after is None or one.place > after), key=_place),
        key=_place,
    )
    entries = list(islice(both, limit + 1))
    counts = given.counts() + Counter(one.kind for one in waits)
    return OwedPage(entries[:limit], counts, more=len(entries) > limit)


def _place(entry: Entry) -> Place:
    return entry.place


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
