"""Letting many institutions join a group at once, from a file."""

from collections.abc import Sequence
from typing import BinaryIO
from uuid import UUID

from pydantic import Field
from sqlmodel import Session

from services.workgroups import groups, membership, permissions, sight
from services.workgroups.bulk import Layout, Made, Row, take_all
from services.workgroups.membership_lifecycle import State
from shared.identity import Caller
from shared.row_files import FileRow, Form
from shared.text import Input


class NewMember(Input):
    """The institution that joins."""

    institution_id: UUID = Field(
        description="A verified institution.", examples=["018f4e2a-0000-7000-8000-000000000000"]
    )


LAYOUT = Layout(NewMember)


def join(
    session: Session, caller: Caller, group_id: UUID, file: BinaryIO, form: Form, *, dry_run: bool
) -> Sequence[Row[UUID]]:
    """Make each institution that the file names a member, as `membership.join` does.

    One that takes part already stays as it is, so that a list may be sent again when it grew.
    Raises a Problem: 404 when the caller sees no such group, 409 when it is closed, 400 or 422 for
    a file that can't be read, 422 when a row can't be taken and it is no dry run.
    """
    sight.require_in_sight(session, caller, group_id, groups.no_such_group())
    groups.require_open(groups.lock(session, group_id))

    def take(row: FileRow) -> Made[UUID]:
        wanted = LAYOUT.read(row, form).institution_id
        institution = permissions.institution_to_enrol(session, caller, wanted, "/institution_id")
        there = membership.current(session, group_id, institution.id)
        if there is not None and there.state == State.ACTIVE:
            return Made(institution.id, "unchanged")
        by = permissions.actor_for(session, caller, group_id, institution.id)
        membership.join(session, group_id, institution, by=by)
        return Made(institution.id)

    return take_all(session, LAYOUT.rows(file, form), take, dry_run=dry_run)
