"""What happens because a day has come.

The process ``calendar`` of a service looks for it once a minute.

A step finds what is due in the tables and takes it in one transaction with its events, so it may
run late, twice, or in two processes at once.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog
from sqlmodel import Session

from shared.columns import utc_now
from shared.database import Database
from shared.faults import in_words

log = structlog.get_logger(__name__)

LOOK_SECONDS = 60.0

Step = Callable[[Session, datetime], int]
"""Takes some of what is due at a moment; returns how many, 0 when nothing is left."""

Steps = Mapping[str, Step]
"""The steps of a service, each by its name."""


def keep(database: Database, now: datetime, steps: Steps) -> dict[str, int]:
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


def run(
    database: Database, steps: Steps, stop: threading.Event, look_seconds: float = LOOK_SECONDS
) -> None:
    """Look for what is due every so many seconds until ``stop`` is set."""
    while not stop.is_set():
        taken = {name: some for name, some in keep(database, utc_now(), steps).items() if some}
        if taken:
            log.info("calendar", **taken)
        stop.wait(look_seconds)


def _once(database: Database, step: Step, now: datetime) -> int:
    with database.write() as session:
        return step(session, now)
