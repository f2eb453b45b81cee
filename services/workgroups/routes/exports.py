"""Exporting what groups are, say, meet about and owe."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from services.workgroups import exports, sight
from services.workgroups.days import Day
from services.workgroups.export_subjects import SUBJECTS
from services.workgroups.exports import Export, Filters, What
from shared.export_answers import FILE, as_file
from shared.exports import Format
from shared.problems import INVALID, NOT_FOUND, UNAUTHENTICATED, responses
from shared.web import MaybeCaller, Reading

router = APIRouter(prefix="/exports", tags=["in and out"])


@router.get(
    "/{what}.{form}",
    summary="Export what you see",
    response_class=Response,
    responses={200: FILE, **responses(UNAUTHENTICATED, NOT_FOUND, INVALID)},
)
def export(
    *,
    request: Request,
    what: Annotated[What, Path(description="What is exported.")],
    form: Annotated[Format, Path(description="csv, jsonl or xlsx.")],
    caller: MaybeCaller,
    session: Reading,
    group: Annotated[UUID | None, Query(description="Only of the group of this id.")] = None,
    theme: Annotated[
        str | None, Query(max_length=60, description="Only of groups under this theme's slug.")
    ] = None,
    state: Annotated[
        list[str] | None,
        Query(
            max_length=10,
            description="Only those in one of these states. By default members that belong to a "
            "group now, published updates, and everything else in any state.",
        ),
    ] = None,
    since: Annotated[
        Day | None,
        Query(
            description="The first day of the period: in which a group was made, a member joined, "
            "an update was posted (all in UTC), a meeting is or was, or an action item is due."
        ),
    ] = None,
    until: Annotated[Day | None, Query(description="The last day of the period.")] = None,
) -> Response:
    """Return what you see of a kind and that fits all that you ask, as a file.

    In CSV a cell that a spreadsheet would compute begins with an apostrophe; the values of a list
    are separated by semicolons. Drafts are never exported, and of a withdrawn update no text.
    """
    filters = Filters(group, theme, tuple(state or ()), since, until)
    subject = SUBJECTS[what]
    exports.require_sound(subject, filters)
    if group is not None:
        sight.group_to_see(session, caller, group)
    found = Export(request.app.state.database, subject, exports.reader_of(caller), filters)
    return as_file(found, form, what)
