"""Everything that the caller owes, in one list."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.workgroups.owed import owed_by
from services.workgroups.owed_entries import DO, Owed, Place
from shared.columns import utc_now
from shared.pagination import PageQuery, cursor_after, place_of
from shared.problems import INVALID, UNAUTHENTICATED, responses
from shared.text import Output
from shared.web import CurrentCaller, Reading

router = APIRouter(tags=["identity"])


class OwedOut(Output):
    """One thing that you owe."""

    kind: Owed
    id: UUID
    title: str = Field(description="Of the action item, the meeting or the group.")
    group_id: UUID | None
    institution_id: UUID | None = Field(description="Through which institution you owe it.")
    own: bool = Field(description="Whether you were named for it yourself.")
    by: str = Field(
        description="The due date, when the meeting begins, or since when it waits.",
        examples=["2021-03-31"],
    )
    what_to_do: str = Field(examples=[DO[Owed.OVERDUE]])
    method: str = Field(description="Of the request that does it.", examples=["PATCH"])
    path: str = Field(
        description="The request that does it.",
        examples=["/action-items/018f4e2a-0000-7000-8000-000000000006"],
    )


class OwedList(Output):
    """A page of what you owe."""

    counts: dict[Owed, int] = Field(description="How many of each kind there are in all.")
    items: list[OwedOut]
    next_cursor: str | None


@router.get(
    "/me/owed",
    summary="List everything that you owe",
    responses=responses(UNAUTHENTICATED, INVALID),
)
def my_owed(caller: CurrentCaller, session: Reading, page: PageQuery) -> OwedList:
    """Return what you or your institutions owe: late things, answers, what is due soon, the rest.

    Within each kind what you were named for yourself comes first, then by date. What belongs to a
    closed group is left out, for nothing can be done about it.
    """
    asked = f"owed {caller.id}"
    after: Place | None = None
    if page.cursor is not None:
        rank, own, by, last = place_of(page.cursor, asked, [int, int, str, str])
        after = int(rank), int(own), str(by), str(last)
    found = owed_by(session, caller, utc_now(), after=after, limit=page.limit)
    return OwedList(
        counts=found.counts,
        items=[OwedOut(**vars(entry), what_to_do=DO[entry.kind]) for entry in found.entries],
        next_cursor=cursor_after(found.entries[-1].place, asked) if found.more else None,
    )
