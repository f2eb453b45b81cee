"""Who may do what with action items: decided on the item and the caller."""

from collections.abc import Container
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import groups, sight
from services.workgroups.institutions import no_such_institution
from services.workgroups.permissions import (
    is_coordinator,
    may_record,
    require_recording,
    speaks_for,
)
from services.workgroups.tables import ActionItem, ActionItemPerson, Institution, Participant
from services.workgroups.transitions import Role
from shared.identity import Caller
from shared.problems import NOT_FOUND, Problem


def institution_to_hold_accountable(
    session: Session, caller: Caller, group_id: UUID, institution_id: UUID, pointer: str
) -> Institution:
    """Return the institution to which the caller may assign something in the group.

    Raises a Problem: 404 when the caller sees no such group or the institution is unknown, 403
    unless the caller leads the group or records for it.
    """
    sight.group_to_see(session, caller, group_id)
    require_recording(session, caller, group_id)
    institution = session.get(Institution, institution_id)
    if institution is None:
        raise no_such_institution(pointer)
    return institution


def action_item_to_see(session: Session, caller: Caller | None, action_item_id: UUID) -> ActionItem:
    """Return the action item; a Problem (404) unless the caller sees its group."""
    item = session.get(ActionItem, action_item_id)
    if item is None or not sight.is_seen(session, caller, item.group_id):
        raise no_such_item()
    return item


def action_item_to_change(
    session: Session, caller: Caller, action_item_id: UUID
) -> tuple[ActionItem, frozenset[Role]]:
    """Return the action item, held with its group until the transaction ends, and the roles in it.

    Raises a Problem (404) when it is unknown or the caller has no role in it.
    """
    item = hold(session, action_item_id)
    roles = roles_in(session, caller, item) if item is not None else frozenset()
    if item is None or not roles:
        raise Problem(
            NOT_FOUND,
            "There is no action item of that id that you may change. Its accountable "
            "institution's people and who leads its group may.",
        )
    return item, roles


def hold(session: Session, action_item_id: UUID) -> ActionItem | None:
    """Return the action item, held until the transaction ends; ``None`` when there is none.

    Its group is held as well, always first: sub-items, members and numbers are decided under it.
    """
    group_id = session.exec(
        select(ActionItem.group_id).where(ActionItem.id == action_item_id)
    ).first()
    if group_id is None:
        return None
    groups.lock(session, group_id)
    return session.exec(
        select(ActionItem)
        .where(ActionItem.id == action_item_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).first()


def roles_in(session: Session, caller: Caller, item: ActionItem) -> frozenset[Role]:
    """Return the roles in which the caller may change the action item."""
    roles = set()
    if may_record(session, caller, item.group_id):
        roles.add(Role.LEADING)
    if speaks_for(session, caller, item.institution_id) or _is_responsible(session, caller, item):
        roles.add(Role.ACCOUNTABLE)
    return frozenset(roles)


def groups_from_within(session: Session, caller: Caller | None) -> Container[UUID]:
    """Return the groups of which the caller learns who does what in them.

    Others than its own people and coordinators see what a group does, not the people behind it.
    """
    if caller is None:
        return frozenset()
    if is_coordinator(session, caller):
        return _Every()
    return sight.groups_of(session, caller)


class _Every(Container[UUID]):
    def __contains__(self, _group_id: object) -> bool:
        return True


def no_such_item() -> Problem:
    """Return the Problem (404) for an action item that is unknown or hidden from the caller."""
    return Problem(NOT_FOUND, "There is no action item of that id that you may see.")


def _is_responsible(session: Session, caller: Caller, item: ActionItem) -> bool:
    """Tell whether the caller was named for it, and takes part through its institution still."""
    if not caller.acts:
        return False
    if session.get(ActionItemPerson, (item.id, caller.id)) is None:
        return False
    return (
        session.exec(
            select(Participant.id).where(
                Participant.group_id == item.group_id,
                Participant.person_id == caller.id,
                Participant.institution_id == item.institution_id,
                Participant.state == "active",
                col(Participant.ended_at).is_(None),
            )
        ).first()
        is not None
    )
