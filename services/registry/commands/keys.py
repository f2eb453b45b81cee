"""Commands on API keys."""

from typing import Annotated
from uuid import UUID

import typer

from services.registry.commands.database import opened
from services.registry.scopes import Scope
from shared.terminal import AsJson, give_up, show

app = typer.Typer()


@app.command("keys")
def list_keys(
    as_json: AsJson = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Those that were revoked or have expired as well.")
    ] = False,
) -> None:
    """List the API keys, oldest first, without their secrets."""
    from sqlmodel import col, or_, select

    from services.registry.tables import ApiKey, Person
    from shared.columns import utc_now

    statement = (
        select(ApiKey, Person.email)
        .join(Person, col(Person.id) == col(ApiKey.owner_id), isouter=True)
        .order_by(col(ApiKey.id))
    )
    if not everything:
        statement = statement.where(
            col(ApiKey.revoked_at).is_(None),
            or_(col(ApiKey.expires_at).is_(None), col(ApiKey.expires_at) > utc_now()),
        )
    with opened() as database, database.read() as session:
        rows = [
            {
                **key.model_dump(exclude={"key_digest", "owner_id"}),
                "scopes": key.scopes.split(),
                "for": address,
            }
            for key, address in session.exec(statement)
        ]
    columns = ("id", "name", "scopes", "for", "created_at", "expires_at", "revoked_at")
    texts = [{**row, "scopes": " ".join(row["scopes"])} for row in rows]
    show(f"{len(rows)} API keys", columns, rows if as_json else texts, as_json=as_json)


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
    from services.registry import api_keys, people

    with opened() as database, database.write() as session:
        person = people.person_with(session, owner) if owner else None
        if owner and person is None:
            give_up(f"Nobody is registered with the address {owner}.")
        key, secret = api_keys.create(
            session,
            name=name,
            scopes=frozenset(scope),
            owner_id=person.id if person else None,
        )
    typer.echo(f"Key {key.id} ({key.scopes}). Keep this secret: it is not shown again.", err=True)
    typer.echo(secret)


@app.command("revoke-key")
def revoke_key(
    key_id: Annotated[UUID, typer.Argument(help="The key's id, as the command keys lists it.")],
) -> None:
    """Make an API key useless; doing it again changes nothing."""
    from services.registry.tables import ApiKey
    from shared.columns import utc_now

    with opened() as database, database.write() as session:
        key = session.get(ApiKey, key_id)
        if key is None:
            give_up("There is no API key of that id. The command keys lists them.")
        if key.revoked_at is None:
            key.revoked_at = utc_now()
            session.add(key)
    typer.echo(
        f"The key {key.name} gets no token any more; its last one ends within minutes. "
        "The feed key of REGISTRY_FEED_KEY comes back with the next migrate."
        if key.owner_id is None
        else f"The key {key.name} gets no token any more; its last one ends within minutes."
    )
