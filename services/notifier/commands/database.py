"""The database that the notifier's commands work on."""

from contextlib import AbstractContextManager

from services.notifier.settings import settings
from shared import terminal
from shared.database import Database


def opened() -> AbstractContextManager[Database]:
    """Yield the notifier's database; what goes wrong ends the command in a sentence."""
    return terminal.opened(settings())
