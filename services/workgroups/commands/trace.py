"""The command that traces what came of what was raised."""

from typing import Annotated
from uuid import UUID

import typer

from services.workgroups.commands.database import opened
from shared.terminal import AsJson, give_up, show_json

app = typer.Typer()


@app.command("trace")
def trace_thing(
    kind: Annotated[
        str,
        typer.Argument(help="need, offer, update, meeting, agreed_point or action_item."),
    ],
    thing_id: Annotated[UUID, typer.Argument(metavar="ID", help="Its id.")],
    as_json: AsJson = False,
) -> None:
    """Show what led to a thing and what came of it, from any place, of hidden groups as well."""
    from services.workgroups.routes.trace import shown
    from services.workgroups.trace import walk
    from services.workgroups.trace_nodes import nodes_of
    from services.workgroups.trace_outline import outline
    from services.workgroups.trace_sight import Kind, Ref, Sight
    from shared.columns import utc_now

    named = kind.replace("-", "_")
    if named not in set(Kind):
        give_up(f"What can be traced is {', '.join(Kind)}.")
    seen = Sight.whole()
    with opened() as database, database.read() as session:
        found = walk(session, seen, Ref(Kind(named), thing_id))
        nodes = nodes_of(session, seen, found, utc_now())
    if as_json:
        show_json(shown(found, nodes))
        return
    for line in outline(found, nodes):
        typer.echo(line)
