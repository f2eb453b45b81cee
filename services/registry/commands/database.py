"""The database that the registry's commands work on."""

from contextlib import AbstractContextManager

from services.registry.settings import settings
from shared import terminal
from shared.database import Database


def opened() -> AbstractContextManager[Database]:
    """Yield the registry's database; what goes wrong ends the command in a sentence."""
    return terminal.opened(settings())
