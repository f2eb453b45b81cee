"""What happens in the registry because a day has come."""

from datetime import datetime

from services.registry import (
    contacts,
    forgetting,
    imports,
    matching,
    outgoing_letters,
    unanswered,
    verification_dates,
)
from services.registry.duplicates import make_missing_keys
from shared import calendar
from shared.calendar import Steps
from shared.database import Database

STEPS: Steps = {
    "duplicate_keys": make_missing_keys,
    "verifications_expired": verification_dates.expire,
    "verification_last_notices": verification_dates.tell_last,
    "verification_first_notices": verification_dates.tell_first,
    "contacts": contacts.tell,
    "contacts_taken_back": contacts.take_back,
    "letters": outgoing_letters.send_due,
    "ended_access": forgetting.forget,
    "matches": matching.compute_again,
    "expired_support": unanswered.expire,
    "unanswered_needs": unanswered.tell_of_unanswered,
    "imports": imports.take_batch,
}
"""Every step by its name."""


def keep(database: Database, now: datetime, steps: Steps = STEPS) -> dict[str, int]:
    """Take everything that is due in the registry at ``now``, as `shared.calendar.keep` does."""
    return calendar.keep(database, now, steps)
