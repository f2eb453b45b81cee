"""The database that the commands of workgroups work on."""

from contextlib import AbstractContextManager

from services.workgroups.settings import settings
from shared import terminal
from shared.database import Database


def opened() -> AbstractContextManager[Database]:
    """Yield the database of workgroups; what goes wrong ends the command in a sentence."""
    return terminal.opened(settings())
