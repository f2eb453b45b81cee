"""What happened to an institution: every step, with who took it and why."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlmodel import col, select

from services.registry.routes.actors import Actor, actors
from services.registry.routes.permitted import (
    TraceableInstitution,
)
from services.registry.tables import HistoryEntry
from services.registry.transitions import Action, Status
from shared.pagination import Page, PageQuery, paginate
from shared.problems import (
    INVALID,
    NOT_FOUND,
    UNAUTHENTICATED,
    responses,
)
from shared.text import Output
from shared.web import Reading

router = APIRouter(prefix="/institutions", tags=["institutions"])


class HistoryOut(Output):
    """One step in the life of a registration."""

    version: int = Field(description="The version that this step made.")
    action: Action
    from_status: Status | None
    to_status: Status
    by: Actor | None = Field(
        description="Null for the registration itself, and for what the calendar does."
    )
    reason: str | None
    evidence: str | None
    duplicate_of: UUID | None
    changes: dict[str, list[Any]] | None = Field(
        description="The value before and after, by field.",
        examples=[{"acronym": ["CIRDP", "CIRDAP"]}],
    )
    at: datetime


@router.get(
    "/{institution_id}/history",
    summary="Read the history of an institution",
    response_model=Page[HistoryOut],
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def read_history(
    institution: TraceableInstitution, session: Reading, page: PageQuery
) -> Page[HistoryOut]:
    """Return every step, oldest first, with who took it and why; to its people and coordinators."""
    found = paginate(
        session,
        select(HistoryEntry).where(HistoryEntry.institution_id == institution.id),
        col(HistoryEntry.version),
        page,
    )
    people = actors(session, [entry.actor_id for entry in found.items])
    return Page(
        items=[
            HistoryOut.model_validate(
                {**entry.model_dump(), "by": people.get(entry.actor_id) if entry.actor_id else None}
            )
            for entry in found.items
        ],
        next_cursor=found.next_cursor,
    )
