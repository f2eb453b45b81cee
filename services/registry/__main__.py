"""The registry's command line: ``python -m services.registry``."""

from typing import TYPE_CHECKING

import typer

import services.registry.tables  # noqa: F401  so that the relay knows its outbox
from services.registry.commands import SUBJECTS
from services.registry.settings import SERVICE, settings
from services.registry.signing_key import make_signing_key
from shared.commands import Commands, build_commands
from shared.database import Database

if TYPE_CHECKING:
    from shared.calendar import Steps


def ensure_signing_key(_database: Database) -> None:
    """Make the signing key unless there is one."""
    make_signing_key(settings().signing_key_file)


def ensure_feed_key(database: Database) -> None:
    """Let the configured feed key read the feed."""
    secret = settings().feed_key
    if secret is None:
        return
    from services.registry import api_keys

    try:
        with database.write() as session:
            api_keys.register_feed_key(session, secret.get_secret_value())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def ensure_search(database: Database) -> None:
    """Let the search know the institutions that an older version stored."""
    from services.registry.search_index import index_missing

    for _done in index_missing(database):
        pass


def calendar_steps() -> "Steps":
    """Return what the calendar looks for."""
    from services.registry.calendar import STEPS

    return STEPS


app = build_commands(
    Commands(
        SERVICE,
        settings,
        after_migrate=(ensure_signing_key, ensure_feed_key, ensure_search),
        calendar=calendar_steps,
    )
)
for subject in SUBJECTS:
    app.add_typer(subject)


@app.command("reindex")
def reindex_institutions() -> None:
    """Build what the search knows of institutions anew; the service may run meanwhile."""
    from services.registry.search_index import reindex

    database = Database(settings().database_url)
    done = 0
    for done in reindex(database):
        typer.echo(f"\r{done:,} institutions …", nl=False, err=True)
    database.close()
    typer.echo(err=True)
    typer.echo(f"{done:,} institutions are indexed anew.")


if __name__ == "__main__":
    app()
