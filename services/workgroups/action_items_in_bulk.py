"""Assigning many action items at once, from a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from sqlmodel import Session

from services.workgroups import action_items, groups, sight
from services.workgroups.action_item_input import NewActionItem
from services.workgroups.action_item_permissions import institution_to_hold_accountable
from services.workgroups.bulk import Layout, Made, Row, take_all
from services.workgroups.permissions import require_recording
from shared.identity import Caller
from shared.row_files import FileRow, Form

LAYOUT = Layout(NewActionItem, lists=frozenset({"person_ids", "needs", "offers"}))


@dataclass(frozen=True)
class Assigned:
    """An action item that a row made."""

    id: UUID
    number: int
    title: str
    institution_id: UUID


def assign(
    session: Session, caller: Caller, group_id: UUID, file: BinaryIO, form: Form, *, dry_run: bool
) -> Sequence[Row[Assigned]]:
    """Assign what each row of the file says, in their order, as `action_items.assign` does.

    Raises a Problem: 404 when the caller sees no such group, 403 unless they record for it, 409
    when it takes nothing new, 400 or 422 for a file that can't be read, 422 when a row can't be
    taken and it is no dry run.
    """
    sight.group_to_see(session, caller, group_id)
    require_recording(session, caller, group_id)
    groups.require_active(groups.lock(session, group_id))

    def take(row: FileRow) -> Made[Assigned]:
        wanted = LAYOUT.read(row, form)
        institution = institution_to_hold_accountable(
            session, caller, group_id, wanted.institution_id, "/institution_id"
        )
        item = action_items.assign(session, caller, group_id, institution, wanted.terms())
        return Made(Assigned(item.id, item.number, item.title, institution.id))

    return take_all(session, LAYOUT.rows(file, form), take, dry_run=dry_run)
