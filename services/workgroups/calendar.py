"""What happens in workgroups because a day has come."""

from datetime import datetime

from sqlmodel import Session

from services.workgroups.action_item_notices import tell_due_soon, tell_overdue
from services.workgroups.attachment_store import AttachmentStore
from services.workgroups.attachment_sweeping import clear_removed, sweep
from services.workgroups.charters import tell_of_reviews
from services.workgroups.quiet_groups import suggest_rest, take_suggestions_back
from services.workgroups.settings import settings
from services.workgroups.update_content import render_anew
from services.workgroups.updates import publish_due
from shared import calendar
from shared.calendar import Steps
from shared.database import Database


def _clear_attachments(session: Session, _now: datetime) -> int:
    return clear_removed(session, AttachmentStore(settings()))


def _sweep_attachments(session: Session, now: datetime) -> int:
    return sweep(session, AttachmentStore(settings()), now)


STEPS: Steps = {
    "reviews_told": tell_of_reviews,
    "suggestions_taken_back": take_suggestions_back,
    "rests_suggested": suggest_rest,
    "updates_published": publish_due,
    "updates_rendered": render_anew,
    "attachments_cleared": _clear_attachments,
    "attachments_swept": _sweep_attachments,
    "action_items_due_soon": tell_due_soon,
    "action_items_overdue": tell_overdue,
}
"""Every step by its name."""


def keep(database: Database, now: datetime, steps: Steps = STEPS) -> dict[str, int]:
    """Take everything that is due in workgroups at ``now``, as `shared.calendar.keep` does."""
    return calendar.keep(database, now, steps)
