"""Commands on the addresses that get no e-mail."""

from pathlib import Path
from typing import Annotated

import typer

from services.notifier.commands.database import opened
from services.notifier.vocabulary import SuppressionReason
from shared.exports import Format
from shared.terminal import AsJson, give_up, show, show_json, write_export

app = typer.Typer()
of_suppressions = typer.Typer(help="The addresses that get no e-mail.", no_args_is_help=True)
app.add_typer(of_suppressions, name="suppressions")

Address = Annotated[str, typer.Argument(help="The e-mail address.")]


@of_suppressions.command("list")
def list_suppressions(
    as_json: AsJson = False,
    reason: Annotated[SuppressionReason | None, typer.Option(help="Only for this reason.")] = None,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="Show whole addresses.")] = False,
) -> None:
    """List the addresses that get no e-mail, the newest first, masked."""
    from sqlmodel import col, select

    from services.notifier.addresses import masked
    from services.notifier.tables import Suppression

    statement = (
        select(Suppression)
        .where(col(Suppression.lifted_at).is_(None))
        .order_by(col(Suppression.id).desc())
    )
    if reason is not None:
        statement = statement.where(Suppression.reason == reason)
    with opened() as database, database.read() as session:
        found = session.exec(statement).all()
    rows = [
        {
            **row.model_dump(exclude={"fingerprint", "lifted_at", "lifted_by", "lifted_because"}),
            "address": row.address if unmasked or not row.address else masked(row.address),
        }
        for row in found
    ]
    columns = ("address", "reason", "note", "created_at", "report_id", "id")
    show(f"{len(rows):,} addresses get no e-mail", columns, rows, as_json=as_json)


@of_suppressions.command("add")
def add(
    address: Address,
    note: Annotated[str | None, typer.Option(help="Why, for other operators.")] = None,
) -> None:
    """Send no e-mail to an address; what has not left yet is cancelled."""
    from services.notifier import suppressions
    from services.notifier.suppression_files import SuppressionRow
    from shared.columns import utc_now

    with opened() as database, database.write() as session:
        checked = SuppressionRow(address=address, note=note)
        _, is_new = suppressions.suppress(
            session, checked.address, checked.reason, utc_now(), note=checked.note
        )
    typer.echo("It gets no e-mail from now on." if is_new else "It was on the list already.")


@of_suppressions.command("lift")
def lift(
    address: Address,
    because: Annotated[str | None, typer.Option(help="Why, for other operators.")] = None,
) -> None:
    """Let e-mails through to an address again; what bounced before counts no more."""
    from services.notifier import suppressions
    from shared.columns import utc_now

    with opened() as database, database.write() as session:
        found = suppressions.of_address(session, address)
        if found is None:
            give_up("This address is not on the list.")
        suppressions.lift(session, found.id, found.version, utc_now(), because=because)
    typer.echo(f"It gets e-mails again. It was on the list for: {found.reason}.")


@of_suppressions.command("export")
def export(
    form: Annotated[Format, typer.Option("--format", help="csv or jsonl.")] = Format.CSV,
    output: Annotated[
        Path | None, typer.Option(help="The file to write; standard output without it.")
    ] = None,
) -> None:
    """Export the list with whole addresses, as import takes it."""
    from services.notifier.suppression_files import Everything

    if form is Format.XLSX:
        give_up("Choose csv or jsonl, which import takes as well.")
    with opened() as database:
        write_export(Everything(database), form, output)


@of_suppressions.command("import")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(help="The file, .csv or .jsonl, in UTF-8.", exists=True, dir_okay=False),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what it would do.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put every address of a file on the list, all of them or none; again changes nothing."""
    from services.notifier import suppression_files
    from shared.columns import utc_now
    from shared.problems import Problem
    from shared.row_files import Form

    form = next((form for form in Form if file.suffix.lower() == f".{form}"), None)
    if form is None:
        give_up("Name the file .csv or .jsonl, as it is written.")
    with opened() as database, database.write() as session, file.open("rb") as content:
        try:
            found = suppression_files.import_rows(
                session, content, form, utc_now(), by=None, dry_run=dry_run
            )
        except Problem as problem:
            for fault in problem.errors:
                typer.echo(f"{fault.pointer} {fault.detail}", err=True)
            raise
    if as_json:
        show_json({"dry_run": dry_run, "rows": found.rows, "added": found.added})
        return
    would = " (a dry run: nothing was changed)" if dry_run else ""
    typer.echo(f"{found.rows:,} rows: {found.added:,} added, {found.unchanged:,} there{would}.")
