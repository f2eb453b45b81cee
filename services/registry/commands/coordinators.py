"""Commands on coordinators."""

from typing import Annotated

import typer

from services.registry.commands.database import opened
from services.registry.settings import settings
from shared.terminal import AsJson, show

app = typer.Typer()


@app.command("coordinators")
def list_coordinators(as_json: AsJson = False) -> None:
    """List the coordinators, the first appointed first."""
    from sqlmodel import col, select

    from services.registry.tables import Coordinator, Person

    with opened() as database, database.read() as session:
        found = session.exec(
            select(Person, Coordinator)
            .join(Coordinator, col(Coordinator.person_id) == col(Person.id))
            .order_by(col(Coordinator.appointed_at))
        )
        rows = [
            {
                "name": person.name,
                "email": person.email,
                "appointed_at": role.appointed_at,
                "id": person.id,
            }
            for person, role in found
        ]
    show(
        f"{len(rows)} coordinators",
        ("name", "email", "appointed_at", "id"),
        rows,
        as_json=as_json,
    )


@app.command("create-coordinator")
def create_coordinator(
    email: Annotated[str, typer.Option(help="The address to which sign-in codes are sent.")],
    name: Annotated[str, typer.Option(help="The name that others see.")],
) -> None:
    """Make a person a coordinator; doing it again changes nothing."""
    from services.registry import people

    with opened() as database, database.write() as session:
        person, appointed = people.appoint_coordinator(session, email, name)
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
    from services.registry import people

    with opened() as database, database.write() as session:
        person = people.remove_coordinator(session, email)
    typer.echo(f"{person.name} is no longer a coordinator.")
