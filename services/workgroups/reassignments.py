"""Reassignments: another institution answers for an action item once it has agreed to.

Until then the old one does. Whoever calls these functions holds the action item and its group.
"""

from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, select

from services.workgroups import action_item_log, groups, membership
from services.workgroups.action_item_facts import facts, path_of
from services.workgroups.action_item_people import replace_people
from services.workgroups.institutions import require_verified
from services.workgroups.tables import ActionItem, Group, Institution, Reassignment
from services.workgroups.transitions import UNFINISHED, Role
from shared.columns import utc_now
from shared.events.catalogue import (
    ActionItemReassigned,
    ActionItemReassignmentDeclined,
    ActionItemReassignmentProposed,
    ActionItemReassignmentWithdrawn,
    ReassignmentFacts,
)
from shared.outbox import publish
from shared.problems import CONFLICT, INVALID, NOT_ALLOWED_NOW, FieldError, Problem


class State(StrEnum):
    """Where a reassignment stands; only a proposed one can be answered."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


def propose(
    session: Session,
    item: ActionItem,
    to: Institution,
    *,
    message: str | None,
    by: UUID,
    roles: frozenset[Role],
) -> Reassignment:
    """Ask a member institution to answer for the action item from now on.

    Raises a Problem: 409 when the group is closed, the item is finished, one waits already, the
    institution is no member or either is not verified; 422 when it answers for the item already.
    """
    group = session.get_one(Group, item.group_id)
    groups.require_open(group)
    _require_unfinished(item)
    if to.id == item.institution_id:
        raise Problem(
            INVALID,
            f"{to.acronym or to.name} answers for this action item already: choose another member.",
            errors=[FieldError(pointer="/institution_id", detail="Choose another member.")],
        )
    accountable = session.get(Institution, item.institution_id)
    if accountable is not None and Role.LEADING not in roles:
        require_verified(accountable)
    require_verified(to)
    membership.require_member(session, group, to)
    waiting = waiting_of(session, item)
    if waiting is not None:
        raise Problem(
            CONFLICT,
            "A reassignment of this action item waits for an answer already. Withdraw it first: "
            f"POST /reassignments/{waiting.id}/withdraw.",
        )
    reassignment = Reassignment(
        action_item_id=item.id,
        from_institution_id=item.institution_id,
        to_institution_id=to.id,
        message=message,
        proposed_by=by,
    )
    session.add(reassignment)
    session.flush()
    publish(
        session,
        ActionItemReassignmentProposed(
            action=facts(session, item), reassignment=_facts(reassignment)
        ),
        subject=path_of(item),
    )
    return reassignment


def accept(session: Session, item: ActionItem, reassignment: Reassignment, by: UUID) -> None:
    """Let the new institution answer for the action item from now on.

    Who saw to it for the old one doesn't any more. Raises a Problem (409) when it was answered
    before, the group is closed, or the institution is no verified member any more.
    """
    group = session.get_one(Group, item.group_id)
    groups.require_open(group)
    _require_waiting(reassignment)
    _require_unfinished(item)
    to = session.get_one(Institution, reassignment.to_institution_id)
    require_verified(to)
    membership.require_member(session, group, to)
    before = action_item_log.values_of(session, item)
    _answer(session, reassignment, State.ACCEPTED, by)
    item.institution_id = to.id
    item.version += 1
    item.updated_at = utc_now()
    session.add(item)
    replace_people(session, item, ())
    after = action_item_log.values_of(session, item)
    action_item_log.write(
        session,
        item,
        "reassigned",
        by=by,
        changes={
            name: [before[name], after[name]] for name in after if before[name] != after[name]
        },
        text=reassignment.message,
    )
    publish(
        session,
        ActionItemReassigned(action=facts(session, item), reassignment=_facts(reassignment)),
        subject=path_of(item),
    )


def decline(
    session: Session, item: ActionItem, reassignment: Reassignment, by: UUID, reason: str
) -> None:
    """Leave the action item with the old institution, and say why.

    Raises a Problem (409) when it was answered before.
    """
    _require_waiting(reassignment)
    _answer(session, reassignment, State.DECLINED, by, reason)
    publish(
        session,
        ActionItemReassignmentDeclined(
            action=facts(session, item), reassignment=_facts(reassignment), reason=reason
        ),
        subject=path_of(item),
    )


def withdraw(
    session: Session, item: ActionItem, reassignment: Reassignment, by: UUID, reason: str
) -> None:
    """Take the proposal back, and say why; a Problem (409) when it was answered before."""
    _require_waiting(reassignment)
    _answer(session, reassignment, State.WITHDRAWN, by, reason)
    publish(
        session,
        ActionItemReassignmentWithdrawn(
            action=facts(session, item), reassignment=_facts(reassignment), reason=reason
        ),
        subject=path_of(item),
    )


def end_with(session: Session, item: ActionItem, by: UUID) -> None:
    """Withdraw the proposal that waits for an answer, because the action item is finished."""
    waiting = waiting_of(session, item)
    if waiting is not None:
        withdraw(session, item, waiting, by, f"The action item is {item.state}.")


def waiting_of(session: Session, item: ActionItem) -> Reassignment | None:
    """Return the proposal that waits for an answer, or ``None``."""
    return session.exec(
        select(Reassignment).where(
            Reassignment.action_item_id == item.id, Reassignment.state == State.PROPOSED
        )
    ).first()


def _answer(
    session: Session,
    reassignment: Reassignment,
    state: State,
    by: UUID,
    reason: str | None = None,
) -> None:
    reassignment.state = state
    reassignment.reason = reason
    reassignment.answered_by = by
    reassignment.answered_at = utc_now()
    reassignment.version += 1
    session.add(reassignment)
    session.flush()


def _require_waiting(reassignment: Reassignment) -> None:
    if reassignment.state != State.PROPOSED:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"This reassignment was {reassignment.state} already. Read it again; a new one can be "
            "proposed.",
        )


def _require_unfinished(item: ActionItem) -> None:
    if item.state not in UNFINISHED:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"The action item is {item.state}, so nobody answers for it any more. Open it again "
            "first.",
        )


def _facts(reassignment: Reassignment) -> ReassignmentFacts:
    return ReassignmentFacts.model_validate(
        {**reassignment.model_dump(), "reassignment_id": reassignment.id}
    )
