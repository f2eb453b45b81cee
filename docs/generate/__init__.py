"""Writes the pages of ``docs/`` that are made from the code, so that they can't grow stale."""

from collections.abc import Callable
from pathlib import Path

from docs.generate.events import events_page
from docs.generate.settings import settings_page

DOCS = Path(__file__).resolve().parent.parent

PAGES: dict[Path, Callable[[], str]] = {
    DOCS / "events.md": events_page,
    DOCS / "settings.md": settings_page,
}
"""Each generated page with what makes its text."""
