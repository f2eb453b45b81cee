"""What happens because a day has come: looked for once a minute by the process ``calendar``.

A step finds what is due in the tables and takes it in one transaction with its events, so it may
run late, twice, or in two processes at once.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog
from sqlmodel import Session

from services.registry import (
    forgetting,
    imports,
    matching,
    outgoing_letters,
    unanswered,
    verification_dates,
)
from services.registry.duplicates import make_missing_keys
from shared.columns import utc_now
from shared.database import Database
from shared.faults import in_words

log = structlog.get_logger(__name__)

LOOK_SECONDS = 60.0

Step = Callable[[Session, datetime], int]
"""Takes some of what is due at a moment; returns how many, 0 when nothing is left."""

STEPS: Mapping[str, Step] = {
    "duplicate_keys": make_missing_keys,
    "verifications_expired": verification_dates.expire,
    "verification_last_notices": verification_dates.tell_last,
    "verification_first_notices": verification_dates.tell_first,
    "letters": outgoing_letters.send_due,
    "ended_access": forgetting.forget,
    "matches": matching.compute_again,
    "expired_support": unanswered.expire,
    "unanswered_needs": unanswered.tell_of_unanswered,
    "imports": imports.take_batch,
}
"""Every step by its name."""


def keep(database: Database, now: datetime, steps: Mapping[str, Step] = STEPS) -> dict[str, int]:
    """Take everything that is due at ``now``; return how many things each step took.

    A step that fails is logged and tried again at the next look; the others go on.
    """
    taken = dict.fromkeys(steps, 0)
    for name, step in steps.items():
        try:
            while number := _once(database, step, now):
                taken[name] += number
        except Exception as error:  # noqa: BLE001
            # Whatever one step met, the days of the others have come as well.
            log.error("calendar_step_failed", step=name, error=in_words(error))
    return taken


def run(database: Database, stop: threading.Event) -> None:
    """Look for what is due until ``stop`` is set."""
    while not stop.is_set():
        taken = {name: number for name, number in keep(database, utc_now()).items() if number}
        if taken:
            log.info("calendar", **taken)
        stop.wait(LOOK_SECONDS)


def _once(database: Database, step: Step, now: datetime) -> int:
    with database.write() as session:
        return step(session, now)
