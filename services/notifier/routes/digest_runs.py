"""Closing digest windows now, and seeing what came of each run."""

from datetime import datetime
from functools import partial
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import AwareDatetime, Field
from sqlmodel import Session, col

from services.notifier import digest_runs
from services.notifier.permissions import ChangingCoordinator, Coordinator
from services.notifier.queues import enqueue_run
from services.notifier.tables import DigestRun
from services.notifier.vocabulary import Frequency, RunState, RunTrigger
from shared.columns import utc_now
from shared.database import after_commit
from shared.idempotency import Answer, Once
from shared.pagination import Page, PageQuery, paginate_newest_first
from shared.problems import (
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_FOUND,
    UNAUTHENTICATED,
    responses,
)
from shared.text import Input, Output
from shared.web import Reading, Writing

router = APIRouter(prefix="/digest-runs", tags=["digest runs"])


class DigestRunIn(Input):
    """Which windows to close."""

    frequency: Literal[Frequency.DAILY, Frequency.WEEKLY, Frequency.MONTHLY]


class DigestRunOut(Output):
    """A digest run and what became of its e-mails."""

    id: UUID
    frequency: Frequency
    trigger: RunTrigger = Field(description="By the calendar, or by a coordinator.")
    state: RunState = Field(description="Collecting items into digests, sending them, done.")
    window_end: datetime = Field(description="Items recorded before this moment are in it.")
    subscribers: int = Field(description="How many subscribers' windows it closed.")
    digests: int = Field(description="How many of them had something to tell.")
    sent: int
    failed: int
    cancelled: int = Field(description="Their readers left before the e-mail did.")
    waiting: int = Field(description="Not sent yet.")
    parked: int = Field(description="Could not be written; wait until they are put through again.")
    in_doubt: int = Field(
        description="Sent again after nobody learned of the mail server's answer, as the same "
        "message: mail programs show it once."
    )
    started_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, session: Session, run: DigestRun) -> Self:
        """Return the run with its tally."""
        tally = digest_runs.tally(session, run.id)
        return cls(
            id=run.id,
            frequency=run.frequency,
            trigger=run.trigger,
            state=run.state,
            window_end=run.window_end,
            subscribers=run.subscribers,
            digests=tally.digests,
            sent=tally.sent,
            failed=tally.failed,
            cancelled=tally.cancelled,
            waiting=tally.waiting,
            parked=tally.parked,
            in_doubt=tally.in_doubt,
            started_at=run.started_at,
            finished_at=run.finished_at,
        )


@router.post(
    "",
    status_code=202,
    summary="Close digest windows now",
    response_model=DigestRunOut,
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID, IDEMPOTENCY_MISMATCH),
)
def start(body: DigestRunIn, caller: ChangingCoordinator, session: Writing, once: Once) -> Response:
    """Close every window of this frequency now and send what waits in it (coordinators).

    What a digest told is not told again, so a second run sends nothing new. While a run of this
    frequency still collects, it is the answer instead of another one.
    """

    def create() -> Answer:
        run = digest_runs.start_by_coordinator(
            session, Frequency(body.frequency), caller.id, utc_now()
        )
        after_commit(session, partial(enqueue_run, run.id))
        return Answer(
            DigestRunOut.of(session, run),
            status=202,
            headers={"Location": f"/digest-runs/{run.id}"},
        )

    return once.answer(session, create)


@router.get(
    "",
    summary="List digest runs",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
)
def list_runs(
    *,
    _caller: Coordinator,
    session: Reading,
    page: PageQuery,
    frequency: Annotated[
        Frequency | None, Query(description="Only runs of this frequency.")
    ] = None,
    state: Annotated[RunState | None, Query(description="Only runs in this state.")] = None,
    started_from: Annotated[
        AwareDatetime | None, Query(description="Only runs that started at this moment or later.")
    ] = None,
    started_before: Annotated[
        AwareDatetime | None, Query(description="Only runs that started before this moment.")
    ] = None,
) -> Page[DigestRunOut]:
    """Return the digest runs, the newest first, with what became of their e-mails (coordinators).

    `GET /deliveries?run=` lists the e-mails of one.
    """
    chosen = digest_runs.selection(
        frequency=frequency,
        state=state,
        started_from=started_from,
        started_before=started_before,
    )
    found = paginate_newest_first(session, chosen, col(DigestRun.id), page)
    return Page(
        items=[DigestRunOut.of(session, run) for run in found.items],
        next_cursor=found.next_cursor,
    )


@router.get(
    "/{run_id}",
    summary="Show a digest run",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID),
)
def show(
    run_id: Annotated[UUID, Path(description="The run's id.")],
    _caller: Coordinator,
    session: Reading,
) -> DigestRunOut:
    """Return one digest run with what became of its e-mails (coordinators)."""
    return DigestRunOut.of(session, digest_runs.get(session, run_id))
