"""The pause of all sending, and what waits meanwhile."""

from datetime import datetime
from typing import Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlmodel import Session

from services.notifier import pausing
from services.notifier.permissions import ChangingCoordinator, Coordinator
from services.notifier.queues import enqueue_sweep
from shared.columns import utc_now
from shared.database import after_commit
from shared.problems import FORBIDDEN, INVALID, UNAUTHENTICATED, responses
from shared.text import Input, Output, Reason
from shared.web import Reading, Writing

router = APIRouter(prefix="/sending", tags=["sending"])


class PauseIn(Input):
    """Why nothing is to be sent."""

    reason: Reason = Field(examples=["A wrong text went out."])


class SendingOut(Output):
    """Whether e-mails leave, and what waits."""

    paused: bool
    reason: str | None = Field(description="Why it is paused.")
    paused_by: UUID | None = Field(description="Who paused it; nobody for an operator.")
    paused_at: datetime | None
    waiting: int = Field(description="E-mails that wait to be sent.")
    parked: int = Field(description="E-mails that can't be written, until put through again.")

    @classmethod
    def of(cls, session: Session) -> Self:
        """Return the state of now."""
        pause = pausing.current(session)
        return cls(
            paused=pause is not None,
            reason=pause.reason if pause else None,
            paused_by=pause.paused_by if pause else None,
            paused_at=pause.paused_at if pause else None,
            waiting=pausing.waiting(session),
            parked=pausing.parked(session),
        )


@router.get(
    "",
    summary="Show whether e-mails leave",
    responses=responses(UNAUTHENTICATED, FORBIDDEN),
)
def show(_caller: Coordinator, session: Reading) -> SendingOut:
    """Return whether sending is paused, why, and how much waits (coordinators)."""
    return SendingOut.of(session)


@router.post(
    "/pause",
    summary="Pause all sending",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
)
def pause(body: PauseIn, caller: ChangingCoordinator, session: Writing) -> SendingOut:
    """Stop every e-mail that is not on the wire yet, and start no digest run (coordinators).

    Nothing is lost: what is due waits, and what happens meanwhile is gathered. While sending is
    paused already, that pause stays as it is.
    """
    pausing.pause(session, body.reason, caller.id, utc_now())
    return SendingOut.of(session)


@router.post(
    "/resume",
    summary="Let sending go on",
    responses=responses(UNAUTHENTICATED, FORBIDDEN),
)
def resume(_caller: ChangingCoordinator, session: Writing) -> SendingOut:
    """Send what waits, and close the windows that should have been closed (coordinators).

    Each reader gets one digest for the time of the pause. Resuming what goes on changes nothing.
    """
    if pausing.resume(session):
        after_commit(session, enqueue_sweep)
    return SendingOut.of(session)
