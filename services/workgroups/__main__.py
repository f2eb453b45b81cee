"""The command line of workgroups: ``python -m services.workgroups``."""

from services.workgroups.projections import REGISTRY_PROJECTION
from services.workgroups.settings import SERVICE, settings
from shared.commands import Commands, Source, build_commands

app = build_commands(
    Commands(
        service=SERVICE,
        settings=settings,
        sources=[Source(REGISTRY_PROJECTION, lambda: settings().registry_url)],
    )
)

if __name__ == "__main__":
    app()
