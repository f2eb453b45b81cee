"""The command line of workgroups: ``python -m services.workgroups``."""

from typing import TYPE_CHECKING

import typer

import services.workgroups.search_index  # noqa: F401  so that what is written is found
from services.workgroups.commands import SUBJECTS
from services.workgroups.projections import REGISTRY_PROJECTION
from services.workgroups.settings import SERVICE, settings
from shared.commands import Commands, Source, build_commands
from shared.database import Database

if TYPE_CHECKING:
    from shared.calendar import Steps


def calendar_steps() -> "Steps":
    """Return what the calendar looks for."""
    from services.workgroups.calendar import STEPS

    return STEPS


def ensure_search(database: Database) -> None:
    """Let the search know what an older version stored."""
    from services.workgroups.search_index import index_missing

    for _done in index_missing(database):
        pass


app = build_commands(
    Commands(
        service=SERVICE,
        settings=settings,
        sources=[Source(REGISTRY_PROJECTION, lambda: settings().registry_url)],
        after_migrate=(ensure_search,),
        calendar=calendar_steps,
    )
)


for subject in SUBJECTS:
    app.add_typer(subject)


@app.command("reindex")
def reindex_everything() -> None:
    """Build what the search knows anew; the service may run meanwhile."""
    from services.workgroups.search_index import reindex

    database = Database(settings().database_url)
    done = 0
    for done in reindex(database):
        typer.echo(f"\r{done:,} things …", nl=False, err=True)
    database.close()
    typer.echo(err=True)
    typer.echo(f"{done:,} things are indexed anew.")


if __name__ == "__main__":
    app()
