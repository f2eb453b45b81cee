"""What happens in workgroups because a day has come."""

from datetime import datetime

from services.workgroups.updates import publish_due
from shared import calendar
from shared.calendar import Steps
from shared.database import Database

STEPS: Steps = {
    "updates_published": publish_due,
}
"""Every step by its name."""


def keep(database: Database, now: datetime, steps: Steps = STEPS) -> dict[str, int]:
    """Take everything that is due in workgroups at ``now``, as `shared.calendar.keep` does."""
    return calendar.keep(database, now, steps)
