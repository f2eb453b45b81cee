"""The versions of a group's charter."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field
from sqlmodel import col, select

from services.workgroups import charters
from services.workgroups.charters import Change
from services.workgroups.people import names_of_people
from services.workgroups.routes.people_out import PersonOut, person_out
from services.workgroups.routes.permitted import VisibleGroup
from services.workgroups.tables import Charter
from shared.pagination import Page, PageQuery, paginate
from shared.problems import INVALID, NOT_FOUND, UNAUTHENTICATED, responses
from shared.text import Output
from shared.web import CurrentCaller, Reading

router = APIRouter(prefix="/groups/{group_id}/charters", tags=["groups"])

Number = Annotated[int, Path(ge=1, le=1_000_000, description="The number of the version, from 1.")]


class CharterOut(Output):
    """A version of a charter."""

    number: int = Field(examples=[2])
    purpose: str
    scope: str | None
    results: str | None
    review_date: date | None
    written_by: PersonOut | None
    reason: str | None = Field(description="Why it was changed, where that was said.")
    at: datetime


class PieceOut(Output):
    """Some text of either version."""

    change: Change
    text: str = Field(examples=["Follow up on South-South cooperation"])


class FieldDifferenceOut(Output):
    """What differs in one field."""

    field: str = Field(examples=["purpose"])
    pieces: list[PieceOut] = Field(
        description="Without what was inserted it is the text before, without what was deleted the "
        "text after."
    )
    html: str = Field(
        description="The same as HTML, escaped, with `del` and `ins`.",
        examples=["Follow up on <del>South-South</del><ins>triangular</ins> cooperation"],
    )


class DifferenceOut(Output):
    """What differs between two versions of a charter, word by word."""

    before: int
    after: int
    fields: list[FieldDifferenceOut] = Field(description="Only those that differ.")


@router.get(
    "",
    summary="List the versions of a charter",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def list_charters(
    group: VisibleGroup, _caller: CurrentCaller, session: Reading, page: PageQuery
) -> Page[CharterOut]:
    """Return every charter that the group had, the first one first."""
    found = paginate(
        session, select(Charter).where(Charter.group_id == group.id), col(Charter.number), page
    )
    names = names_of_people(session, (row.written_by for row in found.items))
    return Page(
        items=[
            CharterOut(
                **row.model_dump(exclude={"group_id", "written_by"}),
                written_by=person_out(row.written_by, names),
            )
            for row in found.items
        ],
        next_cursor=found.next_cursor,
    )


@router.get(
    "/{number}",
    summary="Read a version of a charter",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def read_charter(
    group: VisibleGroup, number: Number, _caller: CurrentCaller, session: Reading
) -> CharterOut:
    """Return the charter as it was in one version."""
    row = charters.read(session, group.id, number)
    return CharterOut(
        **row.model_dump(exclude={"group_id", "written_by"}),
        written_by=person_out(row.written_by, names_of_people(session, [row.written_by])),
    )


@router.get(
    "/{number}/difference",
    summary="Compare two versions of a charter",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def compare_charters(
    group: VisibleGroup,
    number: Number,
    session: Reading,
    since: Annotated[
        int | None,
        Query(
            ge=1, le=1_000_000, description="The version before; by default the one just before."
        ),
    ] = None,
) -> DifferenceOut:
    """Return what this version says otherwise than an earlier or later one, word by word."""
    after = charters.read(session, group.id, number)
    before = charters.read(session, group.id, since if since is not None else max(1, number - 1))
    return DifferenceOut(
        before=before.number,
        after=after.number,
        fields=[
            FieldDifferenceOut(
                field=name,
                pieces=[PieceOut.model_validate(piece) for piece in pieces],
                html=charters.as_html(pieces),
            )
            for name, pieces in charters.difference(before, after).items()
        ],
    )
