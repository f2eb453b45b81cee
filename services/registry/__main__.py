"""The registry's command line: ``python -m services.registry``."""

from typing import Annotated

import typer

from services.registry import api_keys, people
from services.registry.api_keys import Scope
from services.registry.settings import SERVICE, settings
from services.registry.signing_key import make_signing_key
from shared.commands import Commands, build_commands, stopped_by_signal
from shared.database import Database
from shared.problems import Problem


def ensure_signing_key(_database: Database) -> None:
    """Make the signing key unless there is one."""
    make_signing_key(settings().signing_key_file)


def ensure_feed_key(database: Database) -> None:
    """Let the configured feed key read the feed."""
    secret = settings().feed_key
    if secret is None:
        return
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


app = build_commands(
    Commands(SERVICE, settings, after_migrate=(ensure_signing_key, ensure_feed_key, ensure_search))
)


@app.command("calendar")
def keep_calendar() -> None:
    """Do what is due because its day has come, until asked to stop."""
    from services.registry.calendar import run

    database = Database(settings().database_url)
    run(database, stopped_by_signal())
    database.close()


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


@app.command("create-coordinator")
def create_coordinator(
    email: Annotated[str, typer.Option(help="The address to which sign-in codes are sent.")],
    name: Annotated[str, typer.Option(help="The name that others see.")],
) -> None:
    """Make a person a coordinator; doing it again changes nothing."""
    database = Database(settings().database_url)
    try:
        with database.write() as session:
            person, appointed = people.appoint_coordinator(session, email, name)
    except ValueError as error:
        raise typer.BadParameter(_in_words(error)) from None
    finally:
        database.close()
    typer.echo(
        f"{person.name} is now a coordinator (person {person.id})."
        if appointed
        else f"{person.name} is a coordinator already (person {person.id}); nothing changed."
    )
    typer.echo(
        f'To sign in: POST {settings().public_url}/sign-ins with {{"email": "{person.email}"}}; '
        "a code of six digits comes by e-mail.\n"
        "Confirm it at POST /sign-ins/<id>/confirm with the code and the challenge of the answer. "
        f"All of it can be tried at {settings().public_url}/docs."
    )


@app.command("remove-coordinator")
def remove_coordinator(
    email: Annotated[str, typer.Option(help="The address of the coordinator.")],
) -> None:
    """Take the role of coordinator from a person; it works at their next request."""
    database = Database(settings().database_url)
    try:
        with database.write() as session:
            person = people.remove_coordinator(session, email)
    except Problem as problem:
        raise typer.BadParameter(problem.detail) from None
    finally:
        database.close()
    typer.echo(f"{person.name} is no longer a coordinator.")


@app.command("create-key")
def create_key(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may do; may be given twice.")],
    owner: Annotated[
        str | None,
        typer.Option(
            "--for", help="The address of the person for whom it acts; needed for the scope act."
        ),
    ] = None,
) -> None:
    """Make an API key and print it once."""
    database = Database(settings().database_url)
    try:
        with database.write() as session:
            person = people.person_with(session, owner) if owner else None
            if owner and person is None:
                raise typer.BadParameter(f"Nobody is registered with the address {owner}.")
            key, secret = api_keys.create(
                session,
                name=name,
                scopes=frozenset(scope),
                owner_id=person.id if person else None,
            )
    except Problem as problem:
        raise typer.BadParameter(problem.detail) from None
    finally:
        database.close()
    typer.echo(f"Key {key.id} ({key.scopes}). Keep this secret: it is not shown again.", err=True)
    typer.echo(secret)


def _in_words(error: ValueError) -> str:
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())


if __name__ == "__main__":
    app()
