"""Bulk calls: many action items or members of a group in one file."""

from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from services.workgroups import action_items_in_bulk, members_in_bulk
from services.workgroups.bulk import MAX_BYTES, MAX_ROWS, Outcome, Row
from services.workgroups.institutions import UNNAMED, names_of
from services.workgroups.routes.permitted import GroupId
from shared.idempotency import Answer, IdempotencyKey
from shared.problems import (
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    MALFORMED,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    UNSUPPORTED_MEDIA,
    FieldError,
    responses,
)
from shared.row_uploads import Upload, described_body, received
from shared.text import Output
from shared.web import CurrentCaller, Writing

router = APIRouter(prefix="/groups/{group_id}")

BODY_LIMITS = {
    f"/groups/{{group_id}}/{what}/bulk": MAX_BYTES for what in ("action-items", "members")
}
"""How large the files may be."""

_REFUSALS = responses(
    MALFORMED,
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    NOT_ALLOWED_NOW,
    UNSUPPORTED_MEDIA,
    INVALID,
    IDEMPOTENCY_MISMATCH,
)
_INSTITUTION = "018f4e2a-0000-7000-8000-000000000000"

DryRun = Annotated[
    bool, Query(description="Only find out what each row would do; nothing is kept of it.")
]


class RowOut(Output):
    """A row of the file, and what it did or, in a dry run, would do."""

    line: int = Field(description="The line of the file on which it begins; the first is 1.")
    outcome: Outcome = Field(description="Refused ones are shown in a dry run alone.")
    institution_id: UUID | None = Field(description="Null of a refused row.")
    institution_name: str | None
    errors: list[FieldError] = Field(description="Why it is refused; pointers into the row.")


class ActionItemRowOut(RowOut):
    """A row that assigns an action item."""

    action_item_id: UUID | None = Field(description="Null in a dry run.")
    number: int | None = Field(description="Its number within the group; null in a dry run.")
    title: str | None


class BulkOut(Output):
    """What a file did or, in a dry run, would do."""

    dry_run: bool
    created: int
    unchanged: int
    refused: int = Field(description="With any, the file would be refused as a whole.")


class ActionItemsOut(BulkOut):
    """What a file of action items did or would do."""

    rows: list[ActionItemRowOut]


class MembersOut(BulkOut):
    """What a file of members did or would do."""

    rows: list[RowOut]


async def _upload(
    request: Request, caller: CurrentCaller, idempotency_key: IdempotencyKey = None
) -> AsyncIterator[Upload]:
    async with received(request, caller, idempotency_key) as upload:
        yield upload


Uploaded = Annotated[Upload, Depends(_upload)]


@router.post(
    "/action-items/bulk",
    status_code=201,
    tags=["action items"],
    summary="Assign many action items",
    response_model=ActionItemsOut,
    responses={200: {"model": ActionItemsOut, "description": "A dry run"}, **_REFUSALS},
    openapi_extra=described_body(
        MAX_ROWS,
        csv="title,institution_id,due_date,priority\r\n"
        f"List the training that members offer,{_INSTITUTION},2021-03-31,high\r\n",
        jsonl='{"title": "List the training that members offer", '
        f'"institution_id": "{_INSTITUTION}", "due_date": "2021-03-31"}}\n',
    ),
)
def assign_action_items(
    *,
    group_id: GroupId,
    caller: CurrentCaller,
    upload: Uploaded,
    session: Writing,
    dry_run: DryRun = False,
) -> Response:
    """Assign what each row of a file says, all of it or nothing.

    The columns are the fields of `POST /groups/{group_id}/action-items`, with the same rules; in a
    table, a cell of `person_ids`, `needs` or `offers` holds ids separated by semicolons. When a row
    can't be taken, none is, and `errors` names each fault, such as `/lines/3/due_date`.
    """

    def assign() -> Answer:
        rows = action_items_in_bulk.assign(
            session, caller, group_id, upload.file, upload.form, dry_run=dry_run
        )
        names = names_of(session, (row.what.institution_id for row in rows if row.what))
        shown = [
            ActionItemRowOut(
                line=row.line,
                outcome=row.outcome,
                institution_id=row.what and row.what.institution_id,
                institution_name=row.what and names.get(row.what.institution_id, UNNAMED).name,
                errors=list(row.faults),
                action_item_id=None if dry_run or row.what is None else row.what.id,
                number=None if dry_run or row.what is None else row.what.number,
                title=row.what and row.what.title,
            )
            for row in rows
        ]
        told = ActionItemsOut(dry_run=dry_run, **_counted(rows), rows=shown)
        return Answer(told, 200 if dry_run else 201)

    return upload.once.answer(session, assign)


@router.post(
    "/members/bulk",
    status_code=201,
    tags=["members"],
    summary="Let many institutions join a group",
    response_model=MembersOut,
    responses={200: {"model": MembersOut, "description": "A dry run"}, **_REFUSALS},
    openapi_extra=described_body(
        MAX_ROWS,
        csv=f"institution_id\r\n{_INSTITUTION}\r\n",
        jsonl=f'{{"institution_id": "{_INSTITUTION}"}}\n',
    ),
)
def join_group_in_bulk(
    *,
    group_id: GroupId,
    caller: CurrentCaller,
    upload: Uploaded,
    session: Writing,
    dry_run: DryRun = False,
) -> Response:
    """Make each institution of a file a member of the group, all of them or none.

    The rules are those of `POST /groups/{group_id}/members`, but that a member stays as it is and
    is shown as `unchanged`. When a row can't be taken, none is, and `errors` names each fault.
    """

    def join() -> Answer:
        rows = members_in_bulk.join(
            session, caller, group_id, upload.file, upload.form, dry_run=dry_run
        )
        names = names_of(session, (row.what for row in rows if row.what))
        shown = [
            RowOut(
                line=row.line,
                outcome=row.outcome,
                institution_id=row.what,
                institution_name=row.what and names.get(row.what, UNNAMED).name,
                errors=list(row.faults),
            )
            for row in rows
        ]
        told = MembersOut(dry_run=dry_run, **_counted(rows), rows=shown)
        return Answer(told, 200 if dry_run else 201)

    return upload.once.answer(session, join)


def _counted(rows: Iterable[Row[Any]]) -> dict[str, int]:
    outcomes = [row.outcome for row in rows]
    return {
        "created": outcomes.count("create"),
        "unchanged": outcomes.count("unchanged"),
        "refused": outcomes.count("refused"),
    }
