"""Sending: what is due to one endpoint, message after message, from intent to answer."""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Self
from uuid import UUID

import structlog

from services.notifier.settings import Settings
from services.notifier.webhooks import attempts, signing
from services.notifier.webhooks.attempts import Claim
from services.notifier.webhooks.network import Reach
from services.notifier.webhooks.posting import Answer, Poster
from shared.columns import utc_now
from shared.database import Database

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 5.0
"""After how long a task leaves the rest to another one: other endpoints wait for this worker."""


@dataclass(frozen=True)
class Courier:
    """How this installation sends webhooks."""

    reach: Reach
    seconds: float
    """What an endpoint may take for its answer."""
    hold: timedelta
    """How long a worker may take for a message before another one takes it over."""
    give_up_after: timedelta
    """How long an endpoint may fail before it is disabled."""

    @classmethod
    def of(cls, chosen: Settings) -> Self:
        """Return it as the settings say."""
        return cls(
            reach=Reach.of(chosen),
            # Half of the hold is for resolving the name and for writing down the answer.
            seconds=min(chosen.webhook_timeout_seconds, chosen.claim_seconds / 2),
            hold=timedelta(seconds=chosen.claim_seconds),
            give_up_after=timedelta(days=chosen.webhook_failing_days),
        )


def send_due(database: Database, endpoint_id: UUID, courier: Courier) -> bool:
    """Send the endpoint what is due to it, unless another worker does; tell whether more may be."""
    until = time.monotonic() + PATIENCE_SECONDS
    done: tuple[Claim, Answer] | None = None
    with Poster(courier.reach, courier.seconds) as poster:
        while True:
            has_time = time.monotonic() < until
            with database.write() as session:
                # The answer to one and the intent of the next are one transaction.
                if done is not None:
                    attempts.record(session, *done, utc_now(), courier.give_up_after)
                claim = (
                    attempts.take_next(session, endpoint_id, utc_now(), courier.hold)
                    if has_time
                    else None
                )
            if claim is None:
                return not has_time
            done = claim, _post(poster, claim)


def _post(poster: Poster, claim: Claim) -> Answer:
    headers = signing.headers(claim.secrets, claim.message_id, utc_now(), claim.body)
    answer = poster.post(claim.url, headers, claim.body)
    log.info(
        "webhook_sent",
        message_id=str(claim.message_id),
        attempt=claim.attempt,
        status=answer.status,
        error=answer.error,
        milliseconds=answer.duration_ms,
    )
    return answer
