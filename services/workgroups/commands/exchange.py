"""Commands that take out what groups are, say, meet about and owe."""

from pathlib import Path
from typing import Annotated

import typer

from services.workgroups.commands.database import opened
from shared.exports import Format
from shared.terminal import give_up, write_export

app = typer.Typer()


@app.command()
def export(
    what: Annotated[
        str,
        typer.Argument(help="groups, members, updates, meetings, agreed-points or action-items."),
    ],
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.CSV,
    output: Annotated[
        Path | None, typer.Option(help="The file to write; standard output without it.")
    ] = None,
    theme: Annotated[str | None, typer.Option(help="Only under the theme of this slug.")] = None,
    state: Annotated[
        list[str] | None, typer.Option(help="Only those in this state; may be given again.")
    ] = None,
) -> None:
    """Export everything of a kind to a file, of hidden groups as well."""
    from services.workgroups.export_subjects import SUBJECTS
    from services.workgroups.exports import EVERYBODYS, Export, Filters, What, require_sound

    if what not in set(What):
        give_up(f"What can be exported is {', '.join(What)}.")
    subject = SUBJECTS[What(what)]
    filters = Filters(theme=theme, states=tuple(state or ()))
    with opened() as database:
        require_sound(subject, filters)
        write_export(Export(database, subject, EVERYBODYS, filters), form, output)
