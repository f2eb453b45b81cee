"""What an operator does on the command line: a module per subject.

A command imports what only it needs, so that a consumer stays small.
"""

from services.notifier.commands import (
    announcements,
    bounces,
    deliveries,
    previews,
    runs,
    sending,
    suppressions,
    webhooks,
)

SUBJECTS = (
    sending.app,
    runs.app,
    deliveries.app,
    announcements.app,
    previews.app,
    bounces.app,
    suppressions.app,
    webhooks.app,
)
"""The commands of each subject, put side by side under ``southlink notifier``."""
