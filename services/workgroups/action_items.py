"""Action items: who answers for what until when."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, func, select

from services.workgroups import action_item_log, groups, membership, reassignments, sub_items
from services.workgroups.action_item_facts import facts, path_of
from services.workgroups.action_item_people import replace_people, require_people
from services.workgroups.action_item_support import replace_support
from services.workgroups.institutions import require_verified
from services.workgroups.support import Side, require_linkable
from services.workgroups.tables import ActionItem, AgreedPoint, Group, Institution, MeetingGroup
from services.workgroups.transitions import (
    EXPLAINED,
    UNFINISHED,
    Role,
    State,
    require_transition,
)
from shared.columns import utc_now
from shared.events.catalogue import ActionItemAssigned, ActionItemChanged
from shared.identity import Caller
from shared.outbox import publish
from shared.problems import FORBIDDEN, Problem, incorrect

_ACCOUNTABLE_CHANGES = frozenset({"state", "reason", "result", "result_links", "person_ids"})
"""What the accountable institution changes by itself; the rest was agreed with the group."""

_KEPT_BESIDE = frozenset({"person_ids", "needs", "offers"})
"""What is kept in tables of its own, where it has no order."""


@dataclass(frozen=True)
class Terms:
    """What is to be done, by whom, until when."""

    title: str
    due_date: date
    description: str | None = None
    priority: str = "normal"
    start_date: date | None = None
    person_ids: Sequence[UUID] = ()
    parent_id: UUID | None = None
    meeting_id: UUID | None = None
    agreed_point_id: UUID | None = None
    needs: Sequence[UUID] = ()
    offers: Sequence[UUID] = ()


@dataclass(frozen=True)
class ChangedBy:
    """Who changes an action item, in which roles in it, and why."""

    caller: Caller
    roles: frozenset[Role]
    why: str | None = None
    """Of a state that needs a reason, and for the log."""


def assign(
    session: Session, caller: Caller, group_id: UUID, institution: Institution, terms: Terms
) -> ActionItem:
    """Make a member institution accountable for something until the end of a day.

    A date that is over already is taken: what a meeting agreed may be recorded late. Raises a
    Problem: 404 without such a group; 409 when it takes nothing new, the institution is no member,
    or what it would be part of is finished; 422 for terms that don't fit the group.
    """
    group = groups.lock(session, group_id)
    groups.require_active(group)
    require_verified(institution)
    membership.require_member(session, group, institution)
    _require_period(terms.start_date, terms.due_date, "/start_date")
    meeting_id, point_id = _origin(session, group, terms.meeting_id, terms.agreed_point_id)
    if terms.parent_id is not None:
        sub_items.require_open_above(
            sub_items.require_parent(session, group.id, terms.parent_id, None)
        )
    require_people(session, group.id, institution.id, terms.person_ids)
    _require_linkable(session, caller, terms.needs, terms.offers)
    item = ActionItem(
        group_id=group.id,
        number=_next_number(session, group),
        title=terms.title,
        description=terms.description,
        institution_id=institution.id,
        priority=terms.priority,
        start_date=terms.start_date,
        due_date=terms.due_date,
        parent_id=terms.parent_id,
        assigned_by=caller.id,
        meeting_id=meeting_id,
        agreed_point_id=point_id,
    )
    session.add(item)
    session.flush()
    replace_people(session, item, terms.person_ids)
    replace_support(session, item, Side.NEED, terms.needs)
    replace_support(session, item, Side.OFFER, terms.offers)
    values = action_item_log.values_of(session, item)
    first = {name: [None, value] for name, value in values.items() if value not in (None, [])}
    action_item_log.write(session, item, "assigned", by=caller.id, changes=first)
    publish(session, ActionItemAssigned(action=facts(session, item)), subject=path_of(item))
    return item


def change(
    session: Session,
    item: ActionItem,
    wanted: Mapping[str, Any],
    by: ChangedBy,
) -> None:
    """Change a held action item; equal values change nothing.

    ``wanted`` holds the new values by field. Raises a Problem: 409 when its group is closed, the
    state can't follow, parts of it are unfinished, or the accountable institution is not verified
    any more; 403 when another role is needed; 422 for what doesn't fit.
    """
    group = session.get_one(Group, item.group_id)
    groups.require_open(group)
    accountable = session.get(Institution, item.institution_id)
    if accountable is not None and Role.LEADING not in by.roles:
        require_verified(accountable)
    before = action_item_log.values_of(session, item)
    require_transition(State(item.state), State(wanted.get("state", item.state)), by.roles)
    after = {**before, **wanted, **_following(before, wanted, by.why)}
    if wanted.get("agreed_point_id") is not None:
        after["meeting_id"], _ = _origin(session, group, None, wanted["agreed_point_id"])
    changes = {
        name: [before[name], after[name]]
        for name in after
        if _ordered(name, before[name]) != _ordered(name, after[name])
    }
    if not changes:
        return
    _require_allowed(changes, by.roles)
    _require_sound(session, by.caller, item, changes=changes, after=after)
    for name in changes.keys() - _KEPT_BESIDE:
        setattr(item, name, after[name])
    if "state" in changes:
        item.finished_at = None if after["state"] in UNFINISHED else utc_now()
    if "person_ids" in changes:
        replace_people(session, item, after["person_ids"])
    for name, side in (("needs", Side.NEED), ("offers", Side.OFFER)):
        if name in changes:
            replace_support(session, item, side, after[name])
    item.version += 1
    item.updated_at = utc_now()
    session.add(item)
    session.flush()
    action_item_log.write(session, item, "changed", by=by.caller.id, changes=changes, text=by.why)
    publish(session, ActionItemChanged(action=facts(session, item)), subject=path_of(item))
    if item.state not in UNFINISHED:
        reassignments.end_with(session, item, by.caller.id)


def _ordered(name: str, value: Any) -> Any:
    return sorted(value) if name in _KEPT_BESIDE else value


def _following(
    before: Mapping[str, Any], wanted: Mapping[str, Any], why: str | None
) -> dict[str, Any]:
    """Return what goes with the wanted state: its reason, and the result of what is done."""
    state = wanted.get("state", before["state"])
    moved = state != before["state"]
    following: dict[str, Any] = {}
    if state in EXPLAINED:
        if why is None and moved:
            raise incorrect("/reason", f"Say why it is {state}.")
        following["reason"] = why if why is not None and "state" in wanted else before["reason"]
    else:
        following["reason"] = None
    if state != State.DONE:
        if wanted.get("result") is not None or wanted.get("result_links"):
            pointer = "/result" if wanted.get("result") is not None else "/result_links"
            raise incorrect(pointer, "Say what came of it once it is done: send the state too.")
        following |= {"result": None, "result_links": []}
    return following


def _require_allowed(changes: Mapping[str, list[Any]], roles: frozenset[Role]) -> None:
    if changes.keys() - _ACCOUNTABLE_CHANGES and Role.LEADING not in roles:
        raise Problem(
            FORBIDDEN,
            "Only a coordinator, co-chair or rapporteur of the group may change what was agreed, "
            "such as the due date or the title: ask one.",
        )


def _require_sound(
    session: Session,
    caller: Caller,
    item: ActionItem,
    *,
    changes: Mapping[str, list[Any]],
    after: Mapping[str, Any],
) -> None:
    _require_period(
        after["start_date"],
        after["due_date"],
        "/start_date" if "start_date" in changes else "/due_date",
    )
    if changes.keys() & {"state", "parent_id"}:
        _require_fitting_parts(session, item, changes, after)
    if "person_ids" in changes:
        require_people(session, item.group_id, item.institution_id, after["person_ids"])
    _require_linkable(
        session,
        caller,
        after["needs"] if "needs" in changes else (),
        after["offers"] if "offers" in changes else (),
        kept={*changes.get("needs", [[]])[0], *changes.get("offers", [[]])[0]},
    )


def _require_fitting_parts(
    session: Session,
    item: ActionItem,
    changes: Mapping[str, list[Any]],
    after: Mapping[str, Any],
) -> None:
    parent = None
    if "parent_id" in changes and after["parent_id"] is not None:
        parent = sub_items.require_parent(session, item.group_id, after["parent_id"], item)
    elif after["parent_id"] is not None:
        parent = session.get_one(ActionItem, after["parent_id"])
    if after["state"] in UNFINISHED:
        sub_items.require_open_above(parent)
    elif "state" in changes:
        sub_items.require_finished_below(session, item)


def _require_linkable(
    session: Session,
    caller: Caller,
    needs: Sequence[UUID],
    offers: Sequence[UUID],
    kept: Set[UUID] = frozenset(),
) -> None:
    require_linkable(session, caller, Side.NEED, needs, "/needs", kept=kept)
    require_linkable(session, caller, Side.OFFER, offers, "/offers", kept=kept)


def _require_period(start: date | None, due: date, pointer: str) -> None:
    if start is not None and start > due:
        raise incorrect(pointer, "It must start on its due date or before.")


def _origin(
    session: Session, group: Group, meeting_id: UUID | None, point_id: UUID | None
) -> tuple[UUID | None, UUID | None]:
    """Return the meeting and the point, once they fit each other and the group."""
    pointer = "/meeting_id" if meeting_id is not None else "/agreed_point_id"
    if point_id is not None:
        point = session.get(AgreedPoint, point_id)
        if point is None or meeting_id not in (None, point.meeting_id):
            raise incorrect("/agreed_point_id", "Not an agreed point of that meeting.")
        meeting_id = point.meeting_id
    if meeting_id is not None and session.get(MeetingGroup, (meeting_id, group.id)) is None:
        raise incorrect(pointer, "Not from a meeting of this group.")
    return meeting_id, point_id


def _next_number(session: Session, group: Group) -> int:
    # The caller holds the group, so no other request can take the same number.
    highest = session.exec(
        select(func.max(ActionItem.number)).where(ActionItem.group_id == group.id)
    ).one()
    return (highest or 0) + 1
