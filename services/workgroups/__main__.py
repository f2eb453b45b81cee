"""The command line of workgroups: ``python -m services.workgroups``."""

from typing import TYPE_CHECKING

from services.workgroups.projections import REGISTRY_PROJECTION
from services.workgroups.settings import SERVICE, settings
from shared.commands import Commands, Source, build_commands

if TYPE_CHECKING:
    from shared.calendar import Steps


def calendar_steps() -> "Steps":
    """Return what the calendar looks for."""
    from services.workgroups.calendar import STEPS

    return STEPS


app = build_commands(
    Commands(
        service=SERVICE,
        settings=settings,
        sources=[Source(REGISTRY_PROJECTION, lambda: settings().registry_url)],
        calendar=calendar_steps,
    )
)

if __name__ == "__main__":
    app()
