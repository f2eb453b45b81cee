"""Who proposes, answers and takes back a reassignment: decided on the item and the caller."""

from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, select

from services.workgroups.action_item_permissions import groups_from_within, hold, roles_in
from services.workgroups.permissions import speaks_for
from services.workgroups.tables import ActionItem, Reassignment
from shared.identity import Caller
from shared.problems import FORBIDDEN, NOT_FOUND, Problem


class Side(StrEnum):
    """On which side of a reassignment somebody stands."""

    PROPOSING = "the accountable institution and who leads the group"
    ASKED = "the institution that was asked"


def reassignment_to_see(session: Session, caller: Caller, reassignment_id: UUID) -> Reassignment:
    """Return the reassignment; a Problem (404) unless the caller belongs to its group."""
    found = session.exec(
        select(Reassignment, ActionItem.group_id)
        .join(ActionItem)
        .where(Reassignment.id == reassignment_id)
    ).first()
    if found is None or found[1] not in groups_from_within(session, caller):
        raise _no_such()
    return found[0]


def reassignment_to(
    session: Session, caller: Caller, side: Side, reassignment_id: UUID
) -> tuple[Reassignment, ActionItem]:
    """Return the reassignment with its action item, both held, for somebody on that side.

    Raises a Problem: 404 when the caller is on neither side, 403 when on the other one alone.
    """
    item_id = session.exec(
        select(Reassignment.action_item_id).where(Reassignment.id == reassignment_id)
    ).first()
    item = hold(session, item_id) if item_id is not None else None
    if item is None:
        raise _no_such()
    reassignment = session.exec(
        select(Reassignment)
        .where(Reassignment.id == reassignment_id)
        .execution_options(populate_existing=True)
    ).one()
    sides = set()
    if roles_in(session, caller, item):
        sides.add(Side.PROPOSING)
    if speaks_for(session, caller, reassignment.to_institution_id):
        sides.add(Side.ASKED)
    if not sides:
        raise _no_such()
    if side not in sides:
        raise Problem(FORBIDDEN, f"Only {side} may do this.")
    return reassignment, item


def _no_such() -> Problem:
    return Problem(NOT_FOUND, "There is no reassignment of that id that you may see.")
