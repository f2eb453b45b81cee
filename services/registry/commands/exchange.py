"""Commands that bring institutions in and take them out."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.registry.commands.database import opened
from shared.exports import Format
from shared.terminal import AsJson, give_up, show, show_json, write_export

if TYPE_CHECKING:
    from uuid import UUID

    from services.registry.tables import Import
    from shared.database import Database

SOME_REFUSED = 3
"""Exit code of an import that is done, but for rows that were refused."""
SHOWN = 50

app = typer.Typer()


@app.command("import")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(help="The file, .csv or .jsonl, in UTF-8.", exists=True, dir_okay=False),
    ],
    by: Annotated[str, typer.Option(help="The address of the coordinator who imports.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what each row would do.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import institutions from a file; importing it again changes nothing.

    GET /imports/columns explains the columns. Exit code 3: done, but some rows were refused.
    """
    from services.registry import imports, people
    from services.registry.permissions import is_coordinator_id
    from shared.row_files import Form

    form = next((form for form in Form if file.suffix.lower() == f".{form}"), None)
    if form is None:
        give_up("Name the file .csv or .jsonl, as it is written.")
    with opened() as database:
        with database.write() as session, file.open("rb") as content:
            person = people.person_with(session, by)
            if person is None or not is_coordinator_id(session, person.id):
                give_up(f"{by} is no coordinator. The command coordinators lists them.")
            import_id = imports.store(
                session,
                content,
                form=form,
                file_name=file.name[-200:],
                dry_run=dry_run,
                by=person.id,
            ).id
        job = _finished(database, import_id)
        _report(database, job, as_json=as_json)
    raise typer.Exit(SOME_REFUSED if job.refused else 0)


@app.command()
def export(
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.CSV,
    output: Annotated[
        Path | None, typer.Option(help="The file to write; standard output without it.")
    ] = None,
    status: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
) -> None:
    """Export every institution to a file, with all that a coordinator may see."""

    from services.registry.exports import everything
    from services.registry.transitions import Status

    if status is not None and status not in set(Status):
        give_up(f"The states are {', '.join(Status)}.")
    with opened() as database:
        every = everything(database, Status(status) if status else None)
        write_export(every, form, output)


def _finished(database: "Database", import_id: "UUID") -> "Import":
    """Do the import's rows, and those of imports before it, with a progress bar."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from services.registry import imports

    job = _read(database, import_id)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("Rows", total=job.row_count)
        for _ in imports.work(database, threading.Event()):
            job = _read(database, import_id)
            progress.update(task, completed=job.done)
            if job.status == "finished":
                break
    return job


def _read(database: "Database", import_id: "UUID") -> "Import":
    from services.registry.tables import Import

    with database.read() as session:
        return session.get_one(Import, import_id)


def _report(database: "Database", job: "Import", *, as_json: bool) -> None:
    from sqlmodel import col, or_, select

    from services.registry.tables import ImportRow

    counts = ("created", "updated", "unchanged", "refused", "warned")
    with database.read() as session:
        lines = session.exec(
            select(ImportRow)
            .where(
                ImportRow.import_id == job.id,
                or_(ImportRow.outcome == "refused", col(ImportRow.warnings).is_not(None)),
            )
            .order_by(col(ImportRow.number))
        ).all()
    told: list[dict[str, Any]] = [
        {
            "line": line.number,
            "outcome": line.outcome,
            "name": line.given.get("name"),
            "errors": line.faults or [],
            "warnings": line.warnings or [],
        }
        for line in lines
        if line.faults or line.warnings
    ]
    if as_json:
        counted = {name: getattr(job, name) for name in ("id", "dry_run", "row_count", *counts)}
        show_json({**counted, "rows": told})
        return
    would = " (a dry run: nothing was changed)" if job.dry_run else ""
    show(f"{job.row_count:,} rows{would}", counts, [job.model_dump()], as_json=False)
    texts = [
        {
            **row,
            "told": "; ".join(
                [
                    *(f"{fault['pointer']} {fault['detail']}" for fault in row["errors"]),
                    *(warning["detail"] for warning in row["warnings"]),
                ]
            ),
        }
        for row in told[:SHOWN]
    ]
    if texts:
        more = f", the first {SHOWN} of {len(told):,}" if len(told) > SHOWN else ""
        columns = ("line", "outcome", "name", "told")
        show(f"Refused, or to be looked at{more}", columns, texts, as_json=False)
