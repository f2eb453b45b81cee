"""How a command answers: a table for people or JSON for programs, and plain words when it can't."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from shared.database import Database
from shared.settings import ServiceSettings

if TYPE_CHECKING:
    from shared.exports import Exported, Format

FAILED = 1
"""Exit code when the surroundings fail, such as the database."""
WRONG = 2
"""Exit code of what can't be done as it was asked for, as of wrong usage."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


@contextmanager
def opened(settings: ServiceSettings) -> Iterator[Database]:
    """Yield the service's database; what goes wrong ends the command in a sentence."""
    from pydantic import ValidationError
    from sqlalchemy.exc import DBAPIError, ProgrammingError

    from shared.problems import Problem

    database = Database(settings.database_url)
    try:
        yield database
    except Problem as problem:
        give_up(problem.detail)
    except ValidationError as error:
        give_up("; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors()))
    except DBAPIError as error:
        if isinstance(error, ProgrammingError) or "no such table" in str(error.orig):
            give_up("The database has another schema. Run the command migrate first.", FAILED)
        variable = f"{settings.model_config.get('env_prefix', '')}DATABASE_URL"
        give_up(
            f"The database doesn't answer. Check {variable} and that it runs "
            f"({type(error.orig).__name__}).",
            FAILED,
        )
    finally:
        database.close()


def give_up(sentence: str, code: int = WRONG) -> NoReturn:
    """End the command with a sentence on what to do."""
    typer.echo(sentence, err=True)
    raise typer.Exit(code)


def show(
    title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], *, as_json: bool
) -> None:
    """Print rows as a table of ``columns``, or every field of them as a JSON array."""
    if as_json:
        show_json(rows)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = Console()
    # What is piped is for a program or a file: it isn't cut at a width that nobody sees.
    console = terminal if terminal.is_terminal else Console(width=200)
    table = Table(title=title, box=box.SIMPLE, title_justify="left")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        # As texts, for a name in brackets would be read as a style.
        table.add_row(*(Text(_cell(row[column])) for column in columns))
    console.print(table)


def show_json(value: Any) -> None:
    """Print a value as JSON."""
    from pydantic_core import to_jsonable_python

    typer.echo(json.dumps(to_jsonable_python(value), ensure_ascii=False, indent=2))


def write_export(exported: "Exported", form: "Format", output: Path | None) -> None:
    """Write an export to the file ``output``, or to standard output without one."""
    from shared.exports import Format, csv_text, json_lines, write_workbook

    if form is Format.XLSX and output is None:
        give_up("Name the workbook to write with --output.")
    text = csv_text if form is Format.CSV else json_lines
    if output is None:
        for part in text(exported):
            sys.stdout.buffer.write(part.encode())
        return
    # Written beside it and put in its place, so that a file is whole or as it was.
    unfinished = output.with_name(f"{output.name}.part")
    try:
        if form is Format.XLSX:
            write_workbook(exported, unfinished)
        else:
            with unfinished.open("wb") as file:
                for part in text(exported):
                    file.write(part.encode())
        unfinished.replace(output)
    except OSError as error:
        give_up(f"The file can't be written: {error.strerror}.", FAILED)
    finally:
        unfinished.unlink(missing_ok=True)
    typer.echo(f"Written to {output}.", err=True)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d %H:%M}"
    return str(value)
