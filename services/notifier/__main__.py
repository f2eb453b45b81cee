"""The notifier's command line: ``python -m services.notifier``."""

from services.notifier.commands import SUBJECTS
from services.notifier.links import make_secret
from services.notifier.projections import REGISTRY_PROJECTION, WORKGROUPS_PROJECTION
from services.notifier.settings import SERVICE, settings
from shared.commands import Commands, Source, build_commands

app = build_commands(
    Commands(
        service=SERVICE,
        settings=settings,
        sources=[
            Source(REGISTRY_PROJECTION, lambda: settings().registry_url),
            Source(WORKGROUPS_PROJECTION, lambda: settings().workgroups_url),
        ],
        after_migrate=[make_secret],
    )
)

for subject in SUBJECTS:
    app.add_typer(subject)

if __name__ == "__main__":
    app()
