"""Commands on bounces and complaints."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.notifier.commands.database import opened
from services.notifier.settings import settings
from services.notifier.vocabulary import BounceKind
from shared.terminal import FAILED, AsJson, give_up, show, show_json

if TYPE_CHECKING:
    from services.notifier.bounces.collecting import Place

TRY_AGAIN = 75
"""Exit code by which a mail server knows to try again (EX_TEMPFAIL of sysexits)."""

app = typer.Typer()
of_bounces = typer.Typer(help="Bounces and complaints.", no_args_is_help=True)
app.add_typer(of_bounces, name="bounces")


@of_bounces.command("list")
def list_reports(
    as_json: AsJson = False,
    kind: Annotated[BounceKind | None, typer.Option(help="Only those that say this.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 50,
) -> None:
    """List what mail servers reported, the newest first."""
    from sqlmodel import col, select

    from services.notifier.tables import BounceReport

    statement = select(BounceReport).order_by(col(BounceReport.id).desc()).limit(limit)
    if kind is not None:
        statement = statement.where(BounceReport.kind == kind)
    with opened() as database, database.read() as session:
        rows = [
            row.model_dump(exclude={"digest", "fingerprint"}) for row in session.exec(statement)
        ]
    columns = ("received_at", "kind", "code", "outcome", "times", "delivery_id", "id")
    show(f"{len(rows):,} reports", columns, rows, as_json=as_json)


@of_bounces.command("read")
def read_reports(
    folder: Annotated[
        Path | None,
        typer.Option(help="A Maildir or an mbox file, instead of the mailbox of the settings."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read the reports of the mailbox that the settings name, or of a folder.

    What is a report about an e-mail of ours is removed once it is stored; what isn't stays there,
    flagged, for a person. Killed or run twice, it comes to the same.
    """
    import mailbox

    from imapclient.exceptions import IMAPClientError

    from services.notifier.bounces.collecting import collect
    from services.notifier.bounces.taking import Limits

    place = _place(folder)
    try:
        with opened() as database:
            counted = collect(database, place, Limits.of(settings()))
    except IMAPClientError as error:
        give_up(f"The mailbox can't be read; the mail server says: {error}.", FAILED)
    except (OSError, mailbox.Error) as error:
        give_up(f"The reports can't be read: {error}.", FAILED)
    left = counted.pop("left", 0)
    if as_json:
        show_json({"read": dict(counted), "left": left})
        return
    for kind, number in sorted(counted.items()):
        typer.echo(f"{number:,} {kind.replace('_', ' ')}")
    typer.echo(f"{counted.total():,} read, {left:,} of them left for a person to look at.")


@of_bounces.command("take")
def take_report() -> None:
    """Take one report from standard input, as a mail server hands it to a program.

    Exit code 75 asks the mail server to keep it and try again.
    """
    from services.notifier.bounces.reading import READ_BYTES
    from services.notifier.bounces.taking import Limits, take
    from services.notifier.vocabulary import BounceSource
    from shared.columns import utc_now

    content = sys.stdin.buffer.read(READ_BYTES)
    size = len(content)
    # To its end: a mail server whose pipe breaks would take it for a failure.
    while more := sys.stdin.buffer.read(READ_BYTES):
        size += len(more)
    try:
        with opened() as database, database.write() as session:
            take(
                session,
                content,
                source=BounceSource.PIPE,
                limits=Limits.of(settings()),
                now=utc_now(),
                size=size,
            )
    except typer.Exit as told:
        raise typer.Exit(TRY_AGAIN) from told


def _place(folder: Path | None) -> "Place":
    from services.notifier.bounces.collecting import ImapMailbox, folder_of

    if folder is not None:
        try:
            return folder_of(folder)
        except FileNotFoundError:
            give_up(f"{folder} is neither a Maildir nor an mbox file.")
    mailbox = ImapMailbox.of(settings())
    if mailbox is None:
        give_up(
            "No mailbox is named. Set NOTIFIER_BOUNCES_IMAP_HOST, _USERNAME and _PASSWORD, or "
            "name a folder with --folder."
        )
    return mailbox
